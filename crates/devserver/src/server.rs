use crate::front::Traffic;
use crate::objects::Unstored;
use crate::state::{Arrival, State};
use crate::store::{NewFile, now};
use crate::{Builder, Deletion, Error, Fault, Listener, RecordedRequest, mimetype};
use axum::body::Bytes;
use futures::{Stream, StreamExt as _, stream};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

/// A running server. It stops when this is dropped.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use wandb_devserver::DevServer;
///
/// let server = DevServer::start().await?;
/// server.add_file("team", "project", "run-1", "config.yaml", b"lr: 0.1\n").await?;
///
/// // A client under test gets these two, as WANDB_BASE_URL and WANDB_API_KEY.
/// let (_url, _key) = (server.url(), server.api_key());
///
/// assert!(server.requests().is_empty());
/// # Ok::<_, wandb_devserver::Error>(())
/// # }).unwrap();
/// ```
pub struct DevServer {
    pub(crate) state: Arc<State>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: [JoinHandle<()>; 2],
    pub(crate) _temporary: Option<TempDir>,
}

/// What a listing says about a file whose bytes the server does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The path within the run, with forward slashes.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// base64 of the 16 bytes; None is sent as null.
    pub md5: Option<String>,
    /// None is sent as null.
    pub mimetype: Option<String>,
    /// In seconds since 1970; None is sent as null.
    pub updated_at: Option<i64>,
}

impl Listed {
    /// A file of which the rest is null.
    #[must_use]
    pub fn new(name: impl Into<String>, size: u64) -> Self {
        Self {
            name: name.into(),
            size,
            ..Self::default()
        }
    }
}

impl DevServer {
    /// The settings of a server, each with a default.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts a server with all defaults: random ports on 127.0.0.1, a random key, nothing on disk that stays.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// The base URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.state.base_url
    }

    /// Where clients find the object storage, without a trailing slash.
    #[must_use]
    pub fn storage_url(&self) -> &str {
        &self.state.storage_url
    }

    /// The key that clients have to send.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.state.behaviour.api_key
    }

    /// Adds a run, with its entity and project where they are missing. One that is there is left alone.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn add_run(&self, entity: &str, project: &str, run: &str) -> Result<(), Error> {
        self.state.store.ensure_run(entity, project, run).await.map(drop)
    }

    /// Stores a file and lists it; replaces one of that name in its place. Adds the run where it is missing.
    ///
    /// # Errors
    /// When the database or the disk refuses it.
    pub async fn add_file(
        &self,
        entity: &str,
        project: &str,
        run: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let bytes = Bytes::copy_from_slice(bytes);
        let (_, run, _) = self.state.store.ensure_run(entity, project, run).await?;
        self.put(run.id, name, stream::iter([Ok(bytes)]), Path::new(name))
            .await
    }

    /// Stores a copy of a file on disk and lists it, as [`DevServer::add_file`], without holding it in memory.
    ///
    /// # Errors
    /// When the file cannot be read, or the database or the disk refuses it.
    pub async fn add_path(
        &self,
        entity: &str,
        project: &str,
        run: &str,
        name: &str,
        path: &Path,
    ) -> Result<(), Error> {
        let file = tokio::fs::File::open(path)
            .await
            .map_err(Error::disk("copying a file", path))?;
        let bytes = ReaderStream::new(file).map(|chunk| chunk.map_err(axum::Error::new));
        let (_, run, _) = self.state.store.ensure_run(entity, project, run).await?;
        self.put(run.id, name, bytes, path).await
    }

    pub(crate) async fn put(
        &self,
        run_id: i64,
        name: &str,
        bytes: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
        source: &Path,
    ) -> Result<(), Error> {
        let stored = self.state.put(run_id, name, None, None, bytes, Arrival::Given);
        match stored.await {
            Ok(_) => Ok(()),
            Err(Unstored::Disk(error)) => Err(error),
            Err(Unstored::Body | Unstored::Digest) => {
                let broken = std::io::Error::other("the file broke off while it was read");
                Err(Error::disk("copying a file", source)(broken))
            }
        }
    }

    /// Lists files of which only the metadata exists, in bulk; to download one is answered with 404. Adds the run
    /// where it is missing.
    ///
    /// # Errors
    /// When the database refuses it; none is listed then.
    pub async fn add_listing(
        &self,
        entity: &str,
        project: &str,
        run: &str,
        files: impl IntoIterator<Item = Listed>,
    ) -> Result<(), Error> {
        let (_, run, _) = self.state.store.ensure_run(entity, project, run).await?;
        let files = files.into_iter().map(|file| NewFile {
            md5: file.md5,
            mimetype: file.mimetype,
            updated_at: file.updated_at,
            ..NewFile::new(file.name, file.size)
        });
        self.state.store.add_listing(run.id, files).await
    }

    /// Lists a reference: a file whose `url` and `directUrl` are both this address, such as `s3://bucket/key`. Adds
    /// the run where it is missing.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn add_reference(
        &self,
        entity: &str,
        project: &str,
        run: &str,
        name: &str,
        uri: &str,
    ) -> Result<(), Error> {
        let (_, run, _) = self.state.store.ensure_run(entity, project, run).await?;
        let file = NewFile {
            mimetype: Some(mimetype::of(name).to_owned()),
            updated_at: Some(now()),
            reference: Some(uri.to_owned()),
            ..NewFile::new(name, 0)
        };
        let before = self.state.store.put_file(run.id, file, true).await?;
        self.state.forget(before).await
    }

    /// The requests to both listeners, in the order in which they came.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.traffic.requests()
    }

    /// The requests to `/graphql`, in the order in which they came.
    #[must_use]
    pub fn graphql_requests(&self) -> Vec<RecordedRequest> {
        let path = self
            .state
            .base_url
            .splitn(4, '/')
            .nth(3)
            .map_or_else(|| "/graphql".to_owned(), |prefix| format!("/{prefix}/graphql"));
        let mut requests = self.requests();
        requests.retain(|request| request.listener == Listener::Api && request.path == path);
        requests
    }

    /// The files that `deleteFiles` took out, in the order in which they went.
    #[must_use]
    pub fn deletions(&self) -> Vec<Deletion> {
        self.traffic.deletions()
    }

    /// Forgets the requests that came so far, and the deletions.
    pub fn clear_requests(&self) {
        self.traffic.clear_requests();
    }

    /// Puts a fault at the end of the queue.
    pub fn inject(&self, fault: Fault) {
        self.traffic.inject(fault);
    }

    /// Takes out all faults.
    pub fn clear_faults(&self) {
        self.traffic.clear_faults();
    }

    /// Stops listening, lets the requests under way come to an end for up to two seconds, and closes the database.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        for task in &mut self.tasks {
            let _ = task.await;
        }
        self.state.store.close().await;
    }
}

/// Stops at once.
impl Drop for DevServer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Shows no key.
impl fmt::Debug for DevServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DevServer")
            .field("url", &self.url())
            .field("storage_url", &self.storage_url())
            .finish_non_exhaustive()
    }
}
