//! Bodies that go wrong on purpose.

use crate::effect::Ending;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{StreamExt as _, stream};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Long enough for what was sent to leave the server's buffers before the connection closes.
const FLUSH: Duration = Duration::from_millis(100);

/// Long enough for the client to have read it, since a reset takes away what it has not.
const READ: Duration = Duration::from_millis(250);

/// The first bytes of a body, and then its end. A reset is left to whoever owns the connection, by the flag.
pub(crate) fn cut(body: Body, after: u64, ending: Ending, reset: Arc<AtomicBool>) -> Body {
    let head = stream::try_unfold((body.into_data_stream(), after), |(mut rest, left)| async move {
        let Some(chunk) = rest.next().await.transpose()?.filter(|_| left > 0) else {
            return Ok(None);
        };
        let sent = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
        Ok::<_, axum::Error>(Some((chunk.slice(..sent), (rest, left - sent as u64))))
    });
    let tail = stream::once(async move {
        match ending {
            Ending::Close => tokio::time::sleep(FLUSH).await,
            Ending::Reset => tokio::time::sleep(READ).await,
            Ending::Stall => std::future::pending().await,
        }
        reset.store(ending == Ending::Reset, Ordering::Relaxed);
        Err::<Bytes, _>(axum::Error::new(io::Error::other("cut short on purpose")))
    });
    Body::from_stream(head.chain(tail))
}

/// The body with the bits of one byte flipped.
pub(crate) fn flip(body: Body, place: u64) -> Body {
    let flipped = body.into_data_stream().scan(place, |left, chunk| {
        let chunk = chunk.map(|chunk| {
            let before = *left;
            *left = left.wrapping_sub(chunk.len() as u64);
            match usize::try_from(before) {
                Ok(at) if at < chunk.len() => {
                    let mut bytes = Vec::from(chunk);
                    bytes[at] = !bytes[at];
                    Bytes::from(bytes)
                }
                _ => chunk,
            }
        });
        std::future::ready(Some(chunk))
    });
    Body::from_stream(flipped)
}

/// The body with the bits of every byte flipped.
pub(crate) fn invert(body: Body) -> Body {
    let inverted = body
        .into_data_stream()
        .map(|chunk| chunk.map(|chunk| chunk.iter().map(|byte| !byte).collect::<Bytes>()));
    Body::from_stream(inverted)
}

/// The body compressed, chunk by chunk.
pub(crate) fn gzip(body: Body) -> Body {
    let start = Some((
        body.into_data_stream(),
        GzEncoder::new(Vec::new(), Compression::fast()),
    ));
    Body::from_stream(stream::try_unfold(start, |state| async move {
        let Some((rest, encoder)) = state else {
            return Ok(None);
        };
        compress_next(rest, encoder).await.map(Some)
    }))
}

type Gzip = (BodyDataStream, GzEncoder<Vec<u8>>);

async fn compress_next(
    mut rest: BodyDataStream,
    mut encoder: GzEncoder<Vec<u8>>,
) -> Result<(Bytes, Option<Gzip>), axum::Error> {
    while let Some(chunk) = rest.next().await {
        encoder.write_all(&chunk?).map_err(axum::Error::new)?;
        let ready = std::mem::take(encoder.get_mut());
        if !ready.is_empty() {
            return Ok((Bytes::from(ready), Some((rest, encoder))));
        }
    }
    let last = encoder.finish().map_err(axum::Error::new)?;
    Ok((Bytes::from(last), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(chunks: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(chunks).map(|chunk| Ok::<_, io::Error>(*chunk)))
    }

    async fn sent(body: Body) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => bytes.extend(chunk),
                Err(_) => return (bytes, false),
            }
        }
        (bytes, true)
    }

    #[tokio::test]
    async fn a_cut_sends_exactly_so_many_bytes() {
        for (after, expected) in [
            (0, ""),
            (2, "ab"),
            (3, "abc"),
            (5, "abcde"),
            (6, "abcdef"),
            (9, "abcdef"),
        ] {
            let flag = Arc::new(AtomicBool::new(false));
            let (bytes, whole) = sent(cut(
                body(&["abc", "def"]),
                after,
                Ending::Reset,
                Arc::clone(&flag),
            ))
            .await;
            assert_eq!((bytes, whole), (expected.into(), false));
            assert!(flag.load(Ordering::Relaxed));
        }
    }

    #[tokio::test]
    async fn one_byte_is_flipped_and_no_other() {
        for (place, expected) in [
            (0, [!b'a', b'b', b'c', b'd']),
            (3, [b'a', b'b', b'c', !b'd']),
            (4, *b"abcd"),
        ] {
            assert_eq!(
                sent(flip(body(&["ab", "c", "d"]), place)).await,
                (expected.to_vec(), true)
            );
        }
    }

    #[tokio::test]
    async fn gzip_decodes_to_the_same() {
        let (bytes, whole) = sent(gzip(body(&["ab", "c", "d"]))).await;
        let mut text = String::new();
        io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).unwrap();
        assert_eq!((text.as_str(), whole), ("abcd", true));
    }
}
