//! Operations over HTTP, by reqwest.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::BytesMut;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Client, Response};
use url::Url;
use wandb_http::{
    Anonymous, CERTIFICATE_HELP, Credentials, Redacted, innermost, is_untrusted_certificate, redact_text,
    retry_after,
};

use crate::Transport;
use crate::error::{TransportError, TransportErrorKind as Kind};
use crate::operation::Operation;
use crate::reply::Reply;

/// The largest answer that is read. A page of 1,000 files with signed addresses is about 2 MiB.
const MAX_ANSWER: usize = 256 << 20;

/// POSTs operations to `{base}/graphql`. One try each; stack [`Retry`](crate::Retry) on top.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client,
    endpoint: Url,
    credentials: Arc<dyn Credentials>,
}

impl HttpTransport {
    /// For the server at `base`, which may have a path prefix. `client` comes from
    /// [`ClientConfig`](wandb_http::ClientConfig): it must not follow redirects.
    #[must_use]
    pub fn new(client: Client, base: &Url) -> Self {
        let mut endpoint = base.clone();
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        endpoint.set_path(&format!("{}/graphql", base.path().trim_end_matches('/')));
        Self {
            client,
            endpoint,
            credentials: Arc::new(Anonymous),
        }
    }

    /// Sends the credential of `credentials` along.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = credentials;
        self
    }

    async fn read(&self, operation: &Operation, mut response: Response) -> Result<Reply, TransportError> {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let mut reply = Reply {
            status: response.status().as_u16(),
            from: Redacted(&self.endpoint).to_string(),
            location: header(LOCATION.as_str()).map(|location| redact_text(location).into_owned()),
            retry_after: retry_after(header),
            attempts: 1,
            ..Reply::default()
        };
        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failed(operation, error))?
        {
            if body.len() + chunk.len() > MAX_ANSWER {
                let message = format!("{} sends more than {} MiB", reply.from, MAX_ANSWER >> 20);
                let kind = Kind::BadAnswer {
                    status: reply.status,
                    first: String::new(),
                };
                return Err(TransportError::new(kind, operation.name(), message));
            }
            body.extend_from_slice(&chunk);
        }
        reply.body = body.freeze();
        Ok(reply)
    }

    fn failed(&self, operation: &Operation, error: reqwest::Error) -> TransportError {
        let to = Redacted(&self.endpoint);
        let error = error.without_url();
        let reason = innermost(&error);
        let (kind, message) = if is_untrusted_certificate(&error) {
            (
                Kind::Certificate,
                format!("the certificate of {to} is not trusted ({reason}); {CERTIFICATE_HELP}"),
            )
        } else if error.is_timeout() && !error.is_connect() {
            (
                Kind::Timeout,
                format!("{to} stayed silent for too long; is the server or a proxy overloaded?"),
            )
        } else if error.is_connect() {
            let message =
                format!("cannot connect to {to} ({reason}); is the address right, and the server up?");
            (Kind::Network { before_sending: true }, message)
        } else {
            (
                Kind::Network {
                    before_sending: false,
                },
                format!("the connection to {to} broke ({reason})"),
            )
        };
        TransportError::new(kind, operation.name(), message).with_source(error)
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        let mut request = self
            .client
            .post(self.endpoint.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(operation.body().clone());
        let credential = self.credentials.current().await.map_err(|error| {
            TransportError::new(Kind::Authentication, operation.name(), error.to_string()).with_source(error)
        })?;
        if let Some(header) = credential
            .as_ref()
            .and_then(|credential| credential.header_for(&self.endpoint))
        {
            let mut value = HeaderValue::from_str(header).map_err(|error| {
                let message = "the credential holds characters that an HTTP header cannot; copy it again";
                TransportError::new(Kind::Authentication, operation.name(), message).with_source(error)
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.failed(&operation, error))?;
        self.read(&operation, response).await
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("endpoint", &Redacted(&self.endpoint))
            .finish_non_exhaustive()
    }
}
