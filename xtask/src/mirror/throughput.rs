//! How fast workers are against a source that is far away.

use std::time::{Duration, Instant};

use super::fleet::Fleet;
use super::ground::Ground;
use super::ledger::Ledger;
use super::store::Store;
use crate::error::{Failure, Result};

/// What workers took.
pub(super) struct Taken {
    pub(super) took: Duration,
    /// Seconds of processor time of all workers.
    pub(super) cpu: f64,
    /// The most memory of one of them at any time, in MiB.
    pub(super) peak: f64,
}

/// After so long they hang.
const HANG: Duration = Duration::from_secs(600);

/// Has so many workers, each with so many files in flight, mirror all files of the ground to a new destination.
pub(super) fn of(
    ground: &Ground<'_>,
    name: &str,
    store: &Store,
    workers: usize,
    jobs: usize,
) -> Result<Taken> {
    let ledger = ground.postgres(name)?;
    ground.mirror(store, &ledger, &["--enqueue"])?;
    // They are looked at until the last file is there, and wait for more until they are killed.
    let work = || ground.worker(&ledger, jobs).arg("--no-fsync");
    let start = Instant::now();
    let fleet = Fleet::start(name, workers, ground.folder(), &work)?;
    until_moved(&ledger, ground.files.len())?;
    let took = start.elapsed();
    let spent = fleet.spent();
    Ok(Taken {
        took,
        cpu: spent.iter().map(|(cpu, _)| cpu).sum(),
        peak: spent.iter().map(|(_, peak)| *peak).fold(0.0, f64::max),
    })
}

fn until_moved(ledger: &Ledger, count: usize) -> Result<()> {
    let start = Instant::now();
    while ledger.moved() < count {
        if start.elapsed() > HANG {
            return Err(Failure::new("the workers hang"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
