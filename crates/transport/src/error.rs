//! What can go wrong between an operation and its answer.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

/// An operation that has no usable answer.
///
/// `Display` says what was being done, what happened and what to do; [`kind`](Self::kind) is for programs. The error that
/// led here is kept as [`source`](Error::source).
#[derive(Debug)]
pub struct TransportError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: TransportErrorKind,
    operation: &'static str,
    message: String,
    attempts: u32,
    too_heavy: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of failure.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No credential, or one that the server does not know (HTTP 401). Not retried.
    Authentication,
    /// The credential may not do this (HTTP 403). Not retried.
    Permission,
    /// There is no such address (HTTP 404): most often a wrong base URL. Not retried.
    NotFound,
    /// Too many requests (HTTP 429). Retried, and reported where the server asks for a longer wait than allowed.
    RateLimited {
        /// The wait that the server asked for last.
        retry_after: Option<Duration>,
    },
    /// The server answered with GraphQL errors. Retried only where it came with HTTP 408 or 5xx, and once where
    /// they say that the query was too heavy.
    GraphQl(Vec<GraphQlError>),
    /// Something that is no GraphQL answer: a proxy's HTML page, broken JSON, a redirect. Retried where it came with
    /// HTTP 408 or 5xx.
    BadAnswer {
        /// The HTTP status.
        status: u16,
        /// The first bytes of the body, printable.
        first: String,
    },
    /// No connection, or one that broke. Retried; a mutation only where the connection could not be made.
    Network {
        /// The request cannot have reached the server.
        before_sending: bool,
    },
    /// The server's certificate is not trusted. Not retried.
    Certificate,
    /// The server stayed silent for too long. Retried for what may be sent twice.
    Timeout,
    /// The request could not be made: a fault of the caller. Not retried.
    Request,
}

/// One error of a GraphQL answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct GraphQlError {
    /// The server's own words.
    pub message: String,
    /// The field that it belongs to, from the operation's root; empty where the whole operation failed.
    #[serde(default, deserialize_with = "crate::envelope::null_as_default")]
    pub path: Vec<PathSegment>,
}

/// One step of a [`GraphQlError`]'s path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PathSegment {
    /// A field.
    Field(String),
    /// A place in a list.
    Index(i64),
}

impl fmt::Display for GraphQlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wandb_http::redact_text(&self.message))?;
        for (place, segment) in self.path.iter().enumerate() {
            f.write_str(if place == 0 { " (at " } else { "." })?;
            match segment {
                PathSegment::Field(name) => f.write_str(name)?,
                PathSegment::Index(index) => write!(f, "{index}")?,
            }
        }
        if self.path.is_empty() {
            Ok(())
        } else {
            f.write_str(")")
        }
    }
}

impl TransportError {
    /// An error of `operation`; `message` says what happened and what to do. For transports of one's own.
    pub fn new(kind: TransportErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation,
            message: message.into(),
            attempts: 1,
            too_heavy: false,
            source: None,
        }))
    }

    /// Keeps the error that led here.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_too_heavy(mut self, too_heavy: bool) -> Self {
        self.0.too_heavy = too_heavy;
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> &TransportErrorKind {
        &self.0.kind
    }

    /// How many times the operation was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The operation's name.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// Whether asking for less may succeed: the server gave up on a query that was too heavy.
    #[must_use]
    pub fn is_too_heavy(&self) -> bool {
        self.0.too_heavy
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            operation,
            message,
            attempts,
            ..
        } = &*self.0;
        if *attempts > 1 {
            write!(f, "{operation} failed after {attempts} tries: {message}")
        } else {
            write!(f, "{operation} failed: {message}")
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
