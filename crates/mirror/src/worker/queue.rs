//! The queue: apalis on the ledger's database.

use std::sync::Arc;
use std::time::Duration;

use apalis::layers::WorkerBuilderExt as _;
use apalis::prelude::{BackendExt as _, BackoffConfig, BoxDynError, Data, Strategy, WorkerBuilder};

use super::batch::Unfinished;
use super::trouble::Patience;
use super::{Enough, Work, WorkerOptions, herald};
use crate::MirrorError;
use crate::ledger::{Db, Task};

/// Batches that a worker has under way: while some list their files, others keep the places for files busy.
pub(super) const BATCHES: usize = 8;
/// Batches that it takes from the queue at once. Not more than there is a place for: while what was fetched waits for a place,
/// apalis shows no sign of life, and others take the work over. It spreads the last ones over all workers, too.
pub(super) const AT_ONCE: usize = 1;
/// A worker that misses so many heartbeats has its work taken over.
const MISSED_HEARTBEATS: usize = 3;
/// How often an idle worker looks for work, at first and after a while.
const POLL: Duration = Duration::from_millis(100);
const POLL_IDLE: Duration = Duration::from_secs(2);
/// How long a worker keeps a batch that it could not do.
const AGAIN: Duration = Duration::from_secs(3);
/// How long a worker may take to stop. Where its ledger is away it cannot give its work back: others take that over.
const STOP: Duration = Duration::from_secs(15);
/// How often it is asked whether a worker has done enough.
const ENOUGH: Duration = Duration::from_millis(250);

/// The queue of the work on a server's files.
pub(crate) fn name(server: &str) -> String {
    format!("wbf-mirror {server}")
}

/// What the process is called where work is counted: unique, since a machine may have several.
pub(super) fn name_of_process() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}-{}-{:08x}", host.trim(), std::process::id(), fastrand::u32(..))
}

pub(super) async fn run(work: &Arc<Work>, options: &WorkerOptions) -> Result<(), MirrorError> {
    let heralding = herald::herald(&work.api, &work.ledger);
    let stopped = async {
        work.stopping().await;
        tokio::time::sleep(STOP).await;
    };
    tokio::select! {
        done = serve(work, options) => done,
        () = heralding => Ok(()),
        () = stopped => Ok(()),
    }
}

/// Runs the engine until it has done enough; where it ends for an outage of its database, it is begun anew.
async fn serve(work: &Arc<Work>, options: &WorkerOptions) -> Result<(), MirrorError> {
    let mut patience = Patience::new(options.patience);
    loop {
        let before = std::time::Instant::now();
        let error = match once(work, options).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if before.elapsed() > options.heartbeat * 4 {
            patience = Patience::new(options.patience);
        }
        let passing = matches!(&error, MirrorError::Ledger(error) if error.is_outage())
            || matches!(&error, MirrorError::Queue(_));
        if !passing || !patience.wait().await {
            return Err(error);
        }
        tracing::warn!("{error}; trying again");
    }
}

async fn perform(task: Task, work: Data<Arc<Work>>) -> Result<(), BoxDynError> {
    if work.is_stopping() {
        // Given back at once, it would be handed out at once.
        work.settled().await;
        return Err(Unfinished::Stopped.into());
    }
    let done = Arc::clone(&work).perform(task).await;
    if let Err(why) = &done {
        if work.is_stopping() {
            tracing::debug!("a batch goes back to the queue: {why}");
        } else {
            tracing::warn!("a batch goes back to the queue: {why}");
        }
        // It is handed out again at once.
        tokio::select! {
            () = work.stopping() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
    Ok(done?)
}

/// The same for both databases, whose types differ.
macro_rules! engine {
    ($storage:expr, $config:ty, $work:expr, $options:expr) => {{
        let config = <$config>::default()
            .queue(name(&$work.server()))
            .batch_size(AT_ONCE)
            .heartbeat_interval($options.heartbeat)
            .missed_heartbeats(MISSED_HEARTBEATS);
        let idle = BackoffConfig::new(POLL_IDLE).with_multiplier(1.5);
        let polling = Strategy::new().interval_with_backoff(POLL, idle);
        let worker = WorkerBuilder::new(name_of_process().as_str())
            .backend($storage.with_config(config).poll_with_strategy(polling))
            .data(Arc::clone($work))
            .concurrency(BATCHES)
            .build(perform);
        let work = Arc::clone($work);
        worker.run_until(async move { until_enough(&work).await }).await
    }};
}

async fn once(work: &Arc<Work>, options: &WorkerOptions) -> Result<(), MirrorError> {
    let done = match &work.ledger.db {
        Db::Sqlite(pool) => {
            let storage = apalis_sqlite::SqliteStorage::<Task>::new(pool);
            engine!(storage, apalis_sqlite::Config, work, options)
        }
        Db::Postgres(pool) => {
            let storage = apalis_postgres::PostgresStorage::<Task>::new(pool);
            engine!(storage, apalis_postgres::Config, work, options)
        }
    };
    done.map_err(|error| MirrorError::Queue(error.to_string()))
}

async fn until_enough(work: &Work) -> Result<(), std::io::Error> {
    loop {
        tokio::select! {
            () = work.stopping() => {
                // The engine must not stop before that: it leaves off in the middle of what it asks its database, and on SQLite
                // nothing of what is under way could be noted then.
                work.settled().await;
                return Ok(());
            }
            () = tokio::time::sleep(ENOUGH) => {}
        }
        let enough = *work.enough.borrow();
        let busy = match enough {
            Enough::Never => Ok(true),
            Enough::Empty => work.ledger.is_busy(&work.server()).await,
            Enough::Mirror(mirror) => work.ledger.is_mirror_busy(mirror.0).await,
        };
        if let Ok(false) = busy {
            return Ok(());
        }
    }
}
