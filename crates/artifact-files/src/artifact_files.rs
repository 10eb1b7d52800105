//! The collection of an artifact version's files.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{Stream, TryStreamExt as _};
use wandb_files::{Context, File, FileDownloads, FilesError, Origin, RunPath, listing};
use wandb_paginator::Paginator;
use wandb_queries::artifact_collection_membership_files::{QUERY, Variables};
use wandb_transfer::{BulkOptions, Root};

use crate::listing::Listing;

/// The files of an artifact version: which of them, and in what pages. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `ArtifactFiles` (`apis/public/artifacts.py`). Paginator and files are those of a run's
/// [`Files`](wandb_files::Files).
///
/// An alias such as `latest` is read when the first page comes: the pages after it are of the same version, whatever is
/// logged meanwhile.
///
/// # Length
/// [`Paginator::len`] is the server's count of the version's files, references included. With [`names`](Self::names) or
/// [`pattern`](Self::pattern), which the SDK counts all the same, it is `None` until every page is loaded.
#[derive(Debug, Clone)]
pub struct ArtifactFiles {
    pub(crate) context: Context,
    /// Of the version as it was asked for.
    pub(crate) path: RunPath,
    pub(crate) names: Vec<String>,
    pub(crate) pattern: Option<String>,
    pub(crate) per_page: u32,
}

impl ArtifactFiles {
    /// The text of the operation that a page is asked with; older servers are sent it without what they lack.
    pub const QUERY: &'static str = QUERY;

    /// Every file of the version that `name` stands for in `project` of `entity` (a user or a team), in pages of 50 as the
    /// SDK's: `model:latest`, `model:v3`; the latest where it says no more than the collection.
    #[must_use]
    pub fn new(context: Context, entity: &str, project: &str, name: &str) -> Self {
        let (collection, version) = name.split_once(':').unwrap_or((name, "latest"));
        Self {
            context,
            path: RunPath::new(entity, project, format!("{collection}:{version}")),
            names: Vec::new(),
            pattern: None,
            per_page: 50,
        }
    }

    /// Only the files with these names; none given means all. A name that stands twice counts once.
    #[must_use]
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let mut once = HashSet::new();
        self.names = names.into_iter().map(Into::into).collect();
        self.names.retain(|name| once.insert(name.clone()));
        self
    }

    /// Only the files whose name matches a `LIKE` pattern: see
    /// [`Like`](wandb_files::Like). Servers do not filter the files of artifacts, so
    /// all are listed, and left out here.
    #[must_use]
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// How many files to ask for at once. The server may give fewer.
    #[must_use]
    pub fn per_page(mut self, per_page: u32) -> Self {
        self.per_page = per_page;
        self
    }

    /// Changes what these files are fetched with: [`Context::with_via`], [`Context::with_transfer`].
    #[must_use]
    pub fn with_context(mut self, change: impl FnOnce(Context) -> Context) -> Self {
        self.context = change(self.context);
        self
    }

    /// The version as it was asked for: entity, project and `NAME:VERSION` or `NAME:ALIAS`.
    #[must_use]
    pub fn path(&self) -> &RunPath {
        &self.path
    }

    /// The lazy iterator over the files. Sends nothing yet. Pages ahead, and a cursor to begin behind, are set on it.
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set.
    pub fn paginate(self) -> Result<Paginator<File>, FilesError> {
        if !self.names.is_empty() && self.pattern.is_some() {
            return Err(FilesError::NamesAndPattern);
        }
        let variables = Variables {
            entity_name: self.path.entity().to_owned(),
            project_name: self.path.project().to_owned(),
            artifact_name: parts(&self.path).0.to_owned(),
            artifact_version_index: String::new(),
            name: String::new(),
            file_names: Some(self.names.clone()).filter(|names| !names.is_empty()),
            file_cursor: None,
            file_limit: None,
        };
        let transport = Arc::new(self.context.server().clone());
        let per_page = self.per_page;
        Ok(Paginator::new(transport, Listing::new(self), variables).per_page(per_page))
    }

    /// The one file of this name, in one request.
    ///
    /// # Errors
    /// [`FilesError::Missing`] where the version has no such file, [`FilesError::Listing`] where the server cannot be asked.
    pub async fn one(&self, name: &str) -> Result<File, FilesError> {
        let run = self.path.clone();
        let mut one = self.clone().names([name]).per_page(1);
        one.pattern = None;
        let mut found = one.paginate()?;
        match found.next().await {
            Ok(Some(file)) if !file.is_missing() => Ok(file.clone()),
            Ok(_) => Err(FilesError::missing(&run, name)),
            Err(source) => Err(FilesError::Listing { run, source }),
        }
    }

    /// The files as a stream, the next page asked for while one is read; names that the version does not have are told at the
    /// end: see [`listing`].
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set. All else comes in the stream.
    pub fn list(self) -> Result<impl Stream<Item = Result<File, FilesError>> + Send + 'static, FilesError> {
        let (path, names) = (self.path.clone(), self.names.clone());
        Ok(listing(self.paginate()?.prefetch(1), path, &names))
    }

    /// Downloads these files below `root` while they are listed, and tells what becomes of each: as
    /// [`Files::download_all`](wandb_files::Files::download_all) does.
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set. All else is told as an event.
    pub fn download_all(self, root: &Root, options: BulkOptions) -> Result<FileDownloads, FilesError> {
        let context = self.context.clone();
        let listing = self.list()?.map_ok(File::named);
        Ok(FileDownloads::of_listing(&context, listing, root, options))
    }

    /// What these files are listed and fetched with.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }
}

impl fmt::Display for ArtifactFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ArtifactFiles {}>", self.path)
    }
}

/// A version never changes: a file of it is the same whenever it is asked for.
#[async_trait]
impl Origin for ArtifactFiles {
    fn path(&self) -> &RunPath {
        &self.path
    }

    fn is_fixed(&self) -> bool {
        true
    }

    async fn one(&self, name: &str) -> Result<File, FilesError> {
        Self::one(self, name).await
    }
}

/// Collection and version of a path's `COLLECTION:VERSION`.
pub(crate) fn parts(path: &RunPath) -> (&str, &str) {
    path.run().split_once(':').unwrap_or((path.run(), "latest"))
}
