//! How many requests are under way at once.

use axum::body::{Body, HttpBody as _};
use axum::http::{Response, header};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How many requests are under way, and since when they are counted.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    under_way: Arc<AtomicUsize>,
    since: Instant,
}

impl Default for Count {
    fn default() -> Self {
        Self {
            under_way: Arc::default(),
            since: Instant::now(),
        }
    }
}

/// One request that is; dropping it ends that.
#[derive(Debug)]
pub(crate) struct UnderWay {
    count: Count,
    ended: Arc<OnceLock<Duration>>,
}

/// When a request came and ended.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) came: Duration,
    pub(crate) ended: Arc<OnceLock<Duration>>,
    /// How many were under way with it when it came.
    pub(crate) at_once: usize,
}

impl UnderWay {
    /// One more.
    pub(crate) fn begin(count: &Count) -> (Self, Times) {
        let others = count.under_way.fetch_add(1, Ordering::Relaxed);
        let times = Times {
            came: count.since.elapsed(),
            ended: Arc::default(),
            at_once: others + 1,
        };
        let (count, ended) = (count.clone(), Arc::clone(&times.ended));
        (Self { count, ended }, times)
    }

    /// The same answer; once its last byte is given out, the request is no longer under way.
    pub(crate) fn until_sent(self, response: Response<Body>) -> Response<Body> {
        let length = response.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        response.map(|body| {
            if body.is_end_stream() {
                return body;
            }
            let left = body.size_hint().exact().or(length);
            Body::new(Watched {
                body,
                left,
                under_way: Some(self),
            })
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.count.under_way.fetch_sub(1, Ordering::Relaxed);
        // Nobody else ends it.
        let _ = self.ended.set(self.count.since.elapsed());
    }
}

/// A body that tells when it has come to its end. A client may send its next request as soon as it has the last byte, which
/// is before the connection asks the body for more.
struct Watched {
    body: Body,
    left: Option<u64>,
    under_way: Option<UnderWay>,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(frame) = &polled {
            let data = match frame {
                Some(Ok(frame)) => frame.data_ref(),
                Some(Err(_)) | None => None,
            };
            let came = data.map_or(0, |data| data.len() as u64);
            self.left = self.left.map(|left| left.saturating_sub(came));
            if self.left == Some(0) || !matches!(frame, Some(Ok(_))) {
                self.under_way = None;
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt as _, stream};

    #[tokio::test]
    async fn a_request_is_under_way_until_its_last_byte_is_given_out() {
        let count = Count::default();
        let (first, times) = UnderWay::begin(&count);
        assert_eq!(times.at_once, 1);
        let (second, times) = UnderWay::begin(&count);
        assert_eq!((times.at_once, times.ended.get()), (2, None));
        drop(second.until_sent(Response::new(Body::empty())));
        assert!(times.ended.get() >= Some(&times.came));

        let pieces = stream::iter(["ab", "c"].map(Ok::<_, std::io::Error>));
        let mut answer = Response::new(Body::from_stream(pieces));
        answer.headers_mut().insert(header::CONTENT_LENGTH, 3.into());
        let mut body = first.until_sent(answer).into_body().into_data_stream();
        for under_way in [1, 0] {
            body.next().await.unwrap().unwrap();
            assert_eq!(count.under_way.load(Ordering::Relaxed), under_way);
        }
    }
}
