//! Where a mirror puts its files: a folder, a bucket, memory.

mod address;
mod content;
mod error;
mod judge;
mod leftovers;
mod pieces;
mod put;
mod read;
mod upload;

use std::fmt;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

pub use content::{Expected, PutError, Stored, Wrong};
pub use error::{DestinationError, DestinationErrorKind};

/// Where files go: a folder, a bucket, memory. Cheap to clone.
#[derive(Clone)]
pub struct Destination {
    store: Arc<dyn ObjectStore>,
    /// Without a slash at either end.
    prefix: String,
    address: String,
    folder: Option<Folder>,
    /// How many bytes a key may have with the prefix before it.
    longest: usize,
}

#[derive(Clone)]
struct Folder {
    path: PathBuf,
    system: LocalFileSystem,
}

/// What a destination tells of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key, below the destination's prefix.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
    /// The store's word for this version of it, as the store writes it.
    pub etag: Option<String>,
}

impl Destination {
    /// A destination in a store of the caller's own, below `prefix`. The address is what [`address`](Self::address) tells
    /// again; it should hold no credentials.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str, address: impl Into<String>) -> Self {
        Self {
            store,
            prefix: prefix.trim_matches('/').to_owned(),
            address: address.into(),
            folder: None,
            longest: usize::MAX,
        }
    }

    /// The same, but a file is told to be stored only once the disk has it (`fsync`), which a crash of the machine does
    /// not undo and which costs time for each file. It is for folders: a bucket says nothing earlier.
    #[must_use]
    pub fn with_fsync(mut self, on: bool) -> Self {
        if let Some(folder) = &self.folder {
            self.store = Arc::new(folder.system.clone().with_fsync(on));
        }
        self
    }

    /// What identifies the destination: its address, without credentials, and the same for all ways to write it. That of
    /// a folder is its absolute path.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The folder, where it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&FilePath> {
        self.folder.as_ref().map(|folder| folder.path.as_path())
    }

    /// What is stored under a key, if anything is.
    ///
    /// # Errors
    /// Where the destination does not say.
    pub async fn head(&self, key: &str) -> Result<Option<Object>, DestinationError> {
        let path = self.path(key)?;
        match self.store.head(&path).await {
            Ok(meta) => Ok(self.object(meta)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.failed("look at", key, error)),
        }
    }

    /// Deletes what is stored under a key, and the folders that this leaves empty. That there is nothing is no error.
    ///
    /// # Errors
    /// Where the destination does not delete it.
    pub async fn delete(&self, key: &str) -> Result<(), DestinationError> {
        let path = self.path(key)?;
        match self.store.delete(&path).await {
            Ok(()) => Ok(()),
            Err(error) if is_absent(&error) || self.is_folder_at(key) => Ok(()),
            Err(error) => Err(self.failed("delete", key, error)),
        }
    }

    /// All that is stored below a key, which names a folder; with `""`, all of it. What is under way is not listed; what
    /// others have put there is.
    #[must_use]
    pub fn list(&self, below: &str) -> BoxStream<'_, Result<Object, DestinationError>> {
        let below = below.trim_matches('/');
        let prefix = match below {
            "" => self.prefix.clone(),
            _ => self.full(below),
        };
        let path = match Path::parse(&prefix) {
            Ok(path) => path,
            Err(error) => {
                let error = self.failed("list", below, error.into());
                return futures::stream::once(async { Err(error) }).boxed();
            }
        };
        let below = below.to_owned();
        self.store
            .list(Some(&path))
            .map_err(move |error| self.failed("list", &below, error))
            .try_filter_map(move |meta| async move { Ok(self.object(meta)) })
            .boxed()
    }

    /// Whether there is a folder where the file of a key would be: what is in it has other keys.
    fn is_folder_at(&self, key: &str) -> bool {
        self.folder().is_some_and(|folder| folder.join(key).is_dir())
    }

    /// The store's path of a key, which has to come back as it is.
    fn path(&self, key: &str) -> Result<Path, DestinationError> {
        let refused = |reason: String| {
            DestinationError::new(
                DestinationErrorKind::Name,
                self.doing("find a place for", key),
                reason,
            )
        };
        let full = self.full(key);
        if full.len() > self.longest {
            return Err(refused(format!(
                "with its prefix it has {} bytes, and stores take {}",
                full.len(),
                self.longest
            )));
        }
        let path = Path::parse(&full).map_err(|error| refused(error.to_string()))?;
        if key.is_empty() || path.as_ref() != full {
            return Err(refused("it begins or ends with a slash, or is empty".into()));
        }
        Ok(path)
    }

    fn full(&self, key: &str) -> String {
        match self.prefix.as_str() {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        }
    }

    fn object(&self, meta: ObjectMeta) -> Option<Object> {
        let path = meta.location.as_ref();
        let key = match self.prefix.as_str() {
            "" => path,
            prefix => path.strip_prefix(prefix)?.strip_prefix('/')?,
        };
        Some(Object {
            key: key.to_owned(),
            size: meta.size,
            etag: meta.e_tag,
        })
    }

    fn doing(&self, verb: &str, key: &str) -> String {
        format!("{verb} {key:?} in {}", self.address)
    }

    fn failed(&self, verb: &str, key: &str, error: object_store::Error) -> DestinationError {
        DestinationError::of_store(self.doing(verb, key), error)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Whether there is nothing. In a folder, there is nothing below a file either.
fn is_absent(error: &object_store::Error) -> bool {
    if matches!(error, object_store::Error::NotFound { .. }) {
        return true;
    }
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::NotADirectory)
        {
            return true;
        }
        next = error.source();
    }
    false
}
