//! A server's answer, before anyone judges it.

use std::time::Duration;

use bytes::Bytes;

/// A server's answer of any HTTP status.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Who answered, as it may be printed.
    pub from: String,
    /// `Location` of a redirect, as it may be printed.
    pub location: Option<String>,
    /// The wait that the server asks for before the next try.
    pub retry_after: Option<Duration>,
    /// The whole body.
    pub body: Bytes,
    /// How many tries it took; [`Retry`](crate::Retry) counts.
    pub attempts: u32,
}

impl Reply {
    /// An answer with this status and body, and nothing else: what a [`Transport`](crate::Transport) of one's own needs.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            body: body.into(),
            attempts: 1,
            ..Self::default()
        }
    }

    /// Whether the server gave up because the query was too heavy (seen as HTTP 500 "context deadline exceeded", and as
    /// a gateway's 504; other GraphQL servers say the same in an error with HTTP 200): asking for less may work where
    /// asking again does not.
    #[must_use]
    pub fn is_too_heavy(&self) -> bool {
        const MARK: &str = "context deadline exceeded";
        let marked = || {
            self.body
                .windows(MARK.len())
                .any(|window| window == MARK.as_bytes())
        };
        match self.status {
            504 => true,
            400.. => marked(),
            // Data may hold the words as well: here only an error's own message counts.
            _ => {
                self.may_be_refusal()
                    && marked()
                    && self.errors().iter().any(|error| error.message.contains(MARK))
            }
        }
    }
}
