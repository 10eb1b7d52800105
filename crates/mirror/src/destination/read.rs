//! What was stored, read again.

use std::fs::File;
use std::io::{self, Read as _};

use bytes::Bytes;
use futures::stream::{BoxStream, try_unfold};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{GetResultPayload, ObjectStoreExt as _};

use super::{Destination, DestinationError};

/// How much of a file is read in one go. `object_store` reads 8 KiB, for each of which it goes to another thread.
const PIECE: usize = 256 * 1024;

impl Destination {
    /// The bytes under a key, as they come.
    ///
    /// # Errors
    /// Where there is no such object, or the destination does not send it; later ones are in the stream.
    pub async fn read(
        &self,
        key: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, DestinationError>>, DestinationError> {
        let path = self.path(key)?;
        let found = self
            .store
            .get(&path)
            .await
            .map_err(|error| self.failed("read", key, error))?;
        let doing = self.doing("read", key);
        Ok(match found.payload {
            GetResultPayload::File(file, _) => pieces(file)
                .map_err(move |error| DestinationError::of_io(doing.clone(), &error))
                .boxed(),
            GetResultPayload::Stream(pieces) => pieces
                .map_err(move |error| DestinationError::of_store(doing.clone(), error))
                .boxed(),
        })
    }
}

fn pieces(file: File) -> impl futures::Stream<Item = io::Result<Bytes>> + Send {
    try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE);
            (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
            io::Result::Ok((piece, file))
        });
        let (piece, file) = read.await.map_err(io::Error::other)??;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), file)))
    })
}
