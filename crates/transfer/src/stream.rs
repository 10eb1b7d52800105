//! The bytes as they come.

use std::fmt;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures::Stream;
use wandb_http::Redacted;

use crate::addresses::Addresses;
use crate::attempt::{Body, Range};
use crate::content::{Encoding, Tally, integrity, no_gzip, wrong_length};
use crate::error::{Again, Failure};
use crate::tries::Tries;
use crate::{Source, Transfer, TransferError, TransferErrorKind};

/// Encoded bytes that are decoded in one go: gzip makes at most about a thousand times as many of them.
const DECODED_AT_ONCE: usize = 4096;

impl Transfer {
    /// Opens `source` and gives its bytes as they come; what fails before the first byte is tried again as for a
    /// download.
    ///
    /// A body that breaks off is taken up where it broke off, if it is surely the same one: by a range request that
    /// holds only for the same strong entity tag, or else by fetching it again and comparing what was given already.
    /// After the last byte the length and the digest are checked as far as they are known: bytes that were given
    /// cannot be taken back, so what the stream gave counts only once it has ended without an error.
    ///
    /// A body with a `Content-Encoding` is given as it was sent if its announced length is the source's; else gzip is
    /// decoded.
    ///
    /// # Errors
    /// As those of [`download`](Self::download), save for what concerns the disk.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use wandb_transfer::{Source, Transfer};
    ///
    /// let transfer = Transfer::new(wandb_http::ClientConfig::default().build()?);
    /// let source = Source::new("https://storage.example/log.txt".parse()?);
    /// let mut stream = transfer.stream(&source).await?;
    /// while let Some(piece) = stream.try_next().await? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stream(&self, source: &Source) -> Result<ByteStream, TransferError> {
        let doing = format!("read {}", Redacted(source.url()));
        let addresses = Addresses::new(source, &self.inner.unreachable)
            .map_err(|failure| TransferError::new(&doing, failure, 0, Duration::ZERO))?;
        let mut reader = Reader {
            tries: Tries::new(self.inner.retry),
            transfer: self.clone(),
            source: self.checked(source),
            addresses,
            doing,
            open: None,
            etag: None,
            given: Tally::default(),
        };
        reader.ready().await?;
        Ok(ByteStream {
            length: reader.length(),
            pieces: Box::pin(futures::stream::try_unfold(reader, async |mut reader| {
                Ok(reader.next().await?.map(|piece| (piece, reader)))
            })),
        })
    }
}

/// The bytes of a [`Source`], from [`Transfer::stream`]; ends after its first error.
pub struct ByteStream {
    length: Option<u64>,
    pieces: Pin<Box<dyn Stream<Item = Result<Bytes, TransferError>> + Send>>,
}

impl ByteStream {
    /// How many bytes it will give in all, where the source or the server says so.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next piece, never an empty one; `None` once all bytes have come and are right.
    ///
    /// # Errors
    /// As [`Transfer::stream`] says.
    pub async fn try_next(&mut self) -> Result<Option<Bytes>, TransferError> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context))
            .await
            .transpose()
    }

    /// All the bytes at once.
    ///
    /// # Errors
    /// As [`Transfer::stream`] says.
    pub async fn into_bytes(mut self) -> Result<Bytes, TransferError> {
        let mut all = Vec::new();
        while let Some(piece) = self.try_next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, TransferError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.as_mut().poll_next(context)
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").finish_non_exhaustive()
    }
}

/// Reads a source over as many requests as it takes.
struct Reader {
    transfer: Transfer,
    source: Source,
    addresses: Addresses,
    doing: String,
    tries: Tries,
    open: Option<Open>,
    /// Of the body that the given bytes came from, if that can be taken up by range.
    etag: Option<String>,
    given: Tally,
}

/// A body that is being read.
struct Open {
    body: Body,
    /// What has come of it, and was not given yet.
    waiting: Bytes,
    decoder: Option<MultiGzDecoder<Vec<u8>>>,
    /// What this body repeats of the bytes that were given already; `None` once, or where, it does not.
    repeated: Option<Tally>,
}

impl Reader {
    /// All bytes, as far as that is known before they come.
    fn length(&self) -> Option<u64> {
        let as_sent = self.open.as_ref().filter(|open| open.decoder.is_none());
        self.source.size().or_else(|| as_sent?.body.length)
    }

    /// Opens a body, if none is open, over as many tries as are allowed.
    async fn ready(&mut self) -> Result<(), TransferError> {
        while let Err(failure) = self.open().await {
            self.tries.again(&self.doing, failure, &()).await?;
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Bytes>, TransferError> {
        loop {
            self.ready().await?;
            match self.step().await {
                Ok(Some(piece)) if piece.is_empty() => {}
                Ok(piece) => return Ok(piece),
                Err(failure) => {
                    if self.open.take().is_some_and(|open| open.body.received() > 0) {
                        self.tries.progressed();
                    }
                    self.tries.again(&self.doing, failure, &()).await?;
                }
            }
        }
    }

    async fn open(&mut self) -> Result<(), Failure> {
        if self.open.is_some() {
            return Ok(());
        }
        let from = self.given.bytes();
        let range = self.etag.clone().filter(|_| from > 0).map(|etag| Range {
            from,
            to: None,
            etag: Some(etag),
        });
        let body = self.addresses.open(&self.transfer, range.as_ref()).await?;
        if let Some(range) = range.filter(|_| body.part.is_some()) {
            if body.is_out_of_range() {
                return Err(integrity(format!(
                    "only {from} bytes are there, and more must come"
                )));
            }
            if !body.fits(&range, self.source.size()) {
                // It gets ranges wrong: the next time it is asked for the whole.
                self.etag = None;
                return Err(Failure::new(
                    TransferErrorKind::Server,
                    format!("the server sent another part than the one from byte {from} on"),
                )
                .again(Again::Policy(None)));
            }
            self.open = Some(Open {
                body,
                waiting: Bytes::new(),
                decoder: None,
                repeated: None,
            });
            return Ok(());
        }
        let as_sent =
            body.encoding == Encoding::Identity || body.length.is_some() && body.length == self.source.size();
        if let (Encoding::Other(name), false) = (&body.encoding, as_sent) {
            return Err(Encoding::unreadable(name));
        }
        if let (true, Some(size), Some(length)) = (as_sent, self.source.size(), body.length)
            && size != length
        {
            return Err(wrong_length(&self.source, length, size));
        }
        self.etag = body.etag.clone().filter(|_| body.encoding == Encoding::Identity);
        self.open = Some(Open {
            decoder: (!as_sent).then(|| MultiGzDecoder::new(Vec::new())),
            repeated: (from > 0).then(Tally::default),
            waiting: Bytes::new(),
            body,
        });
        Ok(())
    }

    /// Reads one piece of the open body: maybe an empty one, or `None` after the last.
    async fn step(&mut self) -> Result<Option<Bytes>, Failure> {
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        if open.waiting.is_empty() {
            match open.body.chunk().await? {
                Some(piece) => open.waiting = piece,
                None => return self.end(),
            }
        }
        let piece = open.decode()?;
        let piece = open.pass_over_repeated(piece, &self.given)?;
        self.given.add(&piece);
        if let Some(size) = self.source.size().filter(|size| self.given.bytes() > *size) {
            return Err(integrity(format!(
                "more than the {size} bytes that are listed came"
            )));
        }
        Ok(Some(piece))
    }

    /// All of the body has come: is it all of the file?
    fn end(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(open) = &mut self.open {
            open.finish_decoding()?;
            if open.repeated.is_some() {
                return Err(changed());
            }
        }
        self.given.check(&self.source).map(|()| None).map_err(|failure| {
            if self.given.bytes() > 0 && failure.again == Again::Refetch {
                // What was given cannot be taken back.
                failure.again(Again::No)
            } else {
                failure
            }
        })
    }
}

impl Open {
    /// Takes the next of what waits, decoded.
    fn decode(&mut self) -> Result<Bytes, Failure> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(std::mem::take(&mut self.waiting));
        };
        let encoded = self.waiting.split_to(self.waiting.len().min(DECODED_AT_ONCE));
        decoder
            .write_all(&encoded)
            .and_then(|()| decoder.flush())
            .map_err(no_gzip)?;
        Ok(std::mem::take(decoder.get_mut()).into())
    }

    /// Sees that the encoded content has come to its own end.
    fn finish_decoding(&mut self) -> Result<(), Failure> {
        match &mut self.decoder {
            Some(decoder) => decoder.try_finish().map_err(no_gzip),
            None => Ok(()),
        }
    }

    /// Leaves out what was given already, once it has proved to be the same.
    fn pass_over_repeated(&mut self, mut piece: Bytes, given: &Tally) -> Result<Bytes, Failure> {
        let Some(repeated) = &mut self.repeated else {
            return Ok(piece);
        };
        let missing = given.bytes() - repeated.bytes();
        let again =
            piece.split_to(usize::try_from(missing).map_or(piece.len(), |missing| missing.min(piece.len())));
        repeated.add(&again);
        if repeated.bytes() == given.bytes() {
            if repeated.md5() != given.md5() {
                return Err(changed());
            }
            self.repeated = None;
        }
        Ok(piece)
    }
}

fn changed() -> Failure {
    integrity(
        "the connection broke off, and what is there now does not begin with the bytes that came before"
            .to_owned(),
    )
}
