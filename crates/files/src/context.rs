//! What a listing and its files work with.

use std::fmt;
use std::sync::Arc;

use url::Url;
use wandb_features::Server;
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
    pub(crate) server: Server,
    pub(crate) transfer: Transfer,
    pub(crate) via: Via,
}

impl Context {
    /// `base` is the server's base URL: an address that the server gives without a host is read below it. What is sent
    /// through `transport` has the form that the server takes: see [`Server`].
    pub fn new(base: Url, transport: Arc<dyn Transport>, transfer: Transfer) -> Self {
        Self {
            base: Arc::new(base),
            server: Server::new(transport),
            transfer,
            via: Via::Auto,
        }
    }

    /// The server, and what it can do. Everything that is made of this context shares it.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Which of the two addresses of each file its bytes come from.
    #[must_use]
    pub fn with_via(mut self, via: Via) -> Self {
        self.via = via;
        self
    }

    /// Changes how the bytes of files are moved.
    #[must_use]
    pub fn with_transfer(mut self, change: impl FnOnce(Transfer) -> Transfer) -> Self {
        self.transfer = change(self.transfer);
        self
    }

    /// An address that the server gave. Self-hosted servers leave out the host for files that they keep themselves
    /// (wandb/wandb#453).
    pub(crate) fn absolute(&self, address: &str) -> Option<Url> {
        let base = self.base.as_str().trim_end_matches('/');
        if address.starts_with('/') {
            Url::parse(&format!("{base}{address}")).ok()
        } else {
            Url::parse(address).ok()
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
