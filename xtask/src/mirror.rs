//! `cargo xtask mirror`: mirrors that are killed, cut off and held up, and what comes of them.

mod bench;
mod changes;
mod cost;
mod fleet;
mod ground;
mod kill;
mod ledger;
mod outages;
mod seed;
mod sqlite;
mod store;
mod throughput;
mod verify;

use std::time::{Duration, Instant};

use crate::bins::{self, Bins};
use crate::debian;
use crate::error::{Context, Failure, Result};
use crate::services::postgres::Fsync;
use ground::Ground;
use seed::Shape;

/// What is played, and how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// As small and short as `cargo xtask test` has it
    #[arg(long)]
    short: bool,
    /// Measure instead, and put the figures into xtask/scale.json
    #[arg(long, conflicts_with_all = ["parts", "short"])]
    bench: bool,
    /// What files and moments are drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Options {
    /// As much as every check of the workspace has time for.
    pub(crate) fn short() -> Self {
        Self {
            parts: Vec::new(),
            short: true,
            bench: false,
            seed: 1,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Many workers on PostgreSQL and S3, killed at random
    Kill,
    /// One process on SQLite and a folder, killed at random
    Sqlite,
    /// PostgreSQL, S3 and W&B away for a while
    Outages,
    /// What changes between two calls, what verify finds, what export writes
    Changes,
}

/// How much of everything.
struct Size {
    shape: Shape,
    /// Workers that are killed.
    workers: usize,
    /// Files that each process has in flight.
    jobs: usize,
    /// How often workers are killed.
    kills: usize,
    /// How often the process that lists and queues is killed.
    plan_kills: usize,
    /// How long something is away.
    outage: Duration,
}

const WHOLE: Size = Size {
    shape: Shape {
        runs: 200,
        files: 100,
        large: 5,
    },
    workers: 4,
    jobs: 16,
    kills: 40,
    plan_kills: 3,
    outage: Duration::from_secs(20),
};

/// For outages: they begin at parts of the whole, and the rest has to last.
const MIDDLE: Size = Size {
    shape: Shape {
        runs: 40,
        files: 100,
        large: 5,
    },
    ..WHOLE
};

const SHORT: Size = Size {
    shape: Shape {
        runs: 12,
        files: 50,
        large: 2,
    },
    workers: 2,
    jobs: 8,
    kills: 3,
    plan_kills: 1,
    outage: Duration::from_secs(5),
};

type Play = fn(&Ground<'_>) -> Result<()>;

/// The parts that are played one after the other on the same files, by what is typed to have one alone.
type Group = &'static [(Part, &'static str, Play)];

const KILLS: Group = &[
    (Part::Kill, "kill", kill::run),
    (Part::Sqlite, "sqlite", sqlite::run),
];
const OUTAGES: Group = &[(Part::Outages, "outages", outages::run)];
const CHANGES: Group = &[(Part::Changes, "changes", changes::run)];

/// Plays the parts; the first that fails ends it.
pub(crate) fn run(options: &Options) -> Result<()> {
    // To read what lies in buckets and ledgers.
    debian::ensure(&["curl", "sqlite3"])?;
    if options.bench {
        return bench::run(options);
    }
    // Those of the tests are there when it is one of them.
    let bins = if options.short {
        bins::debug()?
    } else {
        bins::programs()?
    };
    let [size, middle] = if options.short {
        [&SHORT; 2]
    } else {
        [&WHOLE, &MIDDLE]
    };
    // What changes the files comes last, and needs no more of them.
    let rest = || {
        play(&bins, middle, "outages", OUTAGES, options)
            .and_then(|()| play(&bins, &SHORT, "changes", CHANGES, options))
    };
    if !options.short {
        play(&bins, size, "kill", KILLS, options)?;
        return rest();
    }
    // Most of the time they wait.
    std::thread::scope(|scope| {
        let kills = scope.spawn(|| play(&bins, size, "kill", KILLS, options));
        let rest = rest();
        kills
            .join()
            .unwrap_or_else(|_| Err(Failure::new("a part broke off")))
            .and(rest)
    })
}

/// Plays those of a group that are wanted, on servers of its own.
fn play(bins: &Bins, size: &Size, folder: &str, group: Group, options: &Options) -> Result<()> {
    let is_wanted = |part: &Part| options.parts.is_empty() || options.parts.contains(part);
    if !group.iter().any(|(part, ..)| is_wanted(part)) {
        return Ok(());
    }
    let ground = Ground::new(bins, size, options.seed, folder, Fsync::Off, &[])?;
    for (_, name, play) in group.iter().filter(|(part, ..)| is_wanted(part)) {
        let start = Instant::now();
        play(&ground).or_fail(|| format!("have a mirror stand it: {name}"))?;
        println!("{name}: {:.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Fails with what differs, if anything does.
fn same(what: &str, differences: &[String]) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    let shown: Vec<&str> = differences.iter().take(10).map(String::as_str).collect();
    let count = differences.len();
    Err(Failure::new(format!(
        "{what}: {count} differences\n  {}",
        shown.join("\n  ")
    )))
}

/// Fails where something is not as it should be.
fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: {found:?} instead of {expected:?}")))
}
