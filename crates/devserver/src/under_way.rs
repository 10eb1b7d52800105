//! How many requests are under way at once.

use axum::body::{Body, HttpBody as _};
use axum::http::{Response, header};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// One request that is; dropping it ends that.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    /// One more, and how many there are with it.
    pub(crate) fn begin(count: &Arc<AtomicUsize>) -> (Self, usize) {
        let others = count.fetch_add(1, Ordering::Relaxed);
        (Self(Arc::clone(count)), others + 1)
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
        self.0.fetch_sub(1, Ordering::Relaxed);
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
        let count = Arc::default();
        let (first, at_once) = UnderWay::begin(&count);
        assert_eq!(at_once, 1);
        let (second, at_once) = UnderWay::begin(&count);
        assert_eq!(at_once, 2);
        drop(second.until_sent(Response::new(Body::empty())));

        let pieces = stream::iter(["ab", "c"].map(Ok::<_, std::io::Error>));
        let mut answer = Response::new(Body::from_stream(pieces));
        answer.headers_mut().insert(header::CONTENT_LENGTH, 3.into());
        let mut body = first.until_sent(answer).into_body().into_data_stream();
        for under_way in [1, 0] {
            body.next().await.unwrap().unwrap();
            assert_eq!(count.load(Ordering::Relaxed), under_way);
        }
    }
}
