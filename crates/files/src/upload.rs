//! One file to upload, and what is known of it afterwards.

use std::fmt;
use std::sync::Arc;

use wandb_transfer::{Content, Md5};

use crate::{File, LocalFile};

/// A file to upload: its name in the run, and its bytes. Cheap to clone.
///
/// ```
/// use wandb_files::Upload;
/// use wandb_transfer::Content;
///
/// let upload = Upload::new("results/best.json", Content::bytes(&b"{}"[..]));
/// assert_eq!(upload.name(), "results/best.json");
/// ```
#[derive(Clone)]
pub struct Upload(Arc<Inner>);

struct Inner {
    name: String,
    content: Content,
    bytes: Option<u64>,
}

impl Upload {
    /// `content` under this name, with `/` between folders.
    pub fn new(name: impl Into<String>, content: Content) -> Self {
        Self::sized(name.into(), content, None)
    }

    /// The same, of so many bytes as far as is known: for bars, not for the upload itself.
    pub(crate) fn sized(name: String, content: Content, bytes: Option<u64>) -> Self {
        Self(Arc::new(Inner { name, content, bytes }))
    }

    /// The name in the run.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The bytes.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.0.content
    }

    /// How many bytes there are to come, where that was known beforehand.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.0.bytes
    }
}

impl From<LocalFile> for Upload {
    fn from(file: LocalFile) -> Self {
        Self::sized(file.name, Content::file(file.path), Some(file.bytes))
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("name", &self.0.name)
            .field("bytes", &self.0.bytes)
            .finish_non_exhaustive()
    }
}

/// A file that was uploaded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stored {
    /// How many bytes were sent.
    pub bytes: u64,
    /// Their digest.
    pub md5: Md5,
    /// The file as the server lists it now; `None` where the check was left out.
    pub file: Option<File>,
}
