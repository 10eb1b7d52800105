//! The engine behind [`Transfer::download_all`](crate::Transfer::download_all) and
//! [`Transfer::upload_all`](crate::Transfer::upload_all).

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::meter::{Listener, Note};
use super::{Event, Step};
use crate::TransferError;

/// What becomes of many files, from [`Transfer::download_all`](crate::Transfer::download_all) or
/// [`Transfer::upload_all`](crate::Transfer::upload_all): a stream of [`Event`]s that ends when every file has its
/// outcome. Outcomes come in the order in which they happen.
///
/// Dropping it gives up what is not done; [`stop`](Self::stop) does, and waits until that has come to rest.
#[must_use = "nothing is moved before the stream is polled"]
pub struct Bulk<K, L, D> {
    jobs_at_a_time: usize,
    /// Until it has given its last.
    tasks: Option<BoxStream<'static, Result<Task<K, D>, L>>>,
    running: JoinSet<(K, Step<TransferError, D>)>,
    /// Set when all is given up: a place that one task leaves must not have another go on before it is ended as well.
    given_up: Arc<AtomicBool>,
    sender: UnboundedSender<Note<K>>,
    notes: UnboundedReceiver<Note<K>>,
    /// To be told before anything else.
    ready: VecDeque<Event<K, L, D>>,
}

/// One file: what is to be done with it, or why nothing can be.
pub(super) struct Task<K, D> {
    pub(super) key: K,
    pub(super) work: Result<Work<K, D>, TransferError>,
}

/// Moves one file, tells the listener how far it is, and gives the last step.
type Work<K, D> = Box<dyn FnOnce(Listener<K>) -> BoxFuture<'static, Step<TransferError, D>> + Send>;

impl<K: Clone + Send + Sync + 'static, L, D: Send + 'static> Bulk<K, L, D> {
    pub(super) fn new(
        tasks: impl Stream<Item = Result<Task<K, D>, L>> + Send + 'static,
        jobs_at_a_time: usize,
    ) -> Self {
        let (sender, notes) = unbounded_channel();
        Self {
            jobs_at_a_time: jobs_at_a_time.max(1),
            tasks: Some(tasks.boxed()),
            running: JoinSet::new(),
            given_up: Arc::default(),
            sender,
            notes,
            ready: VecDeque::new(),
        }
    }

    /// The next event; `None` once every file has its outcome. A future that is dropped loses no event.
    pub async fn next(&mut self) -> Option<Event<K, L, D>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Gives up what is not done, and returns once that has let go of the disk and the network. What is done stays.
    pub async fn stop(mut self) {
        self.tasks = None;
        self.given_up.store(true, Ordering::Relaxed);
        self.running.shutdown().await;
    }

    /// Starts files while there are free places and jobs for them.
    fn fill(&mut self, context: &mut Context<'_>) {
        while self.running.len() < self.jobs_at_a_time {
            let Some(tasks) = &mut self.tasks else { return };
            match tasks.as_mut().poll_next(context) {
                Poll::Pending => return,
                Poll::Ready(None) => self.tasks = None,
                Poll::Ready(Some(Err(error))) => {
                    self.ready.push_back(Event::Listing(error));
                    return;
                }
                Poll::Ready(Some(Ok(Task { key, work: Ok(work) }))) => {
                    self.ready.push_back(Event::File(key.clone(), Step::Started));
                    let work = work(Listener::new(key.clone(), self.sender.clone()));
                    let work = unless(Arc::clone(&self.given_up), work);
                    self.running.spawn(async move { (key, work.await) });
                }
                Poll::Ready(Some(Ok(Task {
                    key,
                    work: Err(error),
                }))) => {
                    self.ready.push_back(Event::File(key, Step::Failed(error)));
                    return;
                }
            }
        }
    }

    fn note(note: Note<K>) -> Event<K, L, D> {
        match note {
            Note::Moved(meter) => Event::File(meter.key(), meter.read()),
            Note::Retried {
                key,
                attempt,
                why,
                wait,
            } => Event::File(key, Step::Retried { attempt, why, wait }),
        }
    }

    /// Queues a file's outcome, behind all that its task told before.
    fn done(&mut self, key: K, outcome: Step<TransferError, D>) {
        while let Ok(note) = self.notes.try_recv() {
            self.ready.push_back(Self::note(note));
        }
        self.ready.push_back(Event::File(key, outcome));
    }
}

impl<K: Clone + Send + Sync + 'static, L, D: Send + 'static> Stream for Bulk<K, L, D> {
    type Item = Event<K, L, D>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(event));
            }
            this.fill(context);
            match this.running.poll_join_next(context) {
                Poll::Ready(Some(Ok((key, outcome)))) => this.done(key, outcome),
                Poll::Ready(Some(Err(stopped))) => {
                    if let Ok(panic) = stopped.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
                Poll::Ready(None) if this.tasks.is_none() && this.ready.is_empty() => {
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

impl<K, L, D> Drop for Bulk<K, L, D> {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

/// Goes on with `work` as long as it is not given up.
fn unless<T>(given_up: Arc<AtomicBool>, mut work: BoxFuture<'static, T>) -> impl Future<Output = T> {
    std::future::poll_fn(move |context| {
        if given_up.load(Ordering::Relaxed) {
            Poll::Pending
        } else {
            work.as_mut().poll(context)
        }
    })
}

// The jobs are behind a pin of their own; nothing else is borrowed across polls.
impl<K, L, D> Unpin for Bulk<K, L, D> {}

impl<K, L, D> fmt::Debug for Bulk<K, L, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("jobs_at_a_time", &self.jobs_at_a_time)
            .field("under_way", &self.running.len())
            .finish_non_exhaustive()
    }
}
