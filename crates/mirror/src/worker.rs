//! What moves files: a worker of the queue.

mod batch;
mod bring;
#[cfg(test)]
mod cost;
mod herald;
mod queue;
mod recorder;
mod trouble;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::sync::watch;
use wandb_client::{Api, File, Slots};

use crate::ledger::{Fate, Task};
use crate::{Destination, DestinationError, Ledger, MirrorError};
pub(crate) use queue::name as queue_of;
use recorder::Recorder;

/// How a worker works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// Files that are moved at the same time.
    pub jobs: usize,
    /// How long an outage (of the server, the destination or the ledger) is waited for before a file counts as failed.
    pub patience: Duration,
    /// How often a worker shows that it lives; its work is taken over after three times that.
    pub heartbeat: Duration,
    /// Whether files in a folder are forced to the disk before they count as moved, to outlive a crash of the machine.
    pub fsync: bool,
}

impl Default for WorkerOptions {
    /// 32 files, an hour, 5 seconds, forced to the disk.
    fn default() -> Self {
        Self {
            jobs: 32,
            patience: Duration::from_secs(3600),
            heartbeat: Duration::from_secs(5),
            fsync: true,
        }
    }
}

/// What a worker did to a file, as [`Worker::with_listener`] tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileMoved {
    /// It is at the destination.
    Done {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// Its bytes.
        bytes: u64,
    },
    /// It could not be moved.
    Failed {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// Why.
        error: String,
    },
    /// The server has it no more.
    Gone {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
    },
}

/// Takes work from the queue of a ledger, and does it: lists the files of a batch again, which gives fresh addresses,
/// streams each to its destination, and notes it in the ledger.
///
/// Any number of workers may share a ledger on PostgreSQL. Whoever is gone for three heartbeats has its work taken over.
#[derive(Clone)]
pub struct Worker {
    shared: Arc<Work>,
    options: WorkerOptions,
}

/// The end of a batch that is under way, for whoever waits for it.
type UnderWay = Shared<BoxFuture<'static, Result<(), String>>>;

/// What the tasks of a worker share.
pub(crate) struct Work {
    api: Api,
    ledger: Ledger,
    slots: Slots,
    patience: Duration,
    fsync: bool,
    recorder: Recorder,
    /// Batches that this process works on. The queue may hand one out again: after an outage of the ledger in which no
    /// heartbeat got through.
    under_way: Mutex<HashMap<i64, UnderWay>>,
    /// How many of them have not ended.
    batches: watch::Sender<usize>,
    destinations: Mutex<HashMap<String, Destination>>,
    /// Files that were moved, to tell a file's trouble from everybody's.
    moved: AtomicU64,
    last_moved: Mutex<Option<File>>,
    stop: watch::Sender<bool>,
    enough: watch::Sender<Enough>,
    /// Why this process can do nothing at all.
    given_up: Mutex<Option<MirrorError>>,
    tell: Box<dyn Fn(FileMoved) + Send + Sync>,
}

impl Worker {
    /// A worker that asks `api` for files. Destinations are those of the ledger's mirrors; what credentials they want comes
    /// from the environment, and a folder has to be there. Sends nothing.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn new(api: Api, ledger: Ledger, options: WorkerOptions) -> Self {
        Self::with_listener(api, ledger, options, |_| ())
    }

    /// A worker that tells `listener` what it does to each file.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn with_listener(
        api: Api,
        ledger: Ledger,
        options: WorkerOptions,
        listener: impl Fn(FileMoved) + Send + Sync + 'static,
    ) -> Self {
        let work = Work {
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
            tell: Box::new(listener),
            api,
            ledger,
        };
        Self {
            shared: Arc::new(work),
            options,
        }
    }

    /// Uses `destination` for the mirrors that have its address, rather than to open it anew: for one that only this
    /// process can reach, as memory.
    #[must_use]
    pub fn with_destination(self, destination: Destination) -> Self {
        let address = destination.address().to_owned();
        self.shared.known_destinations().insert(address, destination);
        self
    }

    /// Works until it has done `enough`, or until [`stop`](Self::stop).
    ///
    /// An outage of the ledger is waited for, as long as the options' patience lasts.
    ///
    /// # Errors
    /// [`MirrorError`]: the ledger cannot be used, or was away for too long; the server refuses the credential, or a destination
    /// cannot be opened here, so that the work is better left to others. What is not moved stays queued.
    pub async fn run(&self, enough: Enough) -> Result<(), MirrorError> {
        self.until(enough);
        queue::run(&self.shared, &self.options).await?;
        let given_up = self.shared.given_up.lock();
        given_up
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .map_or(Ok(()), Err)
    }

    /// Says when a worker that runs has done enough: `Never` while a plan is being made, and another thing after that.
    pub fn until(&self, enough: Enough) {
        self.shared.enough.send_replace(enough);
    }

    /// Begins no further file, waits some seconds for those under way, and gives the rest back to the queue.
    pub fn stop(&self) {
        self.shared.stop.send_replace(true);
    }
}

/// When a worker has done enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enough {
    /// Never: it waits for more.
    Never,
    /// Once nothing of its server is queued, by any mirror.
    Empty,
    /// Once nothing of this mirror is queued.
    Mirror(MirrorId),
}

/// The number of a mirror in its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorId(pub(crate) i64);

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
    pub(crate) fn server(&self) -> String {
        self.api.settings().base_address().to_owned()
    }

    /// Stops, since nothing can be done.
    fn give_up(&self, why: MirrorError) {
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.get_or_insert(why);
        drop(given_up);
        self.stop.send_replace(true);
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until the worker is to stop.
    async fn stopping(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop).await;
    }

    /// Waits until no batch is under way.
    async fn settled(&self) {
        let mut batches = self.batches.subscribe();
        let _ = batches.wait_for(|batches| *batches == 0).await;
    }

    fn known_destinations(&self) -> std::sync::MutexGuard<'_, HashMap<String, Destination>> {
        // Nothing in here can be left half done.
        self.destinations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn destination(&self, address: &str) -> Result<Destination, DestinationError> {
        let mut known = self.known_destinations();
        if let Some(destination) = known.get(address) {
            return Ok(destination.clone());
        }
        let opened = Destination::existing(address)?.with_fsync(self.fsync);
        known.insert(address.to_owned(), opened.clone());
        Ok(opened)
    }

    /// Does what a task asks for; a batch that is under way already is waited for.
    async fn perform(self: Arc<Self>, task: Task) -> Result<(), String> {
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

    fn note_moved(&self, file: &File) {
        self.moved.fetch_add(1, Ordering::Relaxed);
        *self.last_moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(file.clone());
    }

    /// A file of which it is known that it can be had.
    fn last_moved(&self) -> Option<File> {
        let last = self.last_moved.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    fn told(&self, file: String, fate: &Fate) {
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
