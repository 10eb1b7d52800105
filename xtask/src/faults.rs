//! `cargo xtask faults`: what goes wrong between a server and a disk, and what wbf and the SDK make of it.

mod outcome;
pub(crate) mod play;
mod row;
mod table;
mod upload;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::error::{Failure, Result, chain};
use crate::sample::Scratch;
use crate::{bins, python, sh};
use outcome::Outcome;
use play::{Client, Seeds, Stage};
use row::{Expected, Listing, Row};
use upload::Upload;

/// Which rows, and who plays them.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the column of the Python SDK
    #[arg(long)]
    pub(crate) no_sdk: bool,
    /// Which version of the Python SDK
    #[arg(long, value_name = "VERSION", default_value = python::DOCUMENTED, value_parser = python::VERSIONS)]
    pub(crate) sdk: String,
    /// Only rows whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) only: String,
    /// How many rows are played at a time
    #[arg(long, value_name = "N", default_value_t = JOBS)]
    pub(crate) jobs: usize,
    /// Show the last lines that wbf said in each row, not only in those that failed
    #[arg(long)]
    pub(crate) say: bool,
}

impl Options {
    /// What every check of the workspace has time for.
    pub(crate) fn without_sdk() -> Self {
        Self {
            no_sdk: true,
            sdk: python::DOCUMENTED.to_owned(),
            only: String::new(),
            jobs: JOBS,
            say: false,
        }
    }
}

/// Most of a row's time is waiting.
const JOBS: usize = 16;

/// Plays every row, prints the table, and fails if wbf did in one what it must not.
pub(crate) fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let python = if options.no_sdk {
        None
    } else {
        Some(python::environment(&options.sdk)?)
    };
    let bins = bins::debug()?;
    let scratch = Scratch::new(sh::target()?.join("faults"))?;
    let seeds = Seeds::write(scratch.path().join("seeds"))?;
    let stage = Stage {
        bins: &bins,
        seeds: &seeds,
    };
    let downloads = table::rows().into_iter().map(Fault::Download);
    let uploads = upload::rows().into_iter().map(Fault::Upload);
    let mut rows: Vec<Fault> = downloads.chain(uploads).collect();
    rows.retain(|row| row.name().contains(&options.only));
    if let Err(why) = play::mounting() {
        let all = rows.len();
        rows.retain(|row| !matches!(row, Fault::Download(row) if row.place.is_mounted()));
        println!(
            "{} rows need a file system of their own and are not played: {}",
            all - rows.len(),
            chain(&why)
        );
    }
    let played = play_all(&stage, &rows, python.as_deref(), scratch.path(), options.jobs);

    let sdk = format!("SDK {}", options.sdk);
    let sdk = if options.no_sdk { "" } else { &sdk };
    println!("\n{:<56}{:<9}{:<28}{sdk}", "fault", "", "wbf");
    let mut failed = 0;
    for (row, played) in rows.iter().zip(&played) {
        let wrongs = match &played.wbf {
            Ok(outcome) => outcome.wrongs(row.expected(), row.least_met()),
            Err(error) => vec![chain(error)],
        };
        failed += usize::from(!wrongs.is_empty());
        let verdict = if wrongs.is_empty() { "ok" } else { "FAILED" };
        let cell = |outcome: &Result<Outcome>| outcome.as_ref().map_or_else(chain_of, Outcome::cell);
        let sdk = played.sdk.as_ref().map_or_else(String::new, cell);
        println!("{:<56}{verdict:<9}{:<28}{sdk}", row.name(), cell(&played.wbf));
        for wrong in &wrongs {
            println!("    {wrong}");
        }
        if let Ok(outcome) = &played.wbf
            && (options.say || !wrongs.is_empty())
        {
            println!("    after {:.1} s wbf said:", outcome.took.as_secs_f64());
            for line in outcome
                .output
                .lines()
                .rev()
                .take(6)
                .collect::<Vec<_>>()
                .iter()
                .rev()
            {
                println!("      {line}");
            }
        }
    }
    println!(
        "\n{} passed, {failed} failed, {:.0} s",
        rows.len() - failed,
        start.elapsed().as_secs_f64()
    );
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::new("a fault did what it must not"))
    }
}

fn chain_of(error: &Failure) -> String {
    format!("not played: {}", chain(error))
}

/// A row of the table.
enum Fault {
    Download(Row),
    Upload(Upload),
}

impl Fault {
    fn name(&self) -> &str {
        match self {
            Self::Download(row) => &row.name,
            Self::Upload(row) => &row.name,
        }
    }

    fn expected(&self) -> Expected {
        match self {
            Self::Download(row) => row.expected,
            Self::Upload(row) => row.expected,
        }
    }

    /// A row whose faults nobody met shows nothing. The listing that is told is one of them.
    fn least_met(&self) -> u64 {
        let (told, faults) = match self {
            Self::Download(row) => (!matches!(row.listing, Listing::Honest), &row.faults),
            Self::Upload(row) => (false, &row.faults),
        };
        u64::from(told) + u64::from(!faults.is_empty())
    }

    fn play(&self, stage: &Stage<'_>, client: Client<'_>, folder: PathBuf) -> Result<Outcome> {
        match self {
            Self::Download(row) => stage.play(row, client, folder),
            Self::Upload(row) => row.play(stage, client, folder),
        }
    }
}

struct Played {
    wbf: Result<Outcome>,
    sdk: Option<Result<Outcome>>,
}

/// Plays the rows, so many at a time, each by both clients at once.
fn play_all(
    stage: &Stage<'_>,
    rows: &[Fault],
    python: Option<&Path>,
    folder: &Path,
    jobs: usize,
) -> Vec<Played> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(row) = rows.get(number) else { break };
                    let place = |who: &str| folder.join(format!("{number}-{who}"));
                    let wbf = row.play(stage, Client::Wbf, place("wbf"));
                    let sdk = python.map(|python| row.play(stage, Client::Sdk(python), place("sdk")));
                    let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    done.push((number, Played { wbf, sdk }));
                }
            });
        }
    });
    let mut played = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    played.sort_by_key(|(number, _)| *number);
    played.into_iter().map(|(_, played)| played).collect()
}
