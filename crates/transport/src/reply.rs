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
    /// a gateway's 504): asking for less may work where asking again does not.
    #[must_use]
    pub fn is_too_heavy(&self) -> bool {
        const MARK: &[u8] = b"context deadline exceeded";
        self.status == 504
            || (self.status >= 400 && self.body.windows(MARK.len()).any(|window| window == MARK))
    }
}
