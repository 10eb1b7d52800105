//! What a listing and its files work with.

use std::fmt;
use std::sync::Arc;

use url::Url;
use wandb_transfer::Transfer;
use wandb_transport::Transport;

/// Which of a file's two addresses its bytes come from.
///
/// ```
/// # fn example(files: wandb_files::Files) -> wandb_files::Files {
/// use wandb_files::Via;
/// files.via(Via::Api)     // for a network that reaches the W&B server, but not its storage
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Via {
    /// From storage, by the signed address of the listing: one request a file. Where that has expired or storage cannot
    /// be reached, from the W&B server, and in the end by fresh addresses of both.
    #[default]
    Auto,
    /// Only from storage. Expired addresses are asked for again.
    Direct,
    /// Only by the W&B server, which sends on to storage: two requests a file.
    Api,
}

/// The server that a listing asks, and the way in which its files are moved. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub(crate) base: Arc<Url>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) transfer: Transfer,
    pub(crate) via: Via,
}

impl Context {
    /// `base` is the server's base URL: an address that the server gives without a host is read below it.
    pub fn new(base: Url, transport: Arc<dyn Transport>, transfer: Transfer) -> Self {
        Self {
            base: Arc::new(base),
            transport,
            transfer,
            via: Via::Auto,
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
