//! What is sent, and where its bytes come from.

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::content::{Tally, integrity};
use crate::disk::{Reading, blocking};
use crate::error::Failure;
use crate::{ByteStream, Md5, Source, Transfer, TransferError, TransferErrorKind};

/// Bytes in memory are hashed, and handed on, so many at a time.
const PIECE: usize = 64 << 10;

/// What is to be uploaded. It is opened anew for every try, and never held in memory as a whole.
///
/// ```
/// use wandb_transfer::Content;
/// let file = Content::file("weights.pt");
/// let text = Content::bytes("hello");
/// # let _ = (file, text);
/// ```
#[derive(Clone)]
pub struct Content(Kind);

#[derive(Clone)]
enum Kind {
    File(PathBuf),
    Bytes(Bytes),
    Remote(Box<(Transfer, Source)>),
}

impl Content {
    /// A regular file of this machine. A symbolic link is followed.
    ///
    /// It must not change while it is read: before its last bytes are sent it is looked at again, and if its length or
    /// the time of its last change is another one, the upload is broken off, so that storage keeps nothing of it, and
    /// fails with [`TransferErrorKind::Changed`].
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// Bytes that are in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }

    /// What is at `source`, as `transfer` reads it: from one storage to another, without a disk between.
    ///
    /// Its length must be known, to the source or from the answer's header. Length and digest are checked, as far as
    /// the source knows them, before the last bytes are sent: storage never takes wrong ones for whole. What fails at
    /// the source is tried again as [`Transfer::stream`] says.
    #[must_use]
    pub fn remote(transfer: Transfer, source: Source) -> Self {
        Self(Kind::Remote(Box::new((transfer, source))))
    }

    /// Where the file is, for one of this machine.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Kind::File(path) => Some(path),
            _ => None,
        }
    }

    pub(super) async fn open(&self) -> Result<Opened, Failure> {
        let (length, bytes) = match &self.0 {
            Kind::File(path) => {
                let path = path.clone();
                let reading = blocking(move || Reading::open(&path)).await?;
                (reading.length(), Origin::File(Some(reading)))
            }
            Kind::Bytes(bytes) => (bytes.len() as u64, Origin::Bytes(bytes.clone(), Tally::default())),
            Kind::Remote(remote) => {
                let (transfer, source) = &**remote;
                let stream = transfer.stream(source).await.map_err(from_source)?;
                let length = stream.length().ok_or_else(|| {
                    Failure::new(
                        TransferErrorKind::Server,
                        "the server that it comes from does not say how long it is",
                    )
                    .next("download it, and upload the file")
                })?;
                (length, Origin::Remote(stream, Tally::default()))
            }
        };
        Ok(Opened {
            length,
            origin: bytes,
        })
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(path) => f.debug_tuple("File").field(path).finish(),
            Kind::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Kind::Remote(remote) => f.debug_tuple("Remote").field(&remote.1).finish(),
        }
    }
}

/// Content that is being sent.
pub(super) struct Opened {
    length: u64,
    origin: Origin,
}

enum Origin {
    /// `None` only while a thread reads.
    File(Option<Reading>),
    Bytes(Bytes, Tally),
    Remote(ByteStream, Tally),
}

impl Opened {
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The next bytes, never none. To be called only while some are missing.
    pub(super) async fn next(&mut self) -> Result<Bytes, Failure> {
        let (piece, tally) = match &mut self.origin {
            Origin::File(reading) => return on_thread(reading, Reading::next).await,
            Origin::Bytes(rest, tally) => (rest.split_to(rest.len().min(PIECE)), tally),
            Origin::Remote(stream, tally) => {
                let piece = stream.try_next().await.map_err(from_source)?;
                (piece.ok_or_else(|| wrong_length(self.length))?, tally)
            }
        };
        tally.add(&piece);
        if tally.bytes() > self.length {
            return Err(wrong_length(self.length));
        }
        Ok(piece)
    }

    /// Sees that all bytes, which have been given, are right. To be called before the last ones are sent.
    pub(super) async fn confirm(&mut self) -> Result<(), Failure> {
        match &mut self.origin {
            Origin::File(reading) => on_thread(reading, Reading::confirm).await,
            Origin::Bytes(..) => Ok(()),
            Origin::Remote(stream, _) => match stream.try_next().await.map_err(from_source)? {
                None => Ok(()),
                Some(_) => Err(wrong_length(self.length)),
            },
        }
    }

    /// Of the bytes that have been given.
    pub(super) fn md5(&self) -> Md5 {
        match &self.origin {
            Origin::File(reading) => reading
                .as_ref()
                .map_or_else(|| Tally::default().md5(), |reading| reading.tally().md5()),
            Origin::Bytes(_, tally) | Origin::Remote(_, tally) => tally.md5(),
        }
    }
}

/// Lets `work` wait for the disk where it holds up no other task.
async fn on_thread<T: Send + 'static>(
    place: &mut Option<Reading>,
    work: impl FnOnce(&mut Reading) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let Some(mut reading) = place.take() else {
        return Err(Failure::new(
            TransferErrorKind::Disk,
            "the work on the disk was stopped",
        ));
    };
    let (reading, outcome) = blocking(move || {
        let outcome = work(&mut reading);
        Ok((reading, outcome))
    })
    .await?;
    *place = Some(reading);
    outcome
}

/// All tries at the source have been used up.
fn from_source(error: TransferError) -> Failure {
    Failure::new(
        error.kind(),
        format!("what is to be sent could not be had: {error}"),
    )
    .source(error)
}

fn wrong_length(length: u64) -> Failure {
    integrity(format!(
        "the server that it comes from announced {length} bytes and sent another number"
    ))
}
