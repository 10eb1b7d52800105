//! From a reply to the operation's data, or to an error that a person can act on.

use std::fmt::Write as _;
use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

use crate::error::{GraphQlError, TransportError, TransportErrorKind as Kind};
use crate::reply::Reply;

/// The largest body that is looked at for a refusal. Such an answer names what is wrong, and holds no data.
const MAX_REFUSAL: usize = 16 << 10;

/// How much of a body that is no answer is shown.
const SHOWN: usize = 200;

/// The body of an answer. Servers and gateways write failures in several forms: `{"errors": [{"message": …}]}`,
/// `{"errors": ["text"]}`, `{"error": "text"}`, `{"error": {"message": …}}`, `{"message": "text"}`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Envelope<T> {
    #[serde(default = "none")]
    data: Option<T>,
    #[serde(default, deserialize_with = "null_as_default")]
    errors: Vec<Failure>,
    error: Option<Failure>,
    message: Option<String>,
}

fn none<T>() -> Option<T> {
    None
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Failure {
    Error(GraphQlError),
    Text(String),
    Other(serde_json::Value),
}

impl From<Failure> for GraphQlError {
    fn from(failure: Failure) -> Self {
        let message = match failure {
            Failure::Error(error) => return error,
            Failure::Text(text) => text,
            Failure::Other(value) => value.to_string(),
        };
        Self {
            message,
            path: Vec::new(),
        }
    }
}

pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl<T> Envelope<T> {
    fn into_errors(self) -> (Option<T>, Vec<GraphQlError>) {
        let mut errors: Vec<GraphQlError> = self
            .errors
            .into_iter()
            .chain(self.error)
            .map(Into::into)
            .collect();
        if let (true, Some(message)) = (errors.is_empty() && self.data.is_none(), self.message) {
            errors.push(GraphQlError {
                message,
                path: Vec::new(),
            });
        }
        (self.data, errors)
    }
}

impl Reply {
    /// The operation's data.
    ///
    /// # Errors
    /// Where the status or the body tells of a failure, or the body is no answer to the operation.
    pub fn decode<T: DeserializeOwned>(&self, operation: &'static str) -> Result<T, TransportError> {
        let error = match serde_json::from_slice::<Envelope<T>>(&self.body) {
            Ok(envelope) => match envelope.into_errors() {
                (Some(data), errors) if errors.is_empty() && (200..300).contains(&self.status) => {
                    return Ok(data);
                }
                (_, errors) => self.refusal(operation, errors),
            },
            // A partial answer may not fit the operation's types, and its errors say why.
            Err(mismatch) => match serde_json::from_slice::<Envelope<IgnoredAny>>(&self.body) {
                Ok(envelope) => match envelope.into_errors() {
                    (_, errors) if !errors.is_empty() => self.refusal(operation, errors),
                    _ => self.no_answer(
                        operation,
                        &format!("its JSON does not fit the query ({mismatch})"),
                    ),
                },
                Err(_) => self.refusal(operation, Vec::new()),
            }
            .with_source(mismatch),
        };
        Err(error
            .with_attempts(self.attempts)
            .with_too_heavy(self.is_too_heavy()))
    }

    /// The errors of an answer which says that the operation did not run at all: HTTP 200, 400 or 422 with errors that
    /// belong to no field, and without data. So servers refuse what does not fit their schema, among other things; but
    /// what they say of credentials and of queries that were too heavy is none of this.
    ///
    /// Data is never looked through for this: a large body is `None`.
    #[must_use]
    pub fn not_run(&self) -> Option<Vec<GraphQlError>> {
        if !matches!(self.status, 200 | 400 | 422) || !self.may_be_refusal() || self.is_too_heavy() {
            return None;
        }
        let envelope: Envelope<IgnoredAny> = serde_json::from_slice(&self.body).ok()?;
        let (data, errors) = envelope.into_errors();
        let nowhere = !errors.is_empty() && errors.iter().all(|error| error.path.is_empty());
        let other = matches!(meaning(&errors), Meaning::Other);
        (data.is_none() && nowhere && other).then_some(errors)
    }

    /// Whether the body is short enough to be worth a look for what went wrong.
    pub(crate) fn may_be_refusal(&self) -> bool {
        self.body.len() <= MAX_REFUSAL
    }

    /// What went wrong in the body's own words, whatever else is in it.
    pub(crate) fn errors(&self) -> Vec<GraphQlError> {
        serde_json::from_slice::<Envelope<IgnoredAny>>(&self.body)
            .map(|envelope| envelope.into_errors().1)
            .unwrap_or_default()
    }

    fn refusal(&self, operation: &'static str, errors: Vec<GraphQlError>) -> TransportError {
        let said = self.said(&errors);
        let from = &self.from;
        let (kind, message) = match (self.status, meaning(&errors)) {
            (401, _) | (_, Meaning::Authentication) => {
                let help =
                    "check the API key: WANDB_API_KEY, netrc or an identity token, for this very server";
                (
                    Kind::Authentication,
                    format!("{from} does not accept the credential ({said}); {help}"),
                )
            }
            (403, _) | (_, Meaning::Permission) => {
                let help = "ask for access, or use a key that has it";
                (
                    Kind::Permission,
                    format!("{from} does not permit this ({said}); {help}"),
                )
            }
            (429, _) => {
                let retry_after = self.retry_after;
                let wait = retry_after.map_or(String::new(), |wait| {
                    format!("; it asks to wait {}: try again then", seconds(wait))
                });
                (
                    Kind::RateLimited { retry_after },
                    format!("{from} limits the rate of requests ({said}){wait}"),
                )
            }
            (404, _) => {
                let help = "check the base URL, with the path prefix that the server may have";
                (
                    Kind::NotFound,
                    format!("{from} knows no such address ({said}); {help}"),
                )
            }
            _ if errors.is_empty() => return self.no_answer(operation, "it is no GraphQL answer"),
            _ => (
                Kind::GraphQl(errors),
                format!("{from} answered with an error: {said}"),
            ),
        };
        TransportError::new(kind, operation, message)
    }

    fn no_answer(&self, operation: &'static str, why: &str) -> TransportError {
        let first = self.first();
        let (from, status) = (&self.from, self.status);
        let shown = if first.is_empty() {
            "an empty body".to_owned()
        } else {
            format!("{first:?}")
        };
        let help = match &self.location {
            Some(location) => format!("it redirects to {location}: check the base URL and any proxy"),
            None => "check that the base URL is the API's, and what proxies stand between".to_owned(),
        };
        let message = format!("{from} answered HTTP {status} with {shown}: {why}; {help}");
        TransportError::new(Kind::BadAnswer { status, first }, operation, message)
    }

    /// The server's own words, short enough for a line.
    fn said(&self, errors: &[GraphQlError]) -> String {
        let mut said = format!("HTTP {}", self.status);
        let mut separator = ": ";
        for error in errors {
            let _ = write!(said, "{separator}{error}");
            separator = "; ";
        }
        if errors.is_empty() && !self.body.is_empty() {
            let _ = write!(said, ": {:?}", self.first());
        }
        said
    }

    fn first(&self) -> String {
        let head = &self.body[..self.body.len().min(SHOWN)];
        let text = String::from_utf8_lossy(head);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        wandb_http::redact_text(&text).into_owned()
    }
}

enum Meaning {
    Authentication,
    Permission,
    Other,
}

/// Some servers say with HTTP 200 what others say with 401 and 403.
fn meaning(errors: &[GraphQlError]) -> Meaning {
    let says = |words: &[&str]| {
        errors.iter().any(|error| {
            let message = error.message.to_lowercase();
            words.iter().any(|word| message.contains(word))
        })
    };
    if says(&[
        "not logged in",
        "relogin required",
        "unauthenticated",
        "invalid api key",
    ]) {
        Meaning::Authentication
    } else if says(&["permission denied"]) {
        Meaning::Permission
    } else {
        Meaning::Other
    }
}

fn seconds(wait: Duration) -> String {
    format!("{:.0} s", wait.as_secs_f64().ceil())
}
