use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Which of the two listeners a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// GraphQL, tokens and `/files`.
    Api,
    /// The object storage that signed addresses lead to.
    Storage,
}

/// One file that `deleteFiles` took out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deletion {
    /// Its id, as the API gives it.
    pub id: String,
    /// Its path within the run.
    pub name: String,
}

/// One request that the server got.
#[derive(Clone, PartialEq)]
pub struct RecordedRequest {
    /// Where it came to.
    pub listener: Listener,
    /// GET, HEAD, POST or PUT.
    pub method: String,
    /// The path as it was sent, with its query.
    pub path: String,
    /// The name of the GraphQL operation, whether it came as `operationName` or stands in the query.
    pub operation: Option<String>,
    /// The variables of the GraphQL operation.
    pub variables: Option<serde_json::Value>,
    /// How many bytes of its body came; for one that is under way, so far.
    pub request_bytes: u64,
    /// All headers in the order in which they came, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// Whether there was an `Authorization` header.
    pub has_authorization: bool,
    /// How many requests to both listeners were under way when it came, itself among them. One is under way until the last
    /// byte of its answer has left.
    pub at_once: usize,
    /// When it came, after the start of the server.
    pub came: Duration,
    /// When it was no longer under way; `None` as long as it is.
    pub ended: Option<Duration>,
    /// The HTTP status of the answer; 0 as long as there is none, and when the connection was closed without one.
    pub status: u16,
}

impl RecordedRequest {
    /// The request as JSON without its headers and the query of its path, which hold credentials and signatures.
    pub(crate) fn outline(&self) -> serde_json::Value {
        let listener = match self.listener {
            Listener::Api => "api",
            Listener::Storage => "storage",
        };
        serde_json::json!({
            "listener": listener,
            "method": self.method,
            "path": self.path.split('?').next(),
            "operation": self.operation,
            "variables": self.variables,
            "request_bytes": self.request_bytes,
            "has_authorization": self.has_authorization,
            "at_once": self.at_once,
            "came": self.came.as_secs_f64(),
            "ended": self.ended.map(|ended| ended.as_secs_f64()),
            "status": self.status,
        })
    }

    /// The value of a header, whose name may be given in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Shows neither the credential nor the signature of a storage address.
impl fmt::Debug for RecordedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self
            .path
            .split_once("Signature=")
            .map_or_else(|| self.path.clone(), |(before, _)| format!("{before}Signature=…"));
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), if name == "authorization" { "…" } else { value }))
            .collect();
        formatter
            .debug_struct("RecordedRequest")
            .field("listener", &self.listener)
            .field("method", &self.method)
            .field("path", &path)
            .field("operation", &self.operation)
            .field("variables", &self.variables)
            .field("request_bytes", &self.request_bytes)
            .field("headers", &headers)
            .field("at_once", &self.at_once)
            .field("status", &self.status)
            .finish()
    }
}
