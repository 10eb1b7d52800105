//! What a listing and its files work with.

use std::fmt;
use std::sync::Arc;

use url::Url;
use wandb_transfer::Transfer;
use wandb_transport::Transport;

/// The server that a listing asks, and the way in which its files are moved. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub(crate) base: Arc<Url>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) transfer: Transfer,
}

impl Context {
    /// `base` is the server's base URL: an address that the server gives without a host is read below it.
    pub fn new(base: Url, transport: Arc<dyn Transport>, transfer: Transfer) -> Self {
        Self {
            base: Arc::new(base),
            transport,
            transfer,
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}
