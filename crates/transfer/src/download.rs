//! To a checked file.

use std::io::{self, BufReader, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use cap_std::fs::File;
use tokio::sync::mpsc;
use wandb_http::Redacted;

use crate::attempt::fetchable;
use crate::content::{DecodeError, Encoding, Tally, gunzip, too_long, wrong_length};
use crate::disk::{Found, Partial, Target, blocking};
use crate::error::Failure;
use crate::tries::Tries;
use crate::{Progress, Root, Source, Transfer, TransferError};

/// Pieces that may wait for the disk: enough to keep both sides busy, little enough for many transfers at once.
const WAITING_PIECES: usize = 4;

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
    /// It was there already, and was right: [`IfExists::Keep`].
    Kept,
}

impl Transfer {
    /// Fetches `source` to the file `name` below `root`.
    ///
    /// `name` is the server's: a relative path whose parts stand between `/`. It may hold empty parts and `.`, which
    /// mean nothing; folders are made as needed. The bytes go to a hidden temporary file beside the target
    /// (`.wbf-….part`), which takes the final name only once length and digest are right, and which is removed on
    /// every error and when the future is dropped. Downloads of one name at the same time do not disturb each other:
    /// the last one to finish stands, or, with [`IfExists::Refuse`], the first.
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
        let doing = format!("download {name:?} from {}", Redacted(source.url()));
        let unsent = |failure| TransferError::new(&doing, failure, 0, Duration::ZERO);
        let target = Target::new(root, name).map_err(unsent)?;
        let done = |bytes, status| Downloaded {
            path: target.path(),
            bytes,
            status,
        };
        if let Some(bytes) = existing(&target, source, if_exists).await.map_err(unsent)? {
            return Ok(done(bytes, Status::Kept));
        }
        fetchable(source.url()).map_err(unsent)?;
        let mut tries = Tries::new(self.inner.retry);
        let mut report = Report::new(progress);
        loop {
            match self.fetch(source, &target, if_exists, &mut report).await {
                Ok(bytes) => return Ok(done(bytes, Status::Downloaded)),
                Err(failure) => {
                    if report.advanced {
                        tries.progressed();
                    }
                    tries.again(&doing, failure).await?;
                    report.restart();
                }
            }
        }
    }

    /// One try, from the request to the final name; gives the length.
    async fn fetch(
        &self,
        source: &Source,
        target: &Target,
        if_exists: IfExists,
        report: &mut Report<'_>,
    ) -> Result<u64, Failure> {
        let mut body = self.open(source, None).await?;
        let limit = source.size().filter(|_| body.encoding == Encoding::Identity);
        if let (Some(size), Some(length)) = (limit, body.length)
            && size != length
        {
            return Err(wrong_length(source, length, size));
        }
        report.start(source.size().or(body.length));

        let begun = target.clone();
        // Held here, so that dropping this future removes the file at once.
        let (partial, file) = blocking(move || begun.begin()).await?;
        let (pieces, queue) = mpsc::channel(WAITING_PIECES);
        let written = target.clone();
        let writer = blocking(move || write(file, queue).map_err(|error| written.failure(error)));
        while let Some(piece) = body.chunk().await? {
            report.advance(piece.len() as u64);
            if let Some(size) = limit.filter(|size| body.received() > *size) {
                return Err(too_long(size));
            }
            // A writer that listens no more has failed, and says below how.
            if pieces.send(piece).await.is_err() {
                break;
            }
        }
        drop(pieces);
        let (file, tally) = writer.await?;

        let (source, target, encoding) = (source.clone(), target.clone(), body.encoding.clone());
        blocking(move || {
            let (partial, tally) = settle(&source, &target, &encoding, partial, file, tally)?;
            target.finish(partial, if_exists != IfExists::Refuse)?;
            Ok(tally.bytes())
        })
        .await
    }
}

/// The length of the file that is there and may stay.
async fn existing(target: &Target, source: &Source, if_exists: IfExists) -> Result<Option<u64>, Failure> {
    let (target, source) = (target.clone(), source.clone());
    blocking(move || match (target.look()?, if_exists) {
        (Found::Nothing, _) | (_, IfExists::Replace) | (Found::Other, IfExists::Keep) => Ok(None),
        (_, IfExists::Refuse) => Err(target.exists()),
        (Found::File { bytes }, IfExists::Keep) => {
            let right_length = source.size().is_none_or(|size| size == bytes);
            // A file that cannot be read is not known to be right.
            let right = right_length
                && (source.md5().is_none() || target.tally().is_ok_and(|tally| tally.check(&source).is_ok()));
            Ok(right.then_some(bytes))
        }
    })
    .await
}

/// Writes the pieces as they come.
fn write(mut file: File, mut pieces: mpsc::Receiver<Bytes>) -> io::Result<(File, Tally)> {
    let mut tally = Tally::default();
    while let Some(piece) = pieces.blocking_recv() {
        file.write_all(&piece)?;
        tally.add(&piece);
    }
    Ok((file, tally))
}

/// Decides whether what was written is the file, or is the file encoded, which is then decoded beside it.
fn settle(
    source: &Source,
    target: &Target,
    encoding: &Encoding,
    partial: Partial,
    mut file: File,
    tally: Tally,
) -> Result<(Partial, Tally), Failure> {
    let checked = tally.check(source);
    if *encoding == Encoding::Identity {
        return checked.map(|()| (partial, tally));
    }
    if checked.is_ok() && (source.size().is_some() || source.md5().is_some()) {
        return Ok((partial, tally));
    }
    if let Encoding::Other(name) = encoding {
        return Err(Encoding::unreadable(name));
    }
    let disk = |error| target.failure(error);
    file.rewind().map_err(disk)?;
    let (decoded, output) = partial.sibling().map_err(disk)?;
    let tally = gunzip(BufReader::new(file), output, source).map_err(|error| match error {
        DecodeError::Content(failure) => failure,
        DecodeError::Disk(error) => disk(error),
    })?;
    tally.check(source)?;
    Ok((decoded, tally))
}

/// Tells a [`Progress`] what it must hear, and nothing twice.
struct Report<'a> {
    progress: &'a dyn Progress,
    started: bool,
    /// Whether bytes came in this try.
    advanced: bool,
}

impl<'a> Report<'a> {
    fn new(progress: &'a dyn Progress) -> Self {
        Self {
            progress,
            started: false,
            advanced: false,
        }
    }

    fn start(&mut self, total: Option<u64>) {
        if !std::mem::replace(&mut self.started, true) {
            self.progress.started(total);
        }
    }

    fn advance(&mut self, bytes: u64) {
        self.advanced = true;
        self.progress.advanced(bytes);
    }

    fn restart(&mut self) {
        if std::mem::take(&mut self.advanced) {
            self.progress.restarted();
        }
    }
}
