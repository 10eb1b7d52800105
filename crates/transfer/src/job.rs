//! One download, over as many requests as it takes.

use std::collections::VecDeque;
use std::fmt::Display;

use futures::future::join;
use tokio::sync::mpsc;

use crate::addresses::Addresses;
use crate::attempt::{Body, Range};
use crate::content::{Encoding, integrity, wrong_length};
use crate::disk::{Draft, Layout, Partial, Target, blocking};
use crate::error::Failure;
use crate::fetch::{Piece, Pumped, Stretch, keep, missing, stopped, write};
use crate::lanes::Chain;
use crate::report::Report;
use crate::settle::{decide, decode};
use crate::speed::Speed;
use crate::tries::Tries;
use crate::{Progress, Slot, Slots, Source, Transfer, TransferError, TransferErrorKind};

/// Pieces that may wait for the disk: enough to keep both sides busy, little enough for many transfers at once.
const WAITING_PIECES: usize = 4;

/// The longest file that is held in memory whole, as so many as are under way at once.
const SMALL: u64 = 128 << 10;

pub(crate) struct Job<'a> {
    pub(crate) transfer: &'a Transfer,
    pub(crate) source: Source,
    target: Target,
    replace: bool,
    pub(crate) doing: &'a (dyn Display + Sync),
    pub(crate) addresses: Addresses,
    pub(crate) report: Report<'a>,
    /// Where there is a bound for requests.
    slots: Option<&'a Slots>,
    /// Held as long as requests are under way.
    place: Option<Slot>,
    partial: Option<Partial>,
    draft: Option<Draft>,
    /// Of the bytes that are there.
    encoding: Encoding,
    /// The strong entity tag of the object that the bytes belong to, if they came in this job.
    pub(crate) etag: Option<String>,
    /// Whether the server may be asked for ranges: not after it got one wrong.
    ranges: bool,
}

/// How a round ends that did not bring the file.
pub(crate) enum Ended {
    /// Another one may.
    Failed(Failure),
    /// All tries were used up.
    ForGood(TransferError),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<'a> Job<'a> {
    pub(crate) fn new(
        transfer: &'a Transfer,
        slots: Option<&'a Slots>,
        source: &Source,
        target: Target,
        replace: bool,
        doing: &'a (dyn Display + Sync),
        progress: &'a dyn Progress,
    ) -> Result<Self, Failure> {
        Ok(Self {
            addresses: Addresses::new(source, &transfer.inner.unreachable)?,
            source: transfer.checked(source),
            transfer,
            target,
            replace,
            doing,
            report: Report::new(progress),
            slots,
            place: None,
            partial: None,
            draft: None,
            encoding: Encoding::Identity,
            etag: None,
            ranges: true,
        })
    }

    /// Brings the file to its final name; gives its length.
    pub(crate) async fn run(mut self) -> Result<u64, TransferError> {
        let mut tries = Tries::new(self.transfer.inner.retry);
        if let Some(size) = Target::size_of_left(&self.source) {
            let (target, source) = (self.target.clone(), self.source.clone());
            let lanes = self.transfer.inner.lanes.clone();
            // What cannot be read need not be gone on with.
            let left = blocking(move || target.left(&source, size, &lanes)).await;
            (self.partial, self.draft) = left.unwrap_or_default().unzip();
        }
        loop {
            let ended = match self.round().await {
                Ok(bytes) => return Ok(bytes),
                Err(ended) => ended,
            };
            let outcome = match ended {
                Ended::ForGood(error) => Err(error),
                Ended::Failed(failure) => {
                    if failure.kind == TransferErrorKind::Integrity {
                        self.forget();
                    }
                    if self.report.has_advanced() {
                        tries.progressed();
                    }
                    tries.again(self.doing, failure, &self.report).await
                }
            };
            if let Err(error) = outcome {
                if !speaks_for_bytes(error.kind()) {
                    self.forget();
                }
                return Err(error);
            }
        }
    }

    /// All that is missing, and then the final name.
    async fn round(&mut self) -> Result<u64, Ended> {
        if self.is_complete() {
            let bytes = self.draft.as_ref().map_or(0, |draft| draft.layout().bytes());
            self.report.start(self.source.size(), bytes);
            return self.settle().await.map_err(Ended::Failed);
        }
        if let (Some(slots), None) = (self.slots, &self.place) {
            self.place = Some(slots.take().await);
        }
        if self.draft.is_none() && self.source.size().is_some_and(|size| size <= SMALL) {
            let body = self.addresses.open(self.transfer, None).await?;
            let stretch = self.announce(&body)?;
            if self.encoding == Encoding::Identity {
                return self.bring_small(body, stretch).await.map_err(Ended::Failed);
            }
            self.begin(None).await?;
            self.fill(body, VecDeque::from([stretch])).await?;
        } else {
            let (body, stretches) = self.lead().await?;
            self.fill(body, stretches).await?;
        }
        // Another file's request goes out while this one is checked.
        self.place = None;
        self.settle().await.map_err(Ended::Failed)
    }

    fn is_complete(&self) -> bool {
        let bytes = self.draft.as_ref().map(|draft| draft.layout().bytes());
        self.encoding == Encoding::Identity && bytes.is_some() && bytes == self.source.size()
    }

    /// Throws away what has come.
    fn forget(&mut self) {
        // In this order: the draft's lock keeps others away until the file is gone.
        if let Some(partial) = self.partial.take() {
            partial.discard();
        }
        self.draft = None;
        self.etag = None;
        self.encoding = Encoding::Identity;
        self.report.restart();
    }

    /// How the file is to come, as it stands now.
    fn plan(&self) -> Layout {
        let left = self.draft.as_ref().map(Draft::layout);
        let done = match left {
            Some(layout) if layout.is_cut() => return layout.clone(),
            Some(layout) => layout.front(),
            None => 0,
        };
        let parts = self.transfer.inner.parts;
        match self.source.size() {
            Some(size) if parts.slow_below == u64::MAX && self.may_be_cut(done) => {
                Layout::cut(size, parts.size, done)
            }
            size => Layout::whole(size, done),
        }
    }

    /// Whether what is missing after the first `done` bytes is worth several connections.
    pub(crate) fn may_be_cut(&self, done: u64) -> bool {
        let parts = self.transfer.inner.parts;
        let missing = self.source.size().map(|size| size.saturating_sub(done));
        self.ranges && parts.connections > 1 && missing.is_some_and(|missing| missing >= parts.threshold)
    }

    /// Sends the first request of a round, and makes the partial file ready for what is answered: the answer, which
    /// brings the first stretch, and all stretches that are missing.
    async fn lead(&mut self) -> Result<(Body, VecDeque<Stretch>), Failure> {
        loop {
            let known = self.etag.is_some() || self.source.md5().is_some();
            if self.draft.is_some() && !(known && self.ranges && self.encoding == Encoding::Identity) {
                self.forget();
            }
            let layout = self.plan();
            let stretches = missing(&layout);
            let Some(first) = stretches.front().copied() else {
                return Err(integrity(
                    "nothing is missing, and yet it is not whole".to_owned(),
                ));
            };
            // Whether the server answers ranges is seen before the file is cut.
            let ranged = layout.is_cut() || first.from > 0 || self.may_be_cut(0);
            let range = ranged.then(|| Range {
                from: first.from,
                to: first.to.filter(|_| layout.is_cut()),
                etag: self.etag.clone(),
            });
            let body = self.addresses.open(self.transfer, range.as_ref()).await?;
            match range {
                Some(range) if body.part.is_some() => {
                    if !body.fits(&range, self.source.size()) {
                        // It gets ranges wrong, or has another object: it is asked for the whole.
                        self.ranges = false;
                        continue;
                    }
                    let total = self.source.size().or(body.part.and_then(|part| part.whole));
                    self.report.start(total, layout.bytes());
                    self.etag = body.etag.clone().or(self.etag.take());
                    self.begin(Some(layout)).await?;
                    return Ok((body, stretches));
                }
                _ => {
                    let stretch = self.announce(&body)?;
                    self.begin(None).await?;
                    return Ok((body, VecDeque::from([stretch])));
                }
            }
        }
    }

    /// Takes note of a body that comes from its beginning on.
    fn announce(&mut self, body: &Body) -> Result<Stretch, Failure> {
        let size = self.source.size().filter(|_| body.encoding == Encoding::Identity);
        if let (Some(size), Some(length)) = (size, body.length)
            && size != length
        {
            return Err(wrong_length(&self.source, length, size));
        }
        if self.draft.is_some() {
            self.forget();
        }
        self.report.start(self.source.size().or(body.length), 0);
        self.etag = body.etag.clone();
        self.encoding = body.encoding.clone();
        Ok(Stretch {
            span: 0,
            from: 0,
            to: size,
        })
    }

    /// Collects a small file, and then writes all of it at once: a file that comes piece by piece goes to and fro between
    /// the network and the disk several times, which costs more than its bytes do.
    async fn bring_small(&mut self, mut body: Body, mut stretch: Stretch) -> Result<u64, Failure> {
        let (pieces, mut queue) = mpsc::channel(WAITING_PIECES);
        let fetch = async {
            let outcome = self.pump(&mut body, &mut stretch, &pieces, None).await;
            drop(pieces);
            outcome
        };
        let collect = async {
            let mut all = Vec::new();
            while let Some(piece) = queue.recv().await {
                all.push(piece);
            }
            all
        };
        let (outcome, pieces) = join(fetch, collect).await;
        if let Err(failure) = outcome {
            // The next round goes on with what has come.
            self.begin(None).await?;
            if let Some(draft) = self.draft.take() {
                let target = self.target.clone();
                let written = blocking(move || keep(draft, pieces).map_err(|error| target.failure(error)));
                self.draft = Some(written.await?);
            }
            return Err(failure);
        }
        self.place = None;
        let (source, target) = (self.source.clone(), self.target.clone());
        let mut chain = self.chain();
        if let Some(chain) = &mut chain {
            pieces.iter().for_each(|piece| chain.add(piece.bytes.clone()));
        }
        let (replace, sync) = (self.replace, self.transfer.inner.fsync);
        let written = self.transfer.inner.errands.run_with(chain, move |chain| {
            let disk = |error| target.failure(error);
            let (partial, draft) = target.begin(&source, chain)?;
            let finished = keep(draft, pieces).and_then(|draft| draft.finish(sync));
            let checked = finished.map_err(disk).and_then(|(file, tally)| {
                decide(&source, &Encoding::Identity, &tally)?;
                Ok((file, tally))
            });
            match checked {
                // The file's lock keeps others away until it has its name.
                Ok((_file, tally)) => target.finish(partial, replace, sync).map(|()| tally.bytes()),
                Err(failure) => {
                    partial.discard();
                    Err(failure)
                }
            }
        });
        written.await
    }

    /// For the digest of the file, where that is asked for.
    fn chain(&self) -> Option<Chain> {
        self.source.md5().map(|_| self.transfer.inner.lanes.chain())
    }

    /// Sees that there is a partial file, cut as `layout` says.
    async fn begin(&mut self, layout: Option<Layout>) -> Result<(), Failure> {
        let (target, source, draft) = (self.target.clone(), self.source.clone(), self.draft.take());
        let chain = self.chain();
        let (partial, draft) = blocking(move || {
            let (partial, mut draft) = match draft {
                Some(draft) => (None, draft),
                None => target
                    .begin(&source, chain)
                    .map(|(partial, draft)| (Some(partial), draft))?,
            };
            if let Some(layout) = layout.filter(|layout| layout.is_cut() && !draft.layout().is_cut()) {
                draft.cut(layout).map_err(|error| target.failure(error))?;
            }
            Ok((partial, draft))
        })
        .await?;
        self.partial = partial.or(self.partial.take());
        self.draft = Some(draft);
        Ok(())
    }

    /// Fetches `stretches`, of which `body` brings the first, and writes them: in parts, where the file is cut, or is now
    /// because its one connection is slow.
    async fn fill(&mut self, mut body: Body, mut stretches: VecDeque<Stretch>) -> Result<(), Ended> {
        if !self.draft.as_ref().is_some_and(|draft| draft.layout().is_cut()) {
            if self.fill_whole(&mut body, stretches).await? == Pumped::All {
                return Ok(());
            }
            let done = self.draft.as_ref().map_or(0, |draft| draft.layout().front());
            let size = self.source.size().unwrap_or(done);
            let layout = Layout::cut(size, self.transfer.inner.parts.size, done);
            stretches = missing(&layout);
            self.begin(Some(layout)).await?;
        }
        self.addresses.leads_to(&body.url);
        let Some(first) = stretches.pop_front() else {
            return Ok(());
        };
        let (pieces, writer) = self.writer()?;
        let outcome = self.fetch_parts(first, body, stretches, &pieces).await;
        drop(pieces);
        // That the disk has failed is the better reason.
        self.draft = Some(writer.await?);
        outcome
    }

    /// Fetches what is missing over one connection, if it is not slow; else some of it.
    async fn fill_whole(
        &mut self,
        body: &mut Body,
        mut stretches: VecDeque<Stretch>,
    ) -> Result<Pumped, Failure> {
        let Some(mut stretch) = stretches.pop_front() else {
            return Ok(Pumped::All);
        };
        let speed = body
            .part
            .map(|_| Speed::new(self.transfer.inner.parts.slow_below));
        let (pieces, writer) = self.writer()?;
        let outcome = self.pump(body, &mut stretch, &pieces, speed).await;
        drop(pieces);
        self.draft = Some(writer.await?);
        outcome
    }

    /// Starts to write what is sent; the future gives the draft back once nothing more is.
    fn writer(
        &mut self,
    ) -> Result<
        (
            mpsc::Sender<Piece>,
            impl Future<Output = Result<Draft, Failure>> + use<>,
        ),
        Failure,
    > {
        let draft = self.draft.take().ok_or_else(stopped)?;
        let (pieces, queue) = mpsc::channel(WAITING_PIECES);
        let target = self.target.clone();
        let writer = blocking(move || write(draft, queue).map_err(|error| target.failure(error)));
        Ok((pieces, writer))
    }

    /// Checks what has come, and gives it the final name.
    async fn settle(&mut self) -> Result<u64, Failure> {
        let (Some(draft), Some(partial)) = (self.draft.take(), self.partial.take()) else {
            return Err(stopped());
        };
        let sync = self.transfer.inner.fsync;
        let target = self.target.clone();
        // `partial` stays here meanwhile, so that this ends when the future is dropped.
        let finished = blocking(move || draft.finish(sync).map_err(|error| target.failure(error))).await;
        let (file, tally) = match finished {
            Ok(finished) => finished,
            Err(failure) => {
                partial.discard();
                return Err(failure);
            }
        };
        let (source, target, encoding) = (self.source.clone(), self.target.clone(), self.encoding.clone());
        let replace = self.replace;
        blocking(move || {
            let (partial, tally) = match decide(&source, &encoding, &tally) {
                Ok(true) => decode(&source, &target, partial, file, sync)?,
                Ok(false) => (partial, tally),
                Err(failure) => {
                    partial.discard();
                    return Err(failure);
                }
            };
            target.finish(partial, replace, sync)?;
            Ok(tally.bytes())
        })
        .await
    }
}

/// Whether an error of this kind says nothing against the bytes that came before it, nor against going on later.
fn speaks_for_bytes(kind: TransferErrorKind) -> bool {
    use TransferErrorKind as Kind;
    matches!(
        kind,
        Kind::Authentication
            | Kind::Permission
            | Kind::Expired
            | Kind::RateLimited
            | Kind::Server
            | Kind::Network
            | Kind::Certificate
            | Kind::Timeout
    )
}
