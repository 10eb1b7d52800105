//! The bytes of one round: from the network to the thread that writes them.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures::future::{try_join, try_join_all};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Semaphore, mpsc};

use crate::TransferErrorKind;
use crate::attempt::{Body, Range, network};
use crate::content::{integrity, too_long};
use crate::disk::{Draft, Layout, Span};
use crate::error::{Again, Failure};
use crate::job::{Ended, Job};
use crate::speed::Speed;
use crate::tries::Tries;

/// Bytes that are to come: those of one span of the file, from `from` on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) span: usize,
    pub(crate) from: u64,
    pub(crate) to: Option<u64>,
}

/// The stretches that nobody fetches yet.
struct Queue {
    stretches: Mutex<VecDeque<Stretch>>,
    /// Closed once there are none.
    open: Semaphore,
}

impl Queue {
    fn new(stretches: VecDeque<Stretch>) -> Self {
        Self {
            stretches: Mutex::new(stretches),
            open: Semaphore::new(0),
        }
    }

    fn pop(&self) -> Option<Stretch> {
        let mut stretches = self.stretches.lock().unwrap_or_else(PoisonError::into_inner);
        let next = stretches.pop_front();
        if stretches.is_empty() {
            self.open.close();
        }
        next
    }

    async fn drained(&self) {
        // It never has permits to give: this waits until it is closed.
        let _ = self.open.acquire().await;
    }
}

/// How a body was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pumped {
    /// To the end of its stretch.
    All,
    /// As long as its connection was not slow.
    Some,
}

/// Bytes that have come for a span.
pub(crate) struct Piece {
    span: usize,
    pub(crate) bytes: Bytes,
}

impl Job<'_> {
    /// Fetches several stretches at a time.
    pub(crate) async fn fetch_parts(
        &self,
        first: Stretch,
        body: Body,
        rest: VecDeque<Stretch>,
        pieces: &mpsc::Sender<Piece>,
    ) -> Result<(), Ended> {
        let inner = &self.transfer.inner;
        let more = inner.parts.connections.saturating_sub(1).min(rest.len());
        let queue = Queue::new(rest);
        let one = async {
            self.fetch_part(first, Some(body), pieces).await?;
            while let Some(stretch) = queue.pop() {
                self.fetch_part(stretch, None, pieces).await?;
            }
            Ok(())
        };
        let others = (0..more).map(|_| async {
            loop {
                let _permit = tokio::select! {
                    permit = inner.more_connections.acquire() => permit,
                    () = queue.drained() => return Ok(()),
                };
                let Some(stretch) = queue.pop() else {
                    return Ok(());
                };
                self.fetch_part(stretch, None, pieces).await?;
            }
        });
        try_join(one, try_join_all(others)).await.map(drop)
    }

    /// Fetches one stretch, over as many tries as are allowed for it.
    async fn fetch_part(
        &self,
        mut stretch: Stretch,
        mut body: Option<Body>,
        pieces: &mpsc::Sender<Piece>,
    ) -> Result<(), Ended> {
        let mut tries = Tries::new(self.transfer.inner.retry);
        loop {
            let from = stretch.from;
            let outcome = match body.take() {
                Some(body) => Ok(body),
                None => self.open_part(stretch).await,
            };
            let outcome = match outcome {
                Ok(mut body) => self.pump(&mut body, &mut stretch, pieces, None).await,
                Err(failure) => Err(failure),
            };
            match outcome {
                Ok(_) => return Ok(()),
                Err(failure) if matches!(failure.again, Again::Policy(_) | Again::Renew) => {
                    if stretch.from > from {
                        tries.progressed();
                    }
                    let waited = tries.again(self.doing, failure, &self.report).await;
                    waited.map_err(Ended::ForGood)?;
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    async fn open_part(&self, stretch: Stretch) -> Result<Body, Failure> {
        let range = Range {
            from: stretch.from,
            to: stretch.to,
            etag: self.etag.clone(),
        };
        let body = self.addresses.open(self.transfer, Some(&range)).await?;
        if body.fits(&range, self.source.size()) {
            Ok(body)
        } else {
            Err(
                integrity("the file was replaced by another one while it came".to_owned())
                    .again(Again::Refetch),
            )
        }
    }

    /// Passes the bytes of a body on to the disk, as far as they belong to the stretch, which gets shorter by them. With a
    /// `speed`, it stops where the connection is slow and much is missing.
    pub(crate) async fn pump(
        &self,
        body: &mut Body,
        stretch: &mut Stretch,
        pieces: &mpsc::Sender<Piece>,
        mut speed: Option<Speed>,
    ) -> Result<Pumped, Failure> {
        let partial = body.part.is_some();
        loop {
            let asked = Instant::now();
            let Some(mut bytes) = body.chunk().await? else {
                break;
            };
            let waited = asked.elapsed();
            let room = stretch.to.map(|to| to - stretch.from);
            let more = room.filter(|room| bytes.len() as u64 > *room);
            if let Some(room) = more {
                if stretch.to == self.source.size() {
                    return Err(too_long(stretch.to.unwrap_or_default()));
                }
                bytes.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            }
            let length = bytes.len() as u64;
            stretch.from += length;
            self.report.advance(length);
            let span = stretch.span;
            if pieces.send(Piece { span, bytes }).await.is_err() {
                return Err(stopped());
            }
            // At the end of the file it is seen whether more comes.
            let is_part = stretch.to != self.source.size();
            if more.is_some() || is_part && stretch.to == Some(stretch.from) {
                return Ok(Pumped::All);
            }
            if let Some(speed) = &mut speed
                && speed.is_slow(length, waited)
                && self.may_be_cut(stretch.from)
            {
                return Ok(Pumped::Some);
            }
        }
        match stretch.to {
            Some(to) if partial && stretch.from < to => Err(network(format!(
                "the server sent a part that ends {} bytes too early",
                to - stretch.from
            ))),
            _ => Ok(Pumped::All),
        }
    }
}

/// The stretches that a file of this layout lacks.
pub(crate) fn missing(layout: &Layout) -> VecDeque<Stretch> {
    let spans = layout.spans().iter().enumerate();
    let stretch = |(span, state): (usize, &Span)| Stretch {
        span,
        from: state.next(),
        to: state.end,
    };
    if layout.is_cut() {
        spans.filter(|(_, state)| !state.is_done()).map(stretch).collect()
    } else {
        spans.map(stretch).collect()
    }
}

/// The writer listens no more; it says itself why.
pub(crate) fn stopped() -> Failure {
    Failure::new(TransferErrorKind::Disk, "the work on the disk was stopped")
}

/// Writes pieces that have come.
pub(crate) fn keep(mut draft: Draft, pieces: Vec<Piece>) -> io::Result<Draft> {
    for Piece { span, bytes } in pieces {
        draft.write(span, bytes)?;
    }
    Ok(draft)
}

/// Writes the pieces as they come, and hashes what was not hashed as it came while there are none.
pub(crate) fn write(mut draft: Draft, mut pieces: mpsc::Receiver<Piece>) -> io::Result<Draft> {
    let mut buffer = Vec::new();
    loop {
        let piece = if draft.is_behind() {
            match pieces.try_recv() {
                Ok(piece) => Some(piece),
                Err(TryRecvError::Disconnected) => None,
                Err(TryRecvError::Empty) => {
                    draft.catch_up(&mut buffer)?;
                    continue;
                }
            }
        } else {
            pieces.blocking_recv()
        };
        match piece {
            Some(Piece { span, bytes }) => draft.write(span, bytes)?,
            None => {
                draft.count()?;
                return Ok(draft);
            }
        }
    }
}
