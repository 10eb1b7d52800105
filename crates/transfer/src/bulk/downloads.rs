//! The engine behind [`Transfer::download_all`].

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use futures::stream::BoxStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

use super::meter::{Listener, Note};
use super::names::Names;
use super::{BulkOptions, Event, Job, Step};
use crate::{Downloaded, Root, Status, Transfer, TransferError};

/// What becomes of many files, from [`Transfer::download_all`]: a stream of [`Event`]s that ends when every file has its
/// outcome. Outcomes come in the order in which they happen.
///
/// Dropping it gives up what is not done; [`stop`](Self::stop) does, and waits until that has come to rest.
#[must_use = "nothing is fetched before the stream is polled"]
pub struct Downloads<K, L> {
    transfer: Transfer,
    root: Root,
    options: BulkOptions,
    /// Until it has given its last.
    jobs: Option<BoxStream<'static, Result<Job<K>, L>>>,
    names: Paths,
    tasks: JoinSet<Outcome<K>>,
    sender: UnboundedSender<Note<K>>,
    notes: UnboundedReceiver<Note<K>>,
    /// To be told before anything else.
    ready: VecDeque<Event<K, L>>,
}

type Outcome<K> = (K, Result<Downloaded, TransferError>);

/// The names, once it is known how the root takes them.
enum Paths {
    Unknown,
    Asked(JoinHandle<bool>),
    Known(Names),
}

impl<K: Clone + Send + Sync + 'static, L> Downloads<K, L> {
    pub(super) fn new(
        transfer: Transfer,
        jobs: BoxStream<'static, Result<Job<K>, L>>,
        root: Root,
        options: BulkOptions,
    ) -> Self {
        let (sender, notes) = unbounded_channel();
        Self {
            transfer,
            root,
            options,
            jobs: Some(jobs),
            names: Paths::Unknown,
            tasks: JoinSet::new(),
            sender,
            notes,
            ready: VecDeque::new(),
        }
    }

    /// The next event; `None` once every file has its outcome. A future that is dropped loses no event.
    pub async fn next(&mut self) -> Option<Event<K, L>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Gives up what is not done, and returns once that has let go of the disk and the network. What is done stays.
    pub async fn stop(mut self) {
        self.jobs = None;
        self.tasks.shutdown().await;
    }

    /// Starts files while there are free places and jobs for them.
    fn fill(&mut self, context: &mut Context<'_>) {
        while self.tasks.len() < self.options.jobs {
            let Some(jobs) = &mut self.jobs else { return };
            let Poll::Ready(names) = self.names.poll(&self.root, context) else {
                return;
            };
            match jobs.as_mut().poll_next(context) {
                Poll::Pending => return,
                Poll::Ready(None) => self.jobs = None,
                Poll::Ready(Some(Err(error))) => {
                    self.ready.push_back(Event::Listing(error));
                    return;
                }
                Poll::Ready(Some(Ok(job))) => match names.take(&job.name) {
                    Ok(()) => self.start(job),
                    Err(failure) => {
                        let doing = format!("download {:?}", job.name);
                        let error = TransferError::new(&doing, failure, 0, Duration::ZERO);
                        self.ready.push_back(Event::File(job.key, Step::Failed(error)));
                        return;
                    }
                },
            }
        }
    }

    fn start(&mut self, job: Job<K>) {
        let Job { key, source, name } = job;
        self.ready.push_back(Event::File(key.clone(), Step::Started));
        let listener = Listener::new(key.clone(), self.sender.clone());
        let (transfer, root, if_exists) = (self.transfer.clone(), self.root.clone(), self.options.if_exists);
        self.tasks.spawn(async move {
            let outcome = transfer
                .download(&source, &root, &name, if_exists, &listener)
                .await;
            (key, outcome)
        });
    }

    fn note(note: Note<K>) -> Event<K, L> {
        match note {
            Note::Moved(meter) => Event::File(meter.key(), meter.read()),
            Note::Retried(key, step) => Event::File(key, step),
        }
    }

    /// Queues a file's outcome, behind all that its task told before.
    fn done(&mut self, (key, outcome): Outcome<K>) {
        while let Ok(note) = self.notes.try_recv() {
            self.ready.push_back(Self::note(note));
        }
        let step = match outcome {
            Ok(done) if done.status == Status::Kept => Step::Skipped(done),
            Ok(done) => Step::Finished(done),
            Err(error) => Step::Failed(error),
        };
        self.ready.push_back(Event::File(key, step));
    }
}

impl Paths {
    fn poll(&mut self, root: &Root, context: &mut Context<'_>) -> Poll<&mut Names> {
        if matches!(self, Self::Unknown) {
            let root = root.clone();
            *self = Self::Asked(tokio::task::spawn_blocking(move || root.ignores_case()));
        }
        if let Self::Asked(answer) = self {
            let ignores_case = ready!(Pin::new(answer).poll(context)).unwrap_or(false);
            *self = Self::Known(Names::new(ignores_case));
        }
        match self {
            Self::Known(names) => Poll::Ready(names),
            _ => Poll::Pending,
        }
    }
}

impl<K: Clone + Send + Sync + 'static, L> Stream for Downloads<K, L> {
    type Item = Event<K, L>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(event));
            }
            this.fill(context);
            match this.tasks.poll_join_next(context) {
                Poll::Ready(Some(Ok(outcome))) => this.done(outcome),
                Poll::Ready(Some(Err(stopped))) => {
                    if let Ok(panic) = stopped.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
                Poll::Ready(None) if this.jobs.is_none() && this.ready.is_empty() => {
                    return Poll::Ready(None);
                }
                Poll::Ready(None) | Poll::Pending => {
                    if let Poll::Ready(Some(note)) = this.notes.poll_recv(context) {
                        this.ready.push_back(Self::note(note));
                    } else if this.ready.is_empty() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

// The listing is behind a pin of its own; nothing else is borrowed across polls.
impl<K, L> Unpin for Downloads<K, L> {}

impl<K, L> fmt::Debug for Downloads<K, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloads")
            .field("options", &self.options)
            .field("under_way", &self.tasks.len())
            .finish_non_exhaustive()
    }
}
