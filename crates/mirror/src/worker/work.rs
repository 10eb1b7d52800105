//! What the tasks of a worker share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::sync::watch;
use wandb_client::{Api, File, Slots};

use super::recorder::Recorder;
use super::{Enough, FileMoved, WorkerOptions, batch, queue};
use crate::ledger::{Fate, Task};
use crate::{Destination, DestinationError, Ledger, MirrorError};

/// The end of a batch that is under way, for whoever waits for it.
type UnderWay = Shared<BoxFuture<'static, Result<(), String>>>;

pub(super) struct Work {
    pub(super) api: Api,
    pub(super) ledger: Ledger,
    pub(super) slots: Slots,
    pub(super) patience: Duration,
    fsync: bool,
    pub(super) recorder: Recorder,
    /// Batches that this process works on. The queue may hand one out again: after an outage of the ledger in which no
    /// heartbeat got through.
    under_way: Mutex<HashMap<i64, UnderWay>>,
    /// How many of them have not ended.
    batches: watch::Sender<usize>,
    destinations: Mutex<HashMap<String, Destination>>,
    /// Files that were moved, to tell a file's trouble from everybody's.
    pub(super) moved: AtomicU64,
    last_moved: Mutex<Option<File>>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) enough: watch::Sender<Enough>,
    /// Why this process can do nothing at all.
    given_up: Mutex<Option<MirrorError>>,
    tell: Box<dyn Fn(FileMoved) + Send + Sync>,
}

/// A batch that is under way, until it is dropped.
struct Counted(Arc<Work>);

impl Counted {
    fn new(work: &Arc<Work>) -> Self {
        work.batches.send_modify(|batches| *batches += 1);
        Self(Arc::clone(work))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.batches.send_modify(|batches| *batches -= 1);
    }
}

impl Work {
    pub(super) fn new(
        api: Api,
        ledger: Ledger,
        options: &WorkerOptions,
        tell: Box<dyn Fn(FileMoved) + Send + Sync>,
    ) -> Self {
        Self {
            recorder: Recorder::new(ledger.clone(), queue::name_of_process(), options.patience),
            slots: Slots::new(options.jobs),
            patience: options.patience,
            fsync: options.fsync,
            under_way: Mutex::default(),
            batches: watch::Sender::new(0),
            destinations: Mutex::default(),
            moved: AtomicU64::new(0),
            last_moved: Mutex::default(),
            stop: watch::Sender::new(false),
            enough: watch::Sender::new(Enough::Never),
            given_up: Mutex::default(),
            tell,
            api,
            ledger,
        }
    }

    pub(super) fn server(&self) -> String {
        self.api.settings().base_address().to_owned()
    }

    /// Stops, since nothing can be done.
    pub(super) fn give_up(&self, why: MirrorError) {
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.get_or_insert(why);
        drop(given_up);
        self.stop.send_replace(true);
    }

    /// Why nothing could be done, told once.
    pub(super) fn why_given_up(&self) -> Option<MirrorError> {
        self.given_up
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until the worker is to stop.
    pub(super) async fn stopping(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Waits until no batch is under way.
    pub(super) async fn settled(&self) {
        let mut batches = self.batches.subscribe();
        let _ = batches.wait_for(|batches| *batches == 0).await;
    }

    pub(super) fn known_destinations(&self) -> MutexGuard<'_, HashMap<String, Destination>> {
        // Nothing in here can be left half done.
        self.destinations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn destination(&self, address: &str) -> Result<Destination, DestinationError> {
        let mut known = self.known_destinations();
        if let Some(destination) = known.get(address) {
            return Ok(destination.clone());
        }
        let opened = Destination::existing(address)?.with_fsync(self.fsync);
        known.insert(address.to_owned(), opened.clone());
        Ok(opened)
    }

    /// Does what a task asks for; a batch that is under way already is waited for.
    pub(super) async fn perform(self: Arc<Self>, task: Task) -> Result<(), String> {
        let under_way = {
            let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            let begun = all.entry(task.batch).or_insert_with(|| {
                let work = Arc::clone(&self);
                let counted = Counted::new(&self);
                // A task of its own: the queue drops what it waits for when its database is away.
                let done = tokio::spawn(async move {
                    let _counted = counted;
                    batch::move_all(&work, task).await
                });
                async move {
                    match done.await {
                        Ok(done) => done.map_err(|error| error.to_string()),
                        Err(panic) => Err(panic.to_string()),
                    }
                }
                .boxed()
                .shared()
            });
            begun.clone()
        };
        let done = under_way.await;
        let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&task.batch);
        done
    }

    pub(super) fn note_moved(&self, file: &File) {
        self.moved.fetch_add(1, Ordering::Relaxed);
        *self.last_moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(file.clone());
    }

    /// A file of which it is known that it can be had.
    pub(super) fn last_moved(&self) -> Option<File> {
        let last = self.last_moved.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    pub(super) fn told(&self, file: String, fate: &Fate) {
        let moved = match fate {
            Fate::Moved { size, .. } => FileMoved::Done {
                file,
                bytes: size.unsigned_abs(),
            },
            Fate::Failed(error) => FileMoved::Failed {
                file,
                error: error.clone(),
            },
            Fate::Gone => FileMoved::Gone { file },
        };
        (self.tell)(moved);
    }
}
