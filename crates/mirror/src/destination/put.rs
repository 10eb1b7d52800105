//! From a stream of bytes to an object that is the right one.

use std::pin::{Pin, pin};

use bytes::Bytes;
use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutResult};

use super::content::{Expected, PutError, Stored, Tally};
use super::pieces::Pieces;
use super::upload::{PART, Upload, part_size, under_way};
use super::{Destination, DestinationError, DestinationErrorKind, is_absent};

impl Destination {
    /// Stores what a stream gives under a key, in place of what was there.
    ///
    /// Up to 8 MiB are sent in one request. More goes in parts of 8 MiB, up to four at once; only from 74 GiB on, or
    /// where the size is not known, are they larger. So it keeps 8 MiB of a small file and some 40 of a large one. What
    /// was stored is confirmed: by an `ETag` that is the digest, as S3 gives it for one request; else by asking for its size.
    ///
    /// A future that is dropped gives the upload up. A process that dies leaves to the store what it had sent of a large
    /// file; in a bucket, a rule that clears away uploads that were not completed takes care of it.
    ///
    /// # Errors
    /// The stream's own, the destination's, and a content that is not the expected one. What was there before stays in all
    /// cases but [`DestinationErrorKind::Damaged`], and an outage while the last request was under way.
    pub async fn put<E>(
        &self,
        key: &str,
        content: impl Stream<Item = Result<Bytes, E>> + Send,
        expected: Expected,
    ) -> Result<Stored, PutError<E>> {
        let path = self.path(key)?;
        let mut content = pin!(content);
        let mut tally = Tally::new(expected);
        let mut begun = Pieces::default();
        // The least that cannot go in one request.
        while expected.size.is_none_or(|size| size <= PART) && begun.length() <= PART {
            match content.next().await {
                Some(piece) => begun.push(tally.add(piece.map_err(PutError::Source)?)?),
                None => {
                    let (bytes, md5) = tally.finish()?;
                    let sent = self.store.put(&path, begun.take(PART)).await;
                    let sent = sent.map_err(|error| self.failed("write", key, error))?;
                    if sent.e_tag.as_deref().is_some_and(|etag| is_digest(etag, &md5)) {
                        return Ok(Stored {
                            bytes,
                            md5,
                            etag: sent.e_tag,
                        });
                    }
                    return Ok(self.confirm(key, &path, bytes, md5, sent).await?);
                }
            }
        }
        let mut upload = Upload::start(self.store.as_ref(), &path)
            .await
            .map_err(|error| self.failed("begin to write", key, error))?;
        if let Err(error) = self
            .send_parts(key, &mut upload, content, &mut tally, begun)
            .await
        {
            upload.abort().await;
            return Err(error);
        }
        match tally.finish() {
            Err(wrong) => {
                upload.abort().await;
                Err(wrong.into())
            }
            Ok((bytes, md5)) => {
                let sent = match upload.complete().await {
                    Ok(sent) => sent,
                    Err(error) => {
                        upload.abort().await;
                        return Err(self.incomplete(key, error).into());
                    }
                };
                Ok(self.confirm(key, &path, bytes, md5, sent).await?)
            }
        }
    }

    async fn send_parts<E>(
        &self,
        key: &str,
        upload: &mut Upload,
        mut content: Pin<&mut (impl Stream<Item = Result<Bytes, E>> + Send)>,
        tally: &mut Tally,
        mut begun: Pieces,
    ) -> Result<(), PutError<E>> {
        let mut sending = FuturesUnordered::new();
        let mut index = 0;
        let mut ended = false;
        loop {
            let mut size = part_size(tally.size(), index);
            while begun.length() >= size || (ended && begun.length() > 0) {
                sending.push(upload.part(begun.take(size)));
                index += 1;
                size = part_size(tally.size(), index);
            }
            tokio::select! {
                Some(sent) = sending.next(), if !sending.is_empty() => {
                    sent.map_err(|error| self.failed("write", key, error))?;
                }
                piece = content.next(), if !ended && sending.len() < under_way(size) => match piece {
                    Some(piece) => begun.push(tally.add(piece.map_err(PutError::Source)?)?),
                    None => ended = true,
                },
                else => return Ok(()),
            }
        }
    }

    /// Asks what was stored.
    async fn confirm(
        &self,
        key: &str,
        path: &Path,
        bytes: u64,
        md5: [u8; 16],
        sent: PutResult,
    ) -> Result<Stored, DestinationError> {
        let damaged = |reason| {
            DestinationError::new(
                DestinationErrorKind::Damaged,
                self.doing("confirm what was written as", key),
                reason,
            )
        };
        match self.store.head(path).await {
            Ok(found) if found.size == bytes => Ok(Stored {
                bytes,
                md5,
                etag: sent.e_tag.or(found.e_tag),
            }),
            Ok(found) => Err(damaged(format!(
                "{bytes} bytes were sent, and {} are there",
                found.size
            ))),
            Err(error) if is_absent(&error) => {
                Err(damaged(format!("{bytes} bytes were sent, and nothing is there")))
            }
            Err(error) => Err(self.failed("confirm what was written as", key, error)),
        }
    }

    /// That an upload is gone when it should be completed: its completion had gone through, but the answer was lost and the
    /// request repeated; or somebody has aborted it. The whole upload is worth another try.
    fn incomplete(&self, key: &str, error: object_store::Error) -> DestinationError {
        let gone = matches!(error, object_store::Error::NotFound { .. });
        let error = self.failed("finish writing", key, error);
        if gone {
            error.with_kind(DestinationErrorKind::Outage)
        } else {
            error
        }
    }
}

/// Whether an `ETag` is the digest of the content, which it is not for parts, or with keys of one's own.
fn is_digest(etag: &str, md5: &[u8; 16]) -> bool {
    let etag = etag.trim_matches('"');
    etag.len() == 32 && u128::from_str_radix(etag, 16) == Ok(u128::from_be_bytes(*md5))
}
