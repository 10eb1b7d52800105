//! PostgreSQL, S3 and W&B away for a while, each in the middle of a mirror.

use std::time::{Duration, Instant};

use super::equal;
use super::fleet::Fleet;
use super::ground::Ground;
use super::kill::{LOOK, watch};
use super::ledger::Ledger;
use crate::error::{Failure, Result};

/// Something that goes away, and comes back.
struct Outage {
    what: &'static str,
    begin: fn(&Ground<'_>) -> Result<()>,
    end: fn(&Ground<'_>) -> Result<()>,
}

const OUTAGES: &[Outage] = &[
    Outage {
        what: "PostgreSQL",
        begin: |ground| ground.services.borrow_mut().postgres.stop(),
        end: |ground| ground.services.borrow_mut().postgres.restart(),
    },
    Outage {
        what: "S3",
        begin: |ground| ground.services.borrow_mut().s3.stop(),
        end: |ground| ground.services.borrow_mut().s3.restart(),
    },
    Outage {
        what: "W&B with 429 and Retry-After: 2",
        begin: |ground| refuse(ground, "reply=429,retry-after=2"),
        end: slow,
    },
    Outage {
        what: "W&B with 429 alone",
        begin: |ground| refuse(ground, "reply=429"),
        end: slow,
    },
];

/// So that all of it takes longer than the outages.
fn slow(ground: &Ground<'_>) -> Result<()> {
    ground.server.clear_faults()?;
    ground
        .server
        .set_faults(&["storage::times=always:delay=150ms".to_owned()])
}

fn refuse(ground: &Ground<'_>, answer: &str) -> Result<()> {
    let everywhere = ["graphql", "files", "storage"].map(|target| format!("{target}::times=always:{answer}"));
    ground.server.clear_faults()?;
    ground.server.set_faults(&everywhere)
}

pub(super) fn run(ground: &Ground<'_>) -> Result<()> {
    let (store, ledger) = (ground.bucket("outages"), ground.postgres("outages")?);
    ground.mirror(&store, &ledger, &["--enqueue"])?;
    equal(
        "files that are queued",
        &ledger.count("state = 'pending'"),
        &ground.files.len(),
    )?;
    slow(ground)?;
    let work = || ground.worker(&ledger, ground.size.jobs).arg("--until-empty");
    let mut workers = Fleet::start("outage", 2, ground.folder(), &work)?;
    for (number, outage) in OUTAGES.iter().enumerate() {
        let at = ground.files.len() * (2 * number + 1) / (2 * OUTAGES.len() + 1);
        watch(&ledger, |moved| Ok(moved > at || workers.is_over()?))?;
        let took = away(ground, outage, &ledger, &mut workers)?;
        println!(
            "  {} away for {} s at file {at}: it went on {:.1} s after",
            outage.what,
            ground.size.outage.as_secs(),
            took.as_secs_f64()
        );
    }
    watch(&ledger, |_| workers.is_over())?;
    ground.server.clear_faults()?;
    let tries = ledger.query("SELECT max(tries), sum(tries) FROM wbf_files")?;
    equal(
        "the most tries of a file, and of all",
        &tries,
        &format!("1|{}", ground.files.len()),
    )?;
    ground.settled(&store, &ledger)
}

/// Has something away in the middle of a mirror; how long after its return the first file was moved.
fn away(ground: &Ground<'_>, outage: &Outage, ledger: &Ledger, workers: &mut Fleet<'_>) -> Result<Duration> {
    let start = Instant::now();
    (outage.begin)(ground)?;
    while start.elapsed() < ground.size.outage {
        if workers.is_over()? {
            return Err(Failure::new(format!(
                "the workers ended while {} was away",
                outage.what
            )));
        }
        std::thread::sleep(LOOK);
    }
    (outage.end)(ground)?;
    let (back, before) = (Instant::now(), ledger.moved());
    watch(ledger, |moved| Ok(moved > before || workers.is_over()?))?;
    Ok(back.elapsed())
}
