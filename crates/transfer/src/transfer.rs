//! The front of the crate.

use std::fmt;
use std::sync::Arc;

use wandb_http::{Anonymous, Credentials, RetryConfig};

/// Fetches bytes: to checked files below a [`Root`](crate::Root), or as a stream.
///
/// Cheap to clone; the clones share connections. Building one sends nothing.
///
/// One transfer is, in this order: the checks of the name and of the target, which need no server; requests until a
/// server agrees to send, over at most ten redirects; the bytes; the check of their length and digest; the rename to
/// the final path. What fails is tried again as [`TransferErrorKind`](crate::TransferErrorKind) says for each kind,
/// within the bounds of the [`RetryConfig`]; its `timeout` bounds the time since bytes last came.
#[derive(Clone)]
pub struct Transfer {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) retry: RetryConfig,
}

impl Transfer {
    /// Sends with `http`, without a credential, and with the default retry policy.
    ///
    /// `http` should come from [`wandb_http::ClientConfig`]: it must not follow redirects by itself, or credentials
    /// would be sent by rules that are not this crate's, and it should have a read timeout, which is what ends a
    /// server's silence.
    #[must_use]
    pub fn new(http: reqwest::Client) -> Self {
        Self {
            inner: Arc::new(Inner {
                http,
                credentials: Arc::new(Anonymous),
                retry: RetryConfig::default(),
            }),
        }
    }

    /// Asks `credentials` before every request, each hop of a redirect included, and sends what it gives only to the
    /// addresses that [`Credential::header_for`](wandb_http::Credential::header_for) allows, and never together with
    /// a signature in the address, which storage refuses.
    #[must_use]
    pub fn with_credentials(self, credentials: Arc<dyn Credentials>) -> Self {
        self.with(|inner| inner.credentials = credentials)
    }

    /// Tries again as `retry` says.
    #[must_use]
    pub fn with_retry(self, retry: RetryConfig) -> Self {
        self.with(|inner| inner.retry = retry)
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("credentials", &self.inner.credentials)
            .field("retry", &self.inner.retry)
            .finish_non_exhaustive()
    }
}
