//! What the ledger costs: a measurement, which `cargo xtask mirror --bench` runs. Nothing is listed and no byte is moved, so
//! that all of the time is the ledger's and the queue's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use apalis::layers::WorkerBuilderExt as _;
use apalis::prelude::{BackendExt as _, BoxDynError, Data, Strategy, WorkerBuilder};
use futures::future::try_join_all;
use tokio::sync::Semaphore;
use wandb_client::RunPath;

use super::recorder::Recorder;
use crate::Ledger;
use crate::ledger::{Db, Fate, Listed, NewBatch, Outcome, Task};

const QUEUE: &str = "cost";
/// A listing's page, and what a worker has in flight.
const PAGE: usize = 1000;
const IN_FLIGHT: usize = 32;

/// What one process took of the machine, and the database's server with it.
#[derive(Clone, Copy)]
struct Spent {
    wall: Instant,
    ours: f64,
    servers: f64,
}

/// The processor's time of what `/proc` has under an id, in seconds; with that of children that have ended if `all`.
fn processor_time(id: &str, all: bool) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(if all { 4 } else { 2 });
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

impl Spent {
    fn now() -> Self {
        let server = std::env::var("WBF_COST_SERVER").unwrap_or_default();
        let children =
            std::fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap_or_default();
        Self {
            wall: Instant::now(),
            ours: processor_time("self", false),
            servers: processor_time(&server, true)
                + children
                    .split_whitespace()
                    .map(|id| processor_time(id, false))
                    .sum::<f64>(),
        }
    }

    /// Wall time, our processor time and the server's since then, in microseconds for each of `count`.
    fn per(self, count: usize) -> serde_json::Value {
        let now = Self::now();
        let each = |seconds: f64| (seconds * 1e8 / count as f64).round() / 100.0;
        serde_json::json!({
            "wall_us": each((now.wall - self.wall).as_secs_f64()),
            "cpu_us": each(now.ours - self.ours),
            "server_cpu_us": each(now.servers - self.servers),
        })
    }
}

fn files(from: usize) -> Vec<Listed> {
    let file = |number: usize| {
        let name = format!("media/images/step_{number:06}.png");
        Listed {
            file_id: Some(format!("UnVuRmlsZTp2MTpydW46{number:08}")),
            size: 1000,
            md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".to_owned()),
            updated_at: Some("2024-05-01T12:34:56Z".to_owned()),
            key: format!("entity/project/{}/{name}", run(from / PAGE).run()),
            batch: 0,
            name,
        }
    };
    (from..from + PAGE).map(file).collect()
}

fn run(number: usize) -> RunPath {
    RunPath::new("entity", "project", format!("r{number:07}"))
}

/// What the tasks of the queue share.
struct Shared {
    ledger: Ledger,
    recorder: Recorder,
    in_flight: Semaphore,
    left: AtomicU64,
    taking: AtomicU64,
    closing: AtomicU64,
}

fn add(sum: &AtomicU64, since: Instant) {
    let passed = u64::try_from(since.elapsed().as_micros()).unwrap();
    sum.fetch_add(passed, Ordering::Relaxed);
}

/// As a worker does, but for the files.
async fn perform(task: Task, shared: Data<Arc<Shared>>) -> Result<(), BoxDynError> {
    let begun = Instant::now();
    let batch = shared.ledger.take(task.batch).await?.unwrap();
    add(&shared.taking, begun);
    let recorded = batch.files.iter().map(|(name, _)| {
        let outcome = Outcome {
            mirror: batch.mirror,
            run: batch.run,
            name: name.clone(),
            batch: batch.batch,
            holder: batch.holder,
            fate: Fate::Moved {
                file_id: None,
                size: 1000,
                md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".to_owned()),
                updated_at: Some("2024-05-01T12:34:56Z".to_owned()),
                etag: Some("\"d41d8cd98f00b204e9800998ecf8427e\"".to_owned()),
            },
        };
        let shared = Arc::clone(&shared);
        async move {
            let _place = shared.in_flight.acquire().await;
            shared.recorder.record(outcome).await
        }
    });
    assert!(try_join_all(recorded).await?.into_iter().all(|counts| counts));
    let begun = Instant::now();
    shared.ledger.close(&batch).await?;
    add(&shared.closing, begun);
    shared.left.fetch_sub(1, Ordering::Relaxed);
    Ok(())
}

macro_rules! engine {
    ($storage:expr, $config:ty, $shared:expr) => {{
        let config = <$config>::default()
            .queue(QUEUE)
            .batch_size(super::queue::AT_ONCE);
        let polling = Strategy::new().interval(Duration::from_millis(100));
        let worker = WorkerBuilder::new("cost")
            .backend($storage.with_config(config).poll_with_strategy(polling))
            .data(Arc::clone($shared))
            .concurrency(super::queue::BATCHES)
            .build(perform);
        let shared = Arc::clone($shared);
        let until_empty = async move {
            while shared.left.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok::<_, std::io::Error>(())
        };
        worker.run_until(until_empty).await.unwrap();
    }};
}

/// `WBF_COST_ROWS` files, in whole pages, and `WBF_COST_TASK` of them to a task, on the ledger `WBF_COST_LEDGER`: two pages in
/// tasks of 128 on a new one, where nothing is said. What each step took is printed as JSON.
#[tokio::test(flavor = "multi_thread")]
async fn of_the_ledger() {
    let given = |name: &str, usual: usize| match std::env::var(name) {
        Ok(number) => number.parse().unwrap(),
        Err(_) => usual,
    };
    let ledger = match std::env::var("WBF_COST_LEDGER") {
        Ok(address) => Ledger::open(&address).await.unwrap(),
        Err(_) => Ledger::in_memory().await.unwrap(),
    };
    let rows: usize = given("WBF_COST_ROWS", 2 * PAGE);
    let task: usize = given("WBF_COST_TASK", 128);
    let mirror = ledger
        .mirror("http://server", "s3://bucket/prefix")
        .await
        .unwrap();
    let mut batches = 0;
    let (mut known, mut queued) = (Vec::new(), Vec::new());

    let start = Spent::now();
    for page in 0..rows / PAGE {
        let number = ledger.run(mirror, &run(page)).await.unwrap();
        let files = files(page * PAGE);
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        known.push(ledger.known(number, &names).await.unwrap().len());
        queued.push((number, files));
    }
    let comparing_new = start.per(rows);
    assert_eq!(known.iter().sum::<usize>(), 0);

    let start = Spent::now();
    for (number, mut files) in queued {
        let mut new = Vec::new();
        for part in files.chunks_mut(task) {
            batches += 1;
            new.push(NewBatch { id: batches });
            for file in part {
                file.batch = batches;
            }
        }
        ledger.enqueue(QUEUE, number, &files, &new).await.unwrap();
    }
    let queueing = start.per(rows);

    let tasks = usize::try_from(batches).unwrap();
    let shared = Arc::new(Shared {
        recorder: Recorder::new(ledger.clone(), "cost".to_owned(), Duration::from_secs(1)),
        in_flight: Semaphore::new(IN_FLIGHT),
        left: AtomicU64::new(batches.unsigned_abs()),
        taking: AtomicU64::new(0),
        closing: AtomicU64::new(0),
        ledger: ledger.clone(),
    });
    let start = Spent::now();
    match &ledger.db {
        Db::Sqlite(pool) => {
            engine!(
                apalis_sqlite::SqliteStorage::<Task>::new(pool),
                apalis_sqlite::Config,
                &shared
            );
        }
        Db::Postgres(pool) => {
            engine!(
                apalis_postgres::PostgresStorage::<Task>::new(pool),
                apalis_postgres::Config,
                &shared
            );
        }
    }
    let moving = start.per(rows);

    let start = Spent::now();
    for page in 0..rows / PAGE {
        let number = ledger.known_run(mirror, &run(page)).await.unwrap().unwrap();
        let files = files(page * PAGE);
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(ledger.known(number, &names).await.unwrap().len(), PAGE);
    }
    let comparing_old = start.per(rows);
    let each = |sum: &AtomicU64| sum.load(Ordering::Relaxed) as f64 / tasks as f64;
    let said = serde_json::json!({
        "rows": rows, "tasks": tasks,
        "comparing_new": comparing_new, "queueing": queueing,
        "taking_and_recording": moving, "comparing_old": comparing_old,
        "taking_us_per_task": each(&shared.taking), "closing_us_per_task": each(&shared.closing),
    });
    println!("{said}");
}
