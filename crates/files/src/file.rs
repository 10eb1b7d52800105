//! One file.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use url::Url;
use wandb_paginator::Cursor;
use wandb_queries::scalars::DateTime;
use wandb_transfer::{Downloaded, IfExists, Md5, Progress, Renewal, Root, Source, TransferError};

use crate::{Context, DeleteEvent, FilesError, Listed, Origin, RunPath, Via, human, path_uri};

/// A file of a run, or of a version of an artifact: what the server says of it, and what can be done with it. Cheap to clone.
///
/// The counterpart of the SDK's `File` (`apis/public/files.py`). What an older server does not know is `None`. `Display`
/// and `Debug` are the SDK's `repr`.
#[derive(Clone)]
pub struct File(Arc<Inner>);

struct Inner {
    listed: Listed,
    origin: Arc<dyn Origin>,
    context: Context,
}

impl File {
    /// A file that `origin` lists: for collections of files besides [`Files`](crate::Files).
    #[must_use]
    pub fn new(context: &Context, origin: &Arc<dyn Origin>, listed: Listed) -> Self {
        Self(Arc::new(Inner {
            listed,
            origin: Arc::clone(origin),
            context: context.clone(),
        }))
    }

    /// The server's id of the file, opaque.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.listed.id.as_deref()
    }

    /// The name, with `/` between folders.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.listed.name
    }

    /// The file with its own name beside it, as [`FileDownloads::of_listing`](crate::FileDownloads::of_listing) takes them.
    #[must_use]
    pub fn named(self) -> (Self, String) {
        let name = self.name().to_owned();
        (self, name)
    }

    /// The run that the file belongs to; for a file of an artifact, its version: `ENTITY/PROJECT/NAME:VERSION`.
    #[must_use]
    pub fn run(&self) -> &RunPath {
        self.0.origin.path()
    }

    /// Whether what has the file never changes, so that the file cannot be deleted: a version of an artifact.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.0.origin.is_fixed()
    }

    /// Whether the server says that the file is a reference: its bytes lie elsewhere, and are only named here. They are
    /// fetched from `http` and `https` addresses, and without the W&B credential.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        self.0.listed.is_reference
    }

    /// The address on the W&B server, which wants the credential and redirects to storage; an address to upload to where
    /// the listing was asked for those.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.listed.url.as_deref()
    }

    /// The signed address in storage. It holds a secret and expires: not for logs.
    #[must_use]
    pub fn direct_url(&self) -> Option<&str> {
        self.0.listed.direct_url.as_deref()
    }

    /// The size in bytes; 0 where the server gives none, as the SDK says it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.listed.size.unwrap_or(0)
    }

    /// The media type.
    #[must_use]
    pub fn mimetype(&self) -> Option<&str> {
        self.0.listed.mimetype.as_deref()
    }

    /// When it was uploaded last.
    #[must_use]
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.0.listed.updated_at.as_ref().map(DateTime::timestamp)
    }

    /// [`updated_at`](Self::updated_at) in the server's own words.
    #[must_use]
    pub fn updated_at_text(&self) -> Option<&str> {
        self.0.listed.updated_at.as_ref().map(DateTime::as_str)
    }

    /// The MD5 digest of the content in base64.
    #[must_use]
    pub fn md5(&self) -> Option<&str> {
        self.0.listed.md5.as_deref()
    }

    /// The cursor of this file in the listing: [`Files::start_after`](crate::Files::start_after) goes on behind it.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.0.listed.cursor.as_ref()
    }

    /// Whether this is only the server's placeholder for a name that the run does not have (client-ng#187).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.0.listed.is_placeholder()
    }

    /// Where the file lies in the bucket: `s3://…` for S3, the address itself for a reference file, else `None`.
    ///
    /// Two differences from the SDK, which cuts the bucket at the first dot and keeps the key percent-encoded: a bucket
    /// with dots and the path style are read, and the key is as S3 has it, so that S3's own tools take it.
    #[must_use]
    pub fn path_uri(&self) -> Option<String> {
        let direct = self.direct_url().filter(|address| !address.is_empty())?;
        if self.url() == Some(direct) {
            Some(direct.to_owned())
        } else {
            path_uri::s3(direct)
        }
    }

    /// Downloads to `root` joined with the name, and returns where it is. Folders are made; the file is there whole and
    /// checked, or not at all.
    ///
    /// # Errors
    /// [`FilesError::Missing`] and [`FilesError::Reference`] without a request; else [`FilesError::Transfer`]: the target
    /// exists and `if_exists` does not allow for it, the name leads outside of `root`, the bytes cannot be had, or they
    /// are not those that the server lists.
    pub async fn download(
        &self,
        root: impl AsRef<Path>,
        if_exists: IfExists,
    ) -> Result<Downloaded, FilesError> {
        let source = self.source()?;
        let root = Root::open(root.as_ref())?;
        Ok(self
            .0
            .context
            .transfer
            .download(&source, &root, self.name(), if_exists, &())
            .await?)
    }

    /// [`download`](Self::download) below a root that is open already, with a listener for progress.
    ///
    /// # Errors
    /// As [`download`](Self::download).
    pub async fn download_to(
        &self,
        root: &Root,
        if_exists: IfExists,
        progress: &dyn Progress,
    ) -> Result<Downloaded, FilesError> {
        let source = self.source()?;
        Ok(self
            .0
            .context
            .transfer
            .download(&source, root, self.name(), if_exists, progress)
            .await?)
    }

    /// The content as it comes. The last item is an error where length or digest are not what the server lists.
    ///
    /// # Errors
    /// As [`download`](Self::download), as far as no disk is concerned.
    pub async fn stream(
        &self,
    ) -> Result<impl Stream<Item = Result<Bytes, TransferError>> + Send + 'static, FilesError> {
        let source = self.source()?;
        Ok(self.0.context.transfer.stream(&source).await?)
    }

    /// Deletes the file on the server. That cannot be undone. For many files, [`delete_all`](crate::delete_all).
    ///
    /// # Errors
    /// [`FilesError::Missing`], [`FilesError::Fixed`] and [`FilesError::NoId`] without a request; [`FilesError::Delete`] and
    /// [`FilesError::NotDeleted`] where the file is still there.
    pub async fn delete(&self) -> Result<(), FilesError> {
        match crate::delete_all([self.clone()]).next().await {
            Some(DeleteEvent::Failed(_, error)) => Err(error),
            _ => Ok(()),
        }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }

    /// Where the bytes are, and what they must be: for a [`Transfer`](wandb_transfer::Transfer) of one's own. Sends nothing.
    ///
    /// The signed address in storage comes first, then the one on the W&B server, as far as [`Via`] allows; where neither
    /// works any more, the server is asked for the file again by its name.
    ///
    /// # Errors
    /// [`FilesError::Missing`], [`FilesError::Reference`], [`FilesError::NoAddress`], [`FilesError::NoDirectAddress`].
    pub fn source(&self) -> Result<Source, FilesError> {
        if self.is_missing() {
            return Err(FilesError::missing(self.run(), self.name()));
        }
        let mut addresses = self.addresses()?.into_iter();
        let no_address = || {
            let (context, name) = (&self.0.context, self.name().to_owned());
            if context.via == Via::Direct && !context.server.known().file_direct_url {
                FilesError::NoDirectAddress { name }
            } else {
                FilesError::NoAddress { name }
            }
        };
        let first = addresses.next().ok_or_else(no_address)?;
        let source = addresses.fold(Source::new(first), Source::or);
        let source = if self.is_reference() {
            source.without_credential()
        } else {
            source.with_renewal(Arc::new(Again(self.clone())))
        };
        Ok(source
            .with_size(self.0.listed.size)
            .with_md5(self.md5().and_then(|md5| Md5::from_base64(md5).ok())))
    }

    /// The addresses that may be used, the best first; an error if there is one, and it is a reference's.
    fn addresses(&self) -> Result<Vec<Url>, FilesError> {
        let chosen = match self.0.context.via {
            Via::Auto => [self.direct_url(), self.url()],
            // A file kept outside of any bucket has one address only, which is then the same in both places.
            Via::Direct => [self.direct_url(), None],
            Via::Api => [None, self.url()],
        };
        let given = chosen
            .into_iter()
            .flatten()
            .filter(|address| !address.is_empty())
            .filter_map(|address| Some((address, self.0.context.absolute(address)?)));
        let (fetchable, others): (Vec<_>, Vec<_>) =
            given.partition(|(_, url)| matches!(url.scheme(), "http" | "https"));
        match others.first() {
            Some((address, _)) if fetchable.is_empty() => Err(FilesError::Reference {
                name: self.name().to_owned(),
                uri: (*address).to_owned(),
            }),
            _ => Ok(fetchable.into_iter().map(|(_, url)| url).collect()),
        }
    }
}

/// Asks the server for a file's addresses again.
#[derive(Debug)]
struct Again(File);

#[async_trait]
impl Renewal for Again {
    async fn renew(&self) -> Result<Vec<Url>, Box<dyn Error + Send + Sync>> {
        let Self(file) = self;
        Ok(file.0.origin.one(file.name()).await?.addresses()?)
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<File {} ({}) {}>",
            self.name(),
            self.mimetype().unwrap_or("None"),
            human::size(self.size())
        )
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
