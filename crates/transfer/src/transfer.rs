//! The front of the crate.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use wandb_http::{Anonymous, ClientConfig, Credentials, Pace, RetryConfig};

use crate::addresses::Unreachable;
use crate::disk::Errands;
use crate::error::Failure;
use crate::lanes::Lanes;
use crate::{Parts, Source, TransferErrorKind};

/// Moves bytes: to checked files below a [`Root`](crate::Root), as a stream, or to an address.
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
    pub(crate) uploads: Uploads,
    /// The silence of a server that is too long, while bytes are sent to it.
    pub(crate) upload_stall: Duration,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) retry: RetryConfig,
    pub(crate) pace: Pace,
    pub(crate) unreachable: Unreachable,
    pub(crate) parts: Parts,
    /// For the connections that files have besides their first one, all files together.
    pub(crate) more_connections: Arc<Semaphore>,
    /// For the small files that are looked for and written.
    pub(crate) errands: Errands,
    /// For the digests of the files that come.
    pub(crate) lanes: Lanes,
    pub(crate) verify: bool,
    pub(crate) fsync: bool,
}

/// What uploads are sent with.
#[derive(Clone)]
pub(crate) enum Uploads {
    /// The client of everything else.
    Like(reqwest::Client),
    /// One of its own, once there is something to upload: making it reads the system's certificates.
    Made(Arc<(ClientConfig, OnceLock<reqwest::Client>)>),
}

impl Uploads {
    pub(crate) fn client(&self) -> Result<reqwest::Client, Failure> {
        match self {
            Self::Like(client) => Ok(client.clone()),
            Self::Made(made) => {
                let (config, client) = &**made;
                if let Some(client) = client.get() {
                    return Ok(client.clone());
                }
                let built = config.build_for_uploads().map_err(|error| {
                    Failure::new(TransferErrorKind::Certificate, error.to_string()).source(error)
                })?;
                Ok(client.get_or_init(|| built).clone())
            }
        }
    }
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
                uploads: Uploads::Like(http.clone()),
                upload_stall: ClientConfig::default().stall_timeout,
                http,
                credentials: Arc::new(Anonymous),
                retry: RetryConfig::default(),
                pace: Pace::default(),
                unreachable: Unreachable::default(),
                parts: Parts::default(),
                more_connections: more_connections(Parts::default()),
                errands: Errands::default(),
                lanes: Lanes::default(),
                verify: true,
                fsync: false,
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

    /// Uploads with a client that [`ClientConfig::build_for_uploads`](wandb_http::ClientConfig::build_for_uploads) makes of
    /// `config`, with the first upload. Without this the client of [`new`](Self::new) is used, and its read timeout, which
    /// runs from the beginning of a request to the answer, bounds the time of a whole upload.
    ///
    /// Its `stall_timeout` is the silence of a server that is too long; see [`upload`](Self::upload).
    #[must_use]
    pub fn with_upload_config(self, config: ClientConfig) -> Self {
        self.with(|inner| {
            inner.upload_stall = config.stall_timeout;
            inner.uploads = Uploads::Made(Arc::new((config, OnceLock::new())));
        })
    }

    /// Tries again as `retry` says.
    #[must_use]
    pub fn with_retry(self, retry: RetryConfig) -> Self {
        self.with(|inner| inner.retry = retry)
    }

    /// Waits together with whoever else holds a clone of `pace`, when a server asks one of them to wait. Without this,
    /// the transfers of this `Transfer` and its clones wait together.
    #[must_use]
    pub fn with_pace(self, pace: Pace) -> Self {
        self.with(|inner| inner.pace = pace)
    }

    /// Fetches large files in parts as `parts` says; [`Parts::default`] without this.
    #[must_use]
    pub fn with_parts(self, parts: Parts) -> Self {
        self.with(|inner| {
            inner.parts = parts;
            inner.more_connections = more_connections(parts);
        })
    }

    /// Whether the bytes that come are held against the source's digest; they are, without this.
    ///
    /// `false` saves the time of hashing, and gives up what only the digest can show: bytes that were changed on the
    /// way, or that belong to another version of the same length, are taken for right. It also gives up to go on with
    /// what an earlier process left, since nothing would prove that it fits. Lengths are checked all the same, and
    /// [`IfExists::Keep`](crate::IfExists::Keep) looks at the digest of a file that is there in either case.
    #[must_use]
    pub fn with_verify(self, verify: bool) -> Self {
        self.with(|inner| inner.verify = verify)
    }

    /// Whether bytes are held against digests.
    #[must_use]
    pub fn verifies(&self) -> bool {
        self.inner.verify
    }

    /// Whether a file and its folder are forced out to the disk before a download counts as done, so that it outlives
    /// a loss of power; they are not, without this, since it costs some milliseconds for each file.
    #[must_use]
    pub fn with_fsync(self, fsync: bool) -> Self {
        self.with(|inner| inner.fsync = fsync)
    }

    /// What `source` says of the bytes that come, as far as it is to be checked.
    pub(crate) fn checked(&self, source: &Source) -> Source {
        let md5 = source.md5().filter(|_| self.inner.verify);
        source.clone().with_md5(md5)
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }
}

fn more_connections(parts: Parts) -> Arc<Semaphore> {
    let more = parts.connections.saturating_sub(1);
    Arc::new(Semaphore::new(more.min(Semaphore::MAX_PERMITS)))
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("credentials", &self.inner.credentials)
            .field("retry", &self.inner.retry)
            .field("parts", &self.inner.parts)
            .field("verify", &self.inner.verify)
            .field("fsync", &self.inner.fsync)
            .finish_non_exhaustive()
    }
}
