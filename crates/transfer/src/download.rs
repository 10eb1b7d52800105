//! To a checked file.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wandb_http::Redacted;

use crate::disk::{Found, Target, blocking};
use crate::error::Failure;
use crate::job::Job;
use crate::{Progress, Root, Slots, Source, Transfer, TransferError};

/// What to do where something stands at the final path. A folder is always an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IfExists {
    /// Report it, without a request; and again, without a trace, if it appears while the bytes come.
    #[default]
    Refuse,
    /// Put the new file in its place, in one step, once it is whole. A symbolic link is replaced, not followed.
    Replace,
    /// Leave a file whose length and digest are right, as far as they are known, without a request; replace any other.
    /// The SDK's `exist_ok` leaves whatever is there, a file cut short included.
    Keep,
    /// Leave whatever is there, a link or a file cut short included, without looking at it, as the SDK's `exist_ok`
    /// does.
    Trust,
}

/// A file that is there, whole and checked.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Where: the root's path, and the name below it.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Whether it had to be fetched.
    pub status: Status,
}

/// How a file came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It was fetched.
    Downloaded,
    /// It was there already, and was right or trusted: [`IfExists::Keep`], [`IfExists::Trust`].
    Kept,
}

impl Transfer {
    /// Fetches `source` to the file `name` below `root`.
    ///
    /// `name` is the server's: a relative path whose parts stand between `/`. It may hold empty parts and `.`, which
    /// mean nothing; folders are made as needed. The bytes go to a hidden partial file beside the target
    /// (`.wbf-….part`, see [`is_partial`](crate::is_partial)), which takes the final name only once length and digest are
    /// right. Downloads of one name at the same time do not disturb each other: the last one to finish stands, or, with
    /// [`IfExists::Refuse`], the first.
    ///
    /// A body that breaks off is taken up where it broke off, by a range request, if the digest is known or the server
    /// named the body by a strong entity tag. Large files come in parts at the same time, as
    /// [`with_parts`](Self::with_parts) says. Where the digest is known, a partial file of 1 MiB or more outlives an
    /// error that says nothing against its bytes, the drop of the future, and the end of the process: the next download
    /// of the same object to the same name goes on with it. Any other is removed, at the latest when a download of that
    /// name has come to its end.
    ///
    /// A body with a `Content-Encoding` is kept as it was sent if that is what length and digest belong to; else gzip
    /// is decoded and that is checked. Where neither is known, gzip is decoded, as a browser does.
    ///
    /// # Errors
    /// Of every [`TransferErrorKind`](crate::TransferErrorKind), which says what is tried again before. Afterwards the
    /// final path holds what it held before; folders that were made stay.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use wandb_transfer::{IfExists, Root, Source, Transfer};
    ///
    /// let transfer = Transfer::new(wandb_http::ClientConfig::default().build()?);
    /// let source = Source::new("https://storage.example/weights.pt?signature=abc".parse()?).with_size(1024);
    /// let root = Root::open("run-1")?;
    /// let done = transfer.download(&source, &root, "models/weights.pt", IfExists::Keep, &()).await?;
    /// println!("{} bytes at {}", done.bytes, done.path.display());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn download(
        &self,
        source: &Source,
        root: &Root,
        name: &str,
        if_exists: IfExists,
        progress: &dyn Progress,
    ) -> Result<Downloaded, TransferError> {
        self.download_within(None, source, root, name, if_exists, progress)
            .await
    }

    /// The same, with a place of `slots` for as long as bytes are asked for and come, and not while they go to the disk.
    pub(crate) async fn download_within(
        &self,
        slots: Option<&Slots>,
        source: &Source,
        root: &Root,
        name: &str,
        if_exists: IfExists,
        progress: &dyn Progress,
    ) -> Result<Downloaded, TransferError> {
        let doing = Doing { name, source };
        let unsent = |failure| TransferError::new(&doing, failure, 0, Duration::ZERO);
        let target = Target::new(root, name).map_err(unsent)?;
        let done = |bytes, status| Downloaded {
            path: target.path(),
            bytes,
            status,
        };
        if let Some(bytes) = self.existing(&target, source, if_exists).await.map_err(unsent)? {
            return Ok(done(bytes, Status::Kept));
        }
        let replace = if_exists != IfExists::Refuse;
        let job = Job::new(self, slots, source, target.clone(), replace, &doing, progress);
        let job = job.map_err(unsent)?;
        let bytes = job.run().await?;
        Ok(done(bytes, Status::Downloaded))
    }

    /// The length of the file that is there and may stay.
    async fn existing(
        &self,
        target: &Target,
        source: &Source,
        if_exists: IfExists,
    ) -> Result<Option<u64>, Failure> {
        let look = target.clone();
        let found = self.inner.errands.run(move || match (look.look()?, if_exists) {
            (Found::File { .. } | Found::Other, IfExists::Refuse) => Err(look.exists()),
            (found, _) => Ok(found),
        });
        match (found.await?, if_exists) {
            (Found::File { bytes }, IfExists::Trust) => Ok(Some(bytes)),
            (Found::Other, IfExists::Trust) => Ok(Some(0)),
            (Found::File { bytes }, IfExists::Keep) if source.size().is_none_or(|size| size == bytes) => {
                let right = is_right(target, source).await?;
                Ok(right.then_some(bytes))
            }
            _ => Ok(None),
        }
    }
}

/// What is attempted, in words that are needed only where it fails.
struct Doing<'a> {
    name: &'a str,
    source: &'a Source,
}

impl fmt::Display for Doing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "download {:?} from {}", self.name, Redacted(self.source.url()))
    }
}

/// Whether the file that is there, which has the right length, has the right bytes as well, as far as they are known.
async fn is_right(target: &Target, source: &Source) -> Result<bool, Failure> {
    let (target, source) = (target.clone(), source.clone());
    let dropped = SetOnDrop(Arc::default());
    let stop = Arc::clone(&dropped.0);
    blocking(move || {
        // A file that cannot be read is not known to be right.
        let right = source.md5().is_none()
            || target
                .tally(&stop)
                .is_ok_and(|tally| tally.check(&source).is_ok());
        if right {
            target.sweep();
        }
        Ok(right)
    })
    .await
}

/// Tells the work on the disk that nobody waits for it any more.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
