//! What the ledger itself costs: measured in the mirror's own tests, where nothing is listed and no byte is moved.

use serde_json::Value;

use super::ledger::Ledger;
use crate::error::{Context, Failure, Result};
use crate::sh::Sh;

/// The rows at which a ledger is measured, and those of a task: as it is, and so few that its own cost shows.
const ROWS: f64 = 100_000.0;
const TASKS: [f64; 2] = [128.0, 8.0];

/// Microseconds, as the clock has them, of our processor, and of the database's server.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) wall: f64,
    pub(super) cpu: f64,
    pub(super) server: f64,
}

/// What is paid for each file and task, and the room that they take.
pub(super) struct Cost {
    /// For each file of a page: compared with a ledger that does not know it, and queued.
    pub(super) listed: Times,
    /// For each file of a page that the ledger knows.
    pub(super) known: Times,
    /// For each file that is noted as moved.
    pub(super) moved: Times,
    /// For each task that is handed out, taken, and ended.
    pub(super) task: Times,
    /// Bytes for each file, those of its indexes, and those of a task.
    pub(super) row: f64,
    pub(super) indexes: f64,
    pub(super) queued: f64,
}

impl Times {
    fn of(said: &Value) -> Self {
        let field = |name: &str| said[name].as_f64().unwrap_or_default();
        Self {
            wall: field("wall_us"),
            cpu: field("cpu_us"),
            server: field("server_cpu_us"),
        }
    }

    fn with(self, other: Self, what: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            wall: what(self.wall, other.wall),
            cpu: what(self.cpu, other.cpu),
            server: what(self.server, other.server),
        }
    }
}

/// Measures on two new ledgers; `server` is the process of the database's server, if it has one.
pub(super) fn of(ledgers: &[Ledger; 2], server: Option<u32>) -> Result<Cost> {
    let [large, small] = [0, 1].map(|n| measure(&ledgers[n], TASKS[n], server));
    let (large, small) = (large?, small?);
    let moving = |said: &Value| Times::of(&said["taking_and_recording"]);
    // What a file takes is its own and its share of a task: two sizes of tasks tell the one from the other.
    let [one, other] = TASKS.map(f64::recip);
    let task = moving(&small).with(moving(&large), |small, large| {
        ((small - large) / (other - one)).max(0.0)
    });
    let listed = Times::of(&large["comparing_new"]).with(Times::of(&large["queueing"]), |a, b| a + b);
    let [rows, indexes, _] = sizes(&ledgers[0])?;
    let [.., queued] = sizes(&ledgers[1])?;
    Ok(Cost {
        listed,
        known: Times::of(&large["comparing_old"]),
        moved: moving(&large).with(task, |all, task| task.mul_add(-one, all).max(0.0)),
        task,
        row: rows / ROWS,
        indexes: indexes / ROWS,
        queued: queued * TASKS[1] / ROWS,
    })
}

fn measure(ledger: &Ledger, task: f64, server: Option<u32>) -> Result<Value> {
    let test = [
        "test",
        "--locked",
        "--release",
        "--package",
        "wandb-mirror",
        "--lib",
        "--",
    ];
    let said = Sh::cargo()
        .args(test)
        .args(["--exact", "worker::cost::of_the_ledger", "--nocapture"])
        .env("WBF_COST_LEDGER", ledger.address())
        .env("WBF_COST_ROWS", ROWS.to_string())
        .env("WBF_COST_TASK", task.to_string())
        .env(
            "WBF_COST_SERVER",
            server.map(|id| id.to_string()).unwrap_or_default(),
        )
        .read()?;
    let line = said.lines().find(|line| line.starts_with('{'));
    let line = line.ok_or_else(|| Failure::new(format!("the measurement says nothing\n{said}")))?;
    serde_json::from_str(line).or_fail(|| format!("read {line}"))
}

/// Bytes of the files' table, of its indexes, and of the queue with its own.
fn sizes(ledger: &Ledger) -> Result<[f64; 3]> {
    let sql = match ledger {
        Ledger::Sqlite(_) => {
            "SELECT sum(pgsize * (name = 'wbf_files')), sum(pgsize * (name LIKE 'wbf_files_%')),
                 sum(pgsize * (name IN (SELECT name FROM sqlite_schema WHERE tbl_name = 'Jobs'))) FROM dbstat"
        }
        Ledger::Postgres(_) => {
            "SELECT pg_table_size('wbf_files'), pg_indexes_size('wbf_files'), pg_total_relation_size('apalis.jobs')"
        }
    };
    let said = ledger.query(sql)?;
    let mut sizes = said
        .split('|')
        .map(|size| size.parse().or_fail(|| format!("read {said}")));
    let mut next = || sizes.next().unwrap_or(Ok(0.0));
    Ok([next()?, next()?, next()?])
}
