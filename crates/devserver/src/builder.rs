use crate::front::{Front, Network, Traffic};
use crate::graphql::Schema;
use crate::late::Late;
use crate::objects::Objects;
use crate::signing::{Signer, random_key};
use crate::state::{Behaviour, State, Tokens};
use crate::store::Store;
use crate::{DevServer, Error, Feature, Listener, api, storage};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Sets up a [`DevServer`].
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use wandb_devserver::DevServer;
///
/// let server = DevServer::builder()
///     .api_key("0123456789012345678901234567890123456789")
///     .prefix("/wandb")
///     .page_limit(100)
///     .start()
///     .await?;
/// assert!(server.url().ends_with("/wandb"));
/// # Ok::<_, wandb_devserver::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Builder {
    api_key: Option<String>,
    entity: String,
    host: IpAddr,
    port: u16,
    storage_port: u16,
    prefix: String,
    data_dir: Option<PathBuf>,
    page_limit: u32,
    url_ttl: Duration,
    token_ttl: Duration,
    int64_as_strings: bool,
    times_without_zone: bool,
    list_when_marked: bool,
    relative_upload_urls: bool,
    storage_url: Option<String>,
    azure: bool,
    delete_limit: usize,
    listing_delay: u32,
    without: HashSet<Feature>,
    record: bool,
    network: Network,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            api_key: None,
            entity: "dev".to_owned(),
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            storage_port: 0,
            prefix: String::new(),
            data_dir: None,
            page_limit: 1000,
            url_ttl: Duration::from_secs(3600),
            token_ttl: Duration::from_secs(3600),
            int64_as_strings: false,
            times_without_zone: false,
            list_when_marked: false,
            relative_upload_urls: false,
            storage_url: None,
            azure: false,
            delete_limit: usize::MAX,
            listing_delay: 0,
            without: HashSet::new(),
            record: true,
            network: Network::default(),
        }
    }

    /// The key that clients have to send; a random one of 40 characters if nothing is said. The SDK takes
    /// none that is shorter.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// The user's name and default entity; `dev` if nothing is said.
    pub fn entity(mut self, name: impl Into<String>) -> Self {
        self.entity = name.into();
        self
    }

    /// The address to listen on; 127.0.0.1 if nothing is said.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.host = host;
        self
    }

    /// The port of the API; 0, the default, takes any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The port of the object storage; 0, the default, takes any free one.
    pub fn storage_port(mut self, port: u16) -> Self {
        self.storage_port = port;
        self
    }

    /// A path that stands before every path of the API, such as `/wandb`.
    pub fn prefix(mut self, prefix: impl AsRef<str>) -> Self {
        let trimmed = prefix.as_ref().trim_matches('/');
        self.prefix = if trimmed.is_empty() {
            String::new()
        } else {
            format!("/{trimmed}")
        };
        self
    }

    /// A folder to keep the metadata and the bytes in from one start to the next. If nothing is said, the metadata
    /// is in memory and the bytes are in a temporary folder.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// The most that a page holds, however many are asked for; 1000 if nothing is said.
    pub fn page_limit(mut self, items: u32) -> Self {
        self.page_limit = items.max(1);
        self
    }

    /// How long a signed storage address opens its file, in whole seconds; an hour if nothing is said. With zero
    /// seconds, each has expired as soon as it is given.
    pub fn url_ttl(mut self, time: Duration) -> Self {
        self.url_ttl = time;
        self
    }

    /// How long an access token holds that was given for an identity token; an hour if nothing is said.
    pub fn token_ttl(mut self, time: Duration) -> Self {
        self.token_ttl = time;
        self
    }

    /// Whether `sizeBytes` is sent as a JSON string instead of a number.
    pub fn int64_as_strings(mut self, yes: bool) -> Self {
        self.int64_as_strings = yes;
        self
    }

    /// Whether times are sent as `2024-05-01T12:34:56`, without the `Z`.
    pub fn times_without_zone(mut self, yes: bool) -> Self {
        self.times_without_zone = yes;
        self
    }

    /// Whether an uploaded file is listed only once `markRunFilesUploaded` named it, as on a self-hosted server.
    pub fn list_when_marked(mut self, yes: bool) -> Self {
        self.list_when_marked = yes;
        self
    }

    /// Whether upload addresses are relative to the base URL, as those of a self-hosted server that is its own storage. A
    /// PUT there wants the credential.
    pub fn relative_upload_urls(mut self, yes: bool) -> Self {
        self.relative_upload_urls = yes;
        self
    }

    /// The address that clients get in place of the storage's own: that of a proxy, or of another server that has the files
    /// under the same paths.
    pub fn storage_url(mut self, url: &str) -> Self {
        self.storage_url = Some(url.trim_end_matches('/').to_owned());
        self
    }

    /// Whether the storage is Azure's to an upload: it wants `x-ms-blob-type`, as `uploadHeaders` tells clients, and
    /// says 201.
    pub fn azure(mut self, yes: bool) -> Self {
        self.azure = yes;
        self
    }

    /// The most files that `deleteFiles` takes at once; more are refused with an error, and all of them stay. No limit
    /// if nothing is said.
    pub fn delete_limit(mut self, files: usize) -> Self {
        self.delete_limit = files;
        self
    }

    /// The listing that is the first to show an uploaded file, or what replaced a listed one; 1, which is at once, if
    /// nothing is said. A listing counts for a file whose name it asks for, or when it comes to its last page without
    /// having left the file out. What is late when the server stops is lost.
    pub fn listing_delay(mut self, listings: u32) -> Self {
        self.listing_delay = listings;
        self
    }

    /// Plays an older or restricted server, which does not know this. May be called for several.
    pub fn without(mut self, feature: Feature) -> Self {
        self.without.insert(feature);
        self
    }

    /// How long after it came a request to either listener is answered at the earliest, as on a long way; the server does
    /// its work meanwhile, and the delay of a fault comes on top. Nothing if nothing is said.
    pub fn latency(mut self, time: Duration) -> Self {
        self.network.latency = time;
        self
    }

    /// How many bytes of bodies each connection brings in a second; 0, the default, is no limit.
    pub fn rate(mut self, bytes_per_second: u64) -> Self {
        self.network.rate = NonZeroU64::new(bytes_per_second);
        self
    }

    /// Whether the requests are remembered, which is so unless it is switched off for a server that runs for long. A
    /// server that remembers lets other programs read the record and set faults, under `/_devserver/` of its API.
    pub fn record(mut self, yes: bool) -> Self {
        self.record = yes;
        self
    }

    /// Opens both listeners and serves until the [`DevServer`] is dropped or shut down. Has to be called within a
    /// Tokio runtime, whose tasks then do the work.
    ///
    /// # Errors
    /// When a port is taken, or the data folder cannot be used.
    pub async fn start(self) -> Result<DevServer, Error> {
        let (api_socket, api_address) = listen(self.host, self.port).await?;
        let (storage_socket, storage_address) = listen(self.host, self.storage_port).await?;
        let (folder, temporary) = match self.data_dir {
            Some(folder) => (folder, None),
            None => {
                let temporary = TempDir::with_prefix("wandb-devserver-").map_err(Error::disk(
                    "making a temporary folder in it",
                    std::env::temp_dir(),
                ))?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let objects = Objects::open(folder.join("objects"))?;
        let database = folder.join("metadata.sqlite");
        let store = Store::open(temporary.is_none().then_some(&database)).await?;
        let traffic = Arc::new(Traffic::new(self.record));
        let state = Arc::new(State {
            behaviour: Behaviour {
                api_key: self.api_key.map_or_else(random_key, Ok)?,
                entity: self.entity,
                page_limit: self.page_limit,
                int64_as_strings: self.int64_as_strings,
                times_without_zone: self.times_without_zone,
                list_when_marked: self.list_when_marked,
                token_lifetime: self.token_ttl,
                relative_upload_urls: self.relative_upload_urls,
                azure: self.azure,
                delete_limit: self.delete_limit,
                without: self.without,
            },
            base_url: format!("http://{api_address}{}", self.prefix),
            storage_url: self
                .storage_url
                .unwrap_or_else(|| format!("http://{storage_address}")),
            store,
            objects,
            signer: Signer::new(self.url_ttl)?,
            tokens: Tokens::default(),
            late: Late::new(self.listing_delay),
            traffic: Arc::clone(&traffic),
        });
        let stop = CancellationToken::new();
        let api = Front {
            listener: Listener::Api,
            router: api::router(Arc::clone(&state), Schema::new(Arc::clone(&state))),
            prefix: self.prefix.into(),
            traffic: Arc::clone(&traffic),
            network: self.network,
        };
        let storage = Front {
            listener: Listener::Storage,
            router: storage::router(Arc::clone(&state)),
            prefix: "".into(),
            traffic: Arc::clone(&traffic),
            network: self.network,
        };
        let tasks = [
            tokio::spawn(api.serve(api_socket, stop.clone())),
            tokio::spawn(storage.serve(storage_socket, stop.clone())),
        ];
        Ok(DevServer {
            state,
            traffic,
            stop,
            tasks,
            _temporary: temporary,
        })
    }
}

async fn listen(host: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), Error> {
    let address = SocketAddr::new(host, port);
    let failed = |source| Error::Listen { address, source };
    let socket = TcpListener::bind(address).await.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    Ok((socket, address))
}
