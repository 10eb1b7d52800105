//! What moves files: a worker of the queue.

mod batch;
mod bring;
#[cfg(test)]
mod cost;
mod herald;
mod queue;
mod recorder;
mod trouble;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wandb_client::Api;

use crate::{Destination, Ledger, MirrorError};
pub(crate) use queue::name as queue_of;
use work::Work;

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
        let work = Work::new(api, ledger, &options, Box::new(listener));
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
        self.shared.why_given_up().map_or(Ok(()), Err)
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

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("ledger", &self.shared.ledger.address())
            .field("options", &self.options)
            .finish_non_exhaustive()
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
