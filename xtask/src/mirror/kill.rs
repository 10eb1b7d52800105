//! Workers on PostgreSQL that mirror to S3, killed at random.

use std::time::{Duration, Instant};

use super::fleet::Fleet;
use super::ground::Ground;
use super::ledger::Ledger;
use crate::error::{Failure, Result};
use crate::sample::Random;

/// How often it is looked how far they are.
pub(super) const LOOK: Duration = Duration::from_millis(100);
/// After so long without a file more, they hang: work is taken over after 15 s.
const HANG: Duration = Duration::from_secs(120);

/// Moments, as numbers of files after which somebody is killed.
pub(super) fn moments(random: &mut Random, count: usize, files: usize) -> Vec<usize> {
    let mut moments: Vec<usize> = (0..count).map(|_| random.below(files)).collect();
    moments.sort_unstable_by(|a, b| b.cmp(a));
    moments
}

/// Whether the next moment has come, which is over then.
pub(super) fn is_due(moments: &mut Vec<usize>, files: usize) -> bool {
    moments.pop_if(|moment| *moment < files).is_some()
}

/// Looks again and again, until `step` says that it is over; it is told how many files are moved.
pub(super) fn watch(ledger: &Ledger, mut step: impl FnMut(usize) -> Result<bool>) -> Result<()> {
    let (mut most, mut since) = (0, Instant::now());
    loop {
        let moved = ledger.moved();
        if moved > most {
            (most, since) = (moved, Instant::now());
        }
        if step(moved)? {
            return Ok(());
        }
        if since.elapsed() > HANG {
            return Err(Failure::new(format!(
                "no file more than {most} was moved for {} s",
                HANG.as_secs()
            )));
        }
        std::thread::sleep(LOOK);
    }
}

pub(super) fn run(ground: &Ground<'_>) -> Result<()> {
    let (store, ledger) = (ground.bucket("kill"), ground.postgres("kill")?);
    let mut random = Random::new(ground.seed);
    let mut moments = moments(&mut random, ground.size.kills, ground.files.len());
    ground.server.forget_requests()?;
    let start = Instant::now();

    let jobs = ground.size.jobs;
    let plan = || ground.command(&store, &ledger).arg("--enqueue");
    let work = || ground.worker(&ledger, jobs).arg("--until-empty");
    let mut planner = Fleet::start("plan", 1, ground.folder(), &plan)?;
    // Each time once it has queued something more.
    for _ in 0..ground.size.plan_kills {
        let (before, since) = (ledger.count("true"), Instant::now());
        while !planner.is_over()? && ledger.count("true") == before {
            if since.elapsed() > HANG {
                return Err(Failure::new(format!(
                    "nothing was queued for {} s",
                    HANG.as_secs()
                )));
            }
        }
        planner.kill(0)?;
    }
    let mut workers = Fleet::start("worker", ground.size.workers, ground.folder(), &work)?;
    let mut planned = false;
    watch(&ledger, |moved| {
        if is_due(&mut moments, moved) {
            workers.kill(random.below(workers.size()))?;
        }
        let is_over = workers.is_over()?;
        if planned {
            return Ok(is_over);
        }
        // Those that are over may have overtaken the listing, even if it has ended since.
        planned = planner.is_over()?;
        workers.revive()?;
        Ok(false)
    })?;

    println!(
        "  {} workers of {jobs} files at a time, killed {} times, and what queues {} times; {:.0} s",
        workers.size(),
        workers.kills,
        planner.kills,
        start.elapsed().as_secs_f64()
    );
    moved_again(ground, workers.kills)?;
    ground.settled(&store, &ledger)
}

/// That no more files were moved again than were in flight when processes were killed, and that some were killed.
pub(super) fn moved_again(ground: &Ground<'_>, kills: usize) -> Result<()> {
    let (again, limit) = (ground.asked()?.again(), kills * ground.size.jobs);
    println!("  moved again: {again} files; in flight at the kills: at most {limit}");
    if kills == 0 {
        return Err(Failure::new("all was moved before anybody was killed"));
    }
    if again > limit {
        return Err(Failure::new(format!(
            "{again} files were moved again, where {limit} may be"
        )));
    }
    Ok(())
}
