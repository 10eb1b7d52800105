//! What becomes of a request that meets a fault, and of its answer.

use crate::damage;
use crate::pace::{Pace, slow, throttled};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use futures::StreamExt as _;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a fault does to a request and its answer. The action is one of several; the rest may stand beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effect {
    pub(crate) delay: Duration,
    pub(crate) ignore_range: bool,
    pub(crate) shift_range: u64,
    pub(crate) swapped: bool,
    /// They take the place of the answer's own.
    pub(crate) headers: Vec<(String, String)>,
    /// Lets the request have its effect although the answer is another, or none.
    pub(crate) carried_out: bool,
    /// In bytes per second.
    pub(crate) throttle: Option<NonZeroU64>,
    pub(crate) action: Action,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Action {
    #[default]
    Answer,
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    Drop,
    Cut {
        after: u64,
        ending: Ending,
    },
    Announce(u64),
    WrongByte(u64),
    Gzip,
}

/// How a body that is cut short ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Close,
    Reset,
    Stall,
}

/// Tells hyper to close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
pub(crate) struct Dropped;

/// The entity tag of an object that was swapped for another.
const SWAPPED_TAG: &str = "\"00000000000000000000000000000000\"";

impl Effect {
    /// Answers the request by `route`, as far as the fault lets it. What harms a body harms that of an upload, or else
    /// that of the answer. The flag asks whoever owns the connection to
    /// reset it.
    pub(crate) async fn carry_out(
        self,
        mut request: Request<Body>,
        reset: Arc<AtomicBool>,
        route: impl AsyncFnOnce(Request<Body>) -> Response<Body>,
    ) -> Result<Response<Body>, Dropped> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let is_upload = request.method() == Method::PUT;
        if let (true, Some(rate)) = (is_upload, self.throttle) {
            request = request.map(|body| slow(body, Pace::new(rate)));
        }
        let mut response = match self.action {
            Action::Drop => {
                if self.carried_out {
                    route(request).await;
                }
                return Err(Dropped);
            }
            Action::Reply {
                status,
                ref headers,
                ref body,
            } => {
                if self.carried_out {
                    route(request).await;
                } else {
                    drain(request.into_body()).await;
                }
                reply(status, headers, body.clone())
            }
            Action::Cut { after, ending } if is_upload => {
                read(request.into_body(), after).await;
                if ending == Ending::Stall {
                    std::future::pending::<()>().await;
                }
                reset.store(ending == Ending::Reset, Ordering::Relaxed);
                return Err(Dropped);
            }
            Action::WrongByte(place) if is_upload => {
                route(request.map(|body| damage::flip(body, place))).await
            }
            _ => {
                self.change_request(request.headers_mut());
                route(request).await
            }
        };
        if self.ignore_range {
            response.headers_mut().remove(header::ACCEPT_RANGES);
        }
        if self.swapped && response.status().is_success() {
            let tag = HeaderValue::from_static(SWAPPED_TAG);
            response.headers_mut().insert(header::ETAG, tag);
            response = response.map(damage::invert);
        }
        for (name, value) in pairs(&self.headers) {
            response.headers_mut().insert(name, value);
        }
        if is_upload {
            return Ok(response);
        }
        let mut response = damaged(response, &self.action, reset);
        if let Some(rate) = self.throttle {
            response = throttled(response, &Pace::new(rate));
        }
        Ok(response)
    }

    fn change_request(&self, headers: &mut HeaderMap) {
        if self.ignore_range {
            headers.remove(header::RANGE);
        }
        if self.swapped {
            let other = |name| headers.get(name).is_some_and(|known| known != SWAPPED_TAG);
            let (ranged, matched) = (other(header::IF_RANGE), other(header::IF_MATCH));
            if ranged {
                headers.remove(header::RANGE);
            }
            headers.remove(header::IF_RANGE);
            if !matched {
                headers.remove(header::IF_MATCH);
            } else if let Ok(no_tag) = HeaderValue::try_from("\"\"") {
                headers.insert(header::IF_MATCH, no_tag);
            }
        }
        let shifted = headers
            .get(header::RANGE)
            .and_then(|range| shifted(range.to_str().ok()?, self.shift_range));
        if let Some(range) = shifted.and_then(|range| HeaderValue::try_from(range).ok()) {
            headers.insert(header::RANGE, range);
        }
    }
}

/// The answer with its body harmed as the action says.
fn damaged(mut response: Response<Body>, action: &Action, reset: Arc<AtomicBool>) -> Response<Body> {
    let headers = response.headers_mut();
    match *action {
        Action::Answer | Action::Reply { .. } | Action::Drop => response,
        Action::Cut { after, ending } => response.map(|body| damage::cut(body, after, ending, reset)),
        Action::Announce(length) => {
            headers.insert(header::CONTENT_LENGTH, length.into());
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            response.map(|body| damage::cut(body, length, Ending::Close, reset))
        }
        Action::WrongByte(place) => response.map(|body| damage::flip(body, place)),
        Action::Gzip => {
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response.map(damage::gzip)
        }
    }
}

/// A `Range` header that asks for bytes so much further on.
fn shifted(range: &str, by: u64) -> Option<String> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse::<u64>().ok()?.checked_add(by)?;
    let last = match last {
        "" => String::new(),
        last => last.parse::<u64>().ok()?.checked_add(by)?.to_string(),
    };
    Some(format!("bytes={first}-{last}"))
}

/// Reads a body to its end: a client that still sends when the connection closes may lose the answer.
pub(crate) async fn drain(body: Body) {
    read(body, u64::MAX).await;
}

/// Reads so many bytes of a body, or a few more.
async fn read(body: Body, bytes: u64) {
    let mut rest = body.into_data_stream();
    let mut seen = 0;
    while seen < bytes
        && let Some(Ok(chunk)) = rest.next().await
    {
        seen += chunk.len() as u64;
    }
}

/// A header that cannot be sent is left out.
pub(crate) fn reply(status: u16, headers: &[(String, String)], body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in pairs(headers) {
        response.headers_mut().append(name, value);
    }
    response
}

fn pairs(headers: &[(String, String)]) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    headers.iter().filter_map(|(name, value)| {
        Some((
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value).ok()?,
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_shifted_as_a_whole() {
        for (asked, expected) in [
            ("bytes=0-9", Some("bytes=3-12")),
            ("bytes=5-", Some("bytes=8-")),
            ("bytes=-5", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(shifted(asked, 3).as_deref(), expected, "{asked}");
        }
    }
}
