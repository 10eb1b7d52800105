//! Bodies that leave no faster than a given rate.

use axum::body::{Body, HttpBody as _};
use axum::http::{Response, header};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What leaves at once lasts about so long, so that a slow body drips instead of coming in lumps.
const PIECE: Duration = Duration::from_millis(20);

/// How much lateness of the timer is made good.
const SLACK: Duration = Duration::from_millis(50);

/// A number of bytes per second, kept by all bodies that share it, one after the other.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: NonZeroU64,
    /// When all that has passed is through.
    through: Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(rate: NonZeroU64) -> Arc<Self> {
        Arc::new(Self {
            rate,
            through: Mutex::new(Instant::now()),
        })
    }

    fn piece(&self) -> usize {
        let bytes = u128::from(self.rate.get()) * PIECE.as_millis() / 1000;
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    async fn pass(&self, bytes: usize) {
        let lasts = Duration::from_secs_f64(bytes as f64 / self.rate.get() as f64);
        let through = {
            let mut through = self.through.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            *through = (*through).max(now.checked_sub(SLACK).unwrap_or(now)) + lasts;
            *through
        };
        sleep_until(through).await;
    }
}

/// The answer with a body that keeps the pace.
pub(crate) fn throttled(mut response: Response<Body>, pace: &Arc<Pace>) -> Response<Body> {
    // The length of a body that is known whole would be lost.
    if let Some(length) = response.body().size_hint().exact() {
        response
            .headers_mut()
            .entry(header::CONTENT_LENGTH)
            .or_insert_with(|| length.into());
    }
    let pace = Arc::clone(pace);
    response.map(|body| slow(body, pace))
}

/// The body at the pace.
pub(crate) fn slow(body: Body, pace: Arc<Pace>) -> Body {
    let start = (body.into_data_stream(), Bytes::new(), pace);
    Body::from_stream(stream::try_unfold(
        start,
        |(mut rest, mut ready, pace)| async move {
            while ready.is_empty() {
                match rest.next().await.transpose()? {
                    Some(chunk) => ready = chunk,
                    None => return Ok(None),
                }
            }
            let piece = ready.split_to(pace.piece().min(ready.len()));
            pace.pass(piece.len()).await;
            Ok::<_, axum::Error>(Some((piece, (rest, ready, pace))))
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    #[tokio::test]
    async fn two_bodies_in_turn_take_as_long_as_their_bytes() {
        let pace = Pace::new(NonZeroU64::new(10_000).unwrap());
        let start = Instant::now();
        for _ in 0..2 {
            let answer = throttled(Response::new(Body::from(vec![7; 500])), &pace);
            assert_eq!(answer.headers()[header::CONTENT_LENGTH], "500");
            assert_eq!(to_bytes(answer.into_body(), 1000).await.unwrap(), vec![7; 500]);
        }
        assert!(start.elapsed() >= Duration::from_millis(100));
    }
}
