//! The bytes, in a folder: one file per object, under a name of its own, so that a reader that has an object
//! open keeps reading it whole while it is replaced or deleted.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use md5::{Digest as _, Md5};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

pub(crate) struct Objects {
    folder: PathBuf,
}

/// What was stored.
pub(crate) struct Stored {
    pub(crate) object: String,
    pub(crate) size: u64,
    /// base64, as the API shows it.
    pub(crate) md5: String,
}

/// Why nothing was stored.
pub(crate) enum Unstored {
    /// The sender's body broke off.
    Body,
    /// The bytes are not those that the sender announced.
    Digest,
    Disk(Error),
}

impl From<Error> for Unstored {
    fn from(error: Error) -> Self {
        Self::Disk(error)
    }
}

impl Objects {
    pub(crate) fn open(folder: PathBuf) -> Result<Self, Error> {
        std::fs::create_dir_all(&folder).map_err(Error::disk("making the folder of the objects", &folder))?;
        Ok(Self { folder })
    }

    /// Writes the bytes as they come, and checks them against the base64 md5 that was promised. Nothing stays
    /// behind when the stream ends in an error.
    pub(crate) async fn store(
        &self,
        mut bytes: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
        promised: Option<&str>,
    ) -> Result<Stored, Unstored> {
        let failed = || Error::disk("storing an object", &self.folder);
        let place = NamedTempFile::with_prefix_in("object-", &self.folder).map_err(failed())?;
        let mut file = File::from_std(place.reopen().map_err(failed())?);
        let mut digest = Md5::new();
        let mut size = 0;
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(|_| Unstored::Body)?;
            digest.update(&chunk);
            size += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(failed())?;
        }
        file.flush().await.map_err(failed())?;
        let md5 = STANDARD.encode(digest.finalize());
        if promised.is_some_and(|promised| promised != md5) {
            return Err(Unstored::Digest);
        }
        let (_, path) = place.keep().map_err(|unkept| failed()(unkept.error))?;
        let object = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Stored { object, size, md5 })
    }

    pub(crate) async fn read(&self, object: &str) -> Result<File, Error> {
        let path = self.path(object);
        File::open(&path)
            .await
            .map_err(Error::disk("reading an object", path))
    }

    /// A whole object.
    pub(crate) async fn read_bytes(&self, object: &str) -> Result<Bytes, Error> {
        let path = self.path(object);
        let bytes = tokio::fs::read(&path).await;
        bytes
            .map(Bytes::from)
            .map_err(Error::disk("reading an object", path))
    }

    /// A whole object of which it is known that it is text.
    pub(crate) async fn read_text(&self, object: &str) -> Result<String, Error> {
        let path = self.path(object);
        tokio::fs::read_to_string(&path)
            .await
            .map_err(Error::disk("reading an object", path))
    }

    /// Removes objects that nothing names any more. One that is gone already is no failure.
    pub(crate) async fn remove(&self, objects: impl IntoIterator<Item = String>) {
        for object in objects {
            let _ = tokio::fs::remove_file(self.path(&object)).await;
        }
    }

    fn path(&self, object: &str) -> PathBuf {
        self.folder
            .join(Path::new(object).file_name().unwrap_or_default())
    }
}
