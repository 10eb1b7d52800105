//! One try: the request, its redirects, and the bytes that go with it.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, LOCATION};
use reqwest::{Response, StatusCode};
use tokio::sync::mpsc;
use tokio::time::timeout;
use url::Url;
use wandb_http::{Redacted, innermost};

use super::content::Opened;
use super::{Content, Destination, Uploaded};
use crate::attempt::{MAX_REDIRECTS, circles, network, next_hop, redirect, silent, unanswered};
use crate::error::{Again, Failure};
use crate::refusal::{drain, upload_refusal};
use crate::report::Report;
use crate::{Transfer, TransferErrorKind};

/// What is handed to the connection at a time. Small, since how often it takes one tells whether it still sends.
const FRAME: usize = 8 << 10;
/// Frames that may wait for the connection.
const WAITING: usize = 8;

/// The longest that the bytes are held back for an answer that needs none of them.
const HELD_BACK: Duration = Duration::from_millis(500);

enum Answer {
    Stored(Uploaded),
    Redirect(Url),
}

impl Transfer {
    /// Sends the content, `opened` or opened anew, over the redirects that there are. If the connection `broke` the last
    /// time, the server is given time to answer before it is sent any bytes: a refusal may have been lost as the server
    /// closed the connection on bytes that it did not want.
    pub(super) async fn send_content(
        &self,
        content: &Content,
        mut opened: Option<Opened>,
        to: &Destination,
        broke: bool,
        report: &Report<'_>,
    ) -> Result<Uploaded, Failure> {
        let (mut url, mut headers) = to.request()?;
        for hop in 0..=MAX_REDIRECTS {
            let opened = match opened.take() {
                Some(opened) => opened,
                None => content.open().await?,
            };
            report.restart();
            let put = Put {
                transfer: self,
                url: &url,
                headers: &headers,
                redirected: hop > 0,
                broke,
                report,
            };
            match Box::pin(put.send(opened)).await? {
                Answer::Stored(uploaded) => return Ok(uploaded),
                Answer::Redirect(next) => {
                    if next.origin() != url.origin() {
                        headers.remove(AUTHORIZATION);
                    }
                    url = next;
                }
            }
        }
        Err(circles(&url))
    }
}

/// One request.
struct Put<'a> {
    transfer: &'a Transfer,
    url: &'a Url,
    headers: &'a HeaderMap,
    redirected: bool,
    broke: bool,
    report: &'a Report<'a>,
}

impl Put<'_> {
    async fn send(&self, mut opened: Opened) -> Result<Answer, Failure> {
        let inner = &self.transfer.inner;
        let length = opened.length();
        inner.pace.ready(self.url).await;
        let mut request = inner
            .uploads
            .client()?
            .put(self.url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_LENGTH, length);
        let mut authorized = self.headers.contains_key(AUTHORIZATION);
        if !authorized && let Some(value) = self.transfer.authorization(self.url).await? {
            authorized = true;
            request = request.header(AUTHORIZATION, value);
        }
        self.report.start(Some(length), 0);
        let (frames, waiting) = mpsc::channel(WAITING);
        if length == 0 {
            opened.confirm().await?;
        } else {
            request = request.body(reqwest::Body::wrap_stream(Frames {
                waiting,
                missing: length,
            }));
        }
        let sent = AtomicU64::new(0);
        let redirect = {
            let mut answer = pin!(request.send());
            // It lives until the answer has been read: without it, the connection is cut.
            let mut feed = pin!(self.feed(&mut opened, &sent, frames));
            let mut early = None;
            if self.broke {
                let held_back = timeout(HELD_BACK.min(inner.upload_stall), &mut answer);
                early = held_back.await.ok();
            }
            if early.is_none() {
                tokio::select! {
                    biased;
                    answer = &mut answer => early = Some(answer),
                    // After an error all of this is dropped: storage lacks the last bytes.
                    fed = feed.as_mut() => fed?,
                }
            }
            let sent = || sent.load(Ordering::Relaxed);
            let answer = match early {
                Some(answer) => answer,
                None => timeout(self.patience(), answer).await.map_err(|_| {
                    silent(format!(
                        "{} did not answer in the time allowed, after {} of {length} bytes were sent",
                        Redacted(self.url),
                        sent()
                    ))
                })?,
            };
            let response = answer.map_err(|error| self.broken(error, sent(), length))?;
            self.judge(response, authorized, sent(), length).await?
        };
        Ok(match redirect {
            Some(url) => Answer::Redirect(url),
            None => Answer::Stored(Uploaded {
                bytes: length,
                md5: opened.md5(),
            }),
        })
    }

    /// Hands the bytes to the connection, as long as it takes them; `sent` tells how many it has.
    async fn feed(
        &self,
        opened: &mut Opened,
        sent: &AtomicU64,
        frames: mpsc::Sender<Bytes>,
    ) -> Result<(), Failure> {
        let length = opened.length();
        let mut missing = length;
        while missing > 0 {
            let mut piece = opened.next().await?;
            while !piece.is_empty() {
                let frame = piece.split_to(piece.len().min(FRAME));
                let bytes = frame.len() as u64;
                let last = bytes == missing;
                // Before the last one, all others have been taken: the second look is as late as it can be.
                let room = if last { WAITING } else { 1 };
                let Ok(room) = timeout(self.patience(), frames.reserve_many(room)).await else {
                    return Err(silent(format!(
                        "{} took no more bytes after {} of {length}",
                        Redacted(self.url),
                        length - missing
                    )));
                };
                let Ok(mut room) = room else {
                    return Ok(());
                };
                if last {
                    opened.confirm().await?;
                }
                if let Some(place) = room.next() {
                    place.send(frame);
                }
                missing -= bytes;
                sent.store(length - missing, Ordering::Relaxed);
                self.report.advance(bytes);
            }
        }
        Ok(())
    }

    /// How long a server may be silent.
    fn patience(&self) -> Duration {
        self.transfer.inner.upload_stall.saturating_mul(4)
    }

    /// Where the bytes are to be sent instead; nothing, if they were taken.
    async fn judge(
        &self,
        response: Response,
        authorized: bool,
        sent: u64,
        length: u64,
    ) -> Result<Option<Url>, Failure> {
        let status = response.status();
        match status {
            _ if status.is_success() && sent == length => {
                drain(response).await;
                Ok(None)
            }
            _ if status.is_success() => Err(Failure::new(
                TransferErrorKind::Server,
                format!(
                    "{} answered {status} before it had all bytes: {sent} of {length} were sent",
                    Redacted(self.url)
                ),
            )
            .next("this is not how a file is taken: check the address")
            .again(Again::Policy(None))),
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
                if response.headers().contains_key(LOCATION) =>
            {
                next_hop(self.url, response.headers()).map(Some)
            }
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => {
                Err(redirect(format!(
                    "{} answered {status}, a redirect that bytes do not follow",
                    Redacted(self.url)
                )))
            }
            _ => {
                let refusal = upload_refusal(response, self.url, authorized, self.redirected).await;
                let inner = &self.transfer.inner;
                inner
                    .pace
                    .heard(self.url, status.as_u16(), refusal.asked(), &inner.retry);
                Err(refusal)
            }
        }
    }

    fn broken(&self, error: reqwest::Error, sent: u64, length: u64) -> Failure {
        if sent == 0 || error.is_connect() {
            return unanswered(self.url, error);
        }
        let error = error.without_url();
        let url = Redacted(self.url);
        if error.is_timeout() {
            silent(format!(
                "{url} went silent when {sent} of {length} bytes were sent"
            ))
        } else {
            network(format!(
                "the connection to {url} broke off when {sent} of {length} bytes were sent: {}",
                innermost(&error)
            ))
        }
        .source(error)
    }
}

/// The body of a request: what waits for the connection.
struct Frames {
    waiting: mpsc::Receiver<Bytes>,
    missing: u64,
}

/// A body that ends early must not look whole.
#[derive(Debug, thiserror::Error)]
#[error("the upload was given up")]
struct GivenUp;

impl Stream for Frames {
    type Item = Result<Bytes, GivenUp>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.missing == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(match ready!(self.waiting.poll_recv(context)) {
            Some(frame) => {
                self.missing = self.missing.saturating_sub(frame.len() as u64);
                Ok(frame)
            }
            None => Err(GivenUp),
        }))
    }
}
