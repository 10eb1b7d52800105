//! Where files are listed.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use wandb_paginator::Cursor;
use wandb_queries::scalars::DateTime;

use crate::{Context, File, Files, FilesError, RunPath};

/// What has files, and lists them: a run, or a version of an artifact. What a [`File`] needs of it once it is listed.
///
/// ```
/// use wandb_files::{File, FilesError, Origin, RunPath};
///
/// #[derive(Debug)]
/// struct Archive(RunPath);
///
/// #[async_trait::async_trait]
/// impl Origin for Archive {
///     fn path(&self) -> &RunPath {
///         &self.0
///     }
///
///     fn is_fixed(&self) -> bool {
///         true
///     }
///
///     async fn one(&self, name: &str) -> Result<File, FilesError> {
///         Err(FilesError::missing(&self.0, name))
///     }
/// }
/// ```
#[async_trait]
pub trait Origin: fmt::Debug + Send + Sync {
    /// What it is called, in listings and errors.
    fn path(&self) -> &RunPath;

    /// Whether what it has never changes, so that no file of it can be deleted.
    fn is_fixed(&self) -> bool;

    /// The file of this name as it is listed now, with fresh addresses.
    ///
    /// # Errors
    /// Where there is none, or the server cannot be asked.
    async fn one(&self, name: &str) -> Result<File, FilesError>;
}

/// A run, as the origin of its files.
#[derive(Debug)]
pub(crate) struct OfRun {
    pub(crate) context: Context,
    pub(crate) run: Arc<RunPath>,
}

#[async_trait]
impl Origin for OfRun {
    fn path(&self) -> &RunPath {
        &self.run
    }

    fn is_fixed(&self) -> bool {
        false
    }

    async fn one(&self, name: &str) -> Result<File, FilesError> {
        let files = Files::new(self.context.clone(), RunPath::clone(&self.run));
        files.one(name).await
    }
}

/// What a server lists of one file, for [`File::new`]. What it does not say is `None`.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// The server's id of the file, opaque.
    pub id: Option<String>,
    /// The name, with `/` between folders.
    pub name: String,
    /// The address on the W&B server.
    pub url: Option<String>,
    /// The signed address in storage.
    pub direct_url: Option<String>,
    /// The size in bytes.
    pub size: Option<u64>,
    /// The media type.
    pub mimetype: Option<String>,
    /// When it was uploaded last.
    pub updated_at: Option<DateTime>,
    /// The md5 of the content in base64.
    pub md5: Option<String>,
    /// Where it stands in the listing.
    pub cursor: Option<Cursor>,
    /// It was asked for by its name: a server may answer with a placeholder then.
    pub asked_by_name: bool,
    /// It is a reference: its bytes lie elsewhere, and no W&B credential may go there.
    pub is_reference: bool,
}

impl Listed {
    /// Whether this is a placeholder for a name that is not there. Servers without the field `md5` give none for one either,
    /// so there only a listing by name tells.
    pub(crate) fn is_placeholder(&self) -> bool {
        let no_content = match self.md5.as_deref() {
            Some(md5) => md5 == PLACEHOLDER_MD5,
            None => self.asked_by_name && !self.is_reference,
        };
        no_content && self.updated_at.is_none() && self.size.unwrap_or(0) == 0
    }
}

/// The md5 that the server gives for a name that does not exist.
const PLACEHOLDER_MD5: &str = "0";
