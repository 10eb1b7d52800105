//! `wbf mirror status`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use wandb_mirror::{Failure as FailedFile, Moved, Status};

use super::place::{self, Known};
use super::{LEDGER, trouble};
use crate::escape::printable;
use crate::failure::{Failure, INTERRUPTED};
use crate::interrupt::interrupts;
use crate::size;

/// The most failures that are told.
const FAILURES: u32 = 20;
/// The most of them on a terminal, where the numbers are to be seen too.
const SHOWN: usize = 5;
const EVERY: Duration = Duration::from_secs(1);
/// The time that the rate of a live view is taken over.
const WINDOW: Duration = Duration::from_secs(15);

#[derive(Args)]
pub(super) struct StatusArgs {
    /// The destination of the mirror
    #[arg(value_name = "DEST", required_unless_present = "state")]
    destination: Option<String>,
    #[arg(long, value_name = "LEDGER", help = LEDGER)]
    state: Option<String>,
    /// How to show it [default: text on a terminal, json elsewhere]
    #[arg(long, value_enum)]
    format: Option<StatusFormat>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusFormat {
    /// For people; live on a terminal
    Text,
    /// One object
    Json,
}

/// What programs read.
#[derive(Serialize)]
struct Shown {
    ledger: String,
    /// `None` where the mirrors to all destinations are counted.
    destination: Option<String>,
    #[serde(flatten)]
    status: Status,
    failures: Vec<FailedFile>,
}

pub(super) async fn run(args: StatusArgs) -> Result<ExitCode, Failure> {
    let known = Known::find(args.destination.as_deref(), args.state.as_deref()).await?;
    let is_terminal = io::stdout().is_terminal();
    let shown = match args.format {
        Some(StatusFormat::Json) => json(&known).await,
        None if !is_terminal => json(&known).await,
        _ if is_terminal => live(&known).await,
        _ => {
            write!(io::stdout(), "{}", text(&look(&known).await?))?;
            Ok(ExitCode::SUCCESS)
        }
    };
    place::close(&known.ledger).await;
    shown
}

async fn look(known: &Known) -> Result<Shown, Failure> {
    let ledger = &known.ledger;
    let status = match known.address() {
        Some(destination) => ledger.status_at(destination).await,
        None => ledger.status().await,
    };
    let status = status.map_err(trouble::of_ledger)?;
    let failures = match known.address() {
        _ if status.counts.failed.files == 0 => Ok(Vec::new()),
        Some(destination) => ledger.failures_at(destination, FAILURES).await,
        None => ledger.failures(FAILURES).await,
    };
    Ok(Shown {
        ledger: ledger.address().to_owned(),
        destination: known.address().map(str::to_owned),
        status,
        failures: failures.map_err(trouble::of_ledger)?,
    })
}

async fn json(known: &Known) -> Result<ExitCode, Failure> {
    let shown = look(known).await?;
    let text = serde_json::to_string(&shown).map_err(io::Error::from)?;
    writeln!(io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

/// Draws anew until nothing is pending; what was drawn last stays.
async fn live(known: &Known) -> Result<ExitCode, Failure> {
    let screen = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
    screen.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut interrupt = interrupts();
    let mut pace = Pace::default();
    loop {
        let mut shown = look(known).await?;
        pace.tell(&mut shown.status);
        screen.set_message(text(&shown).trim_end().to_owned());
        screen.tick();
        if shown.status.counts.pending.files == 0 {
            screen.abandon();
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            biased;
            _ = &mut interrupt => {
                screen.abandon();
                return Ok(ExitCode::from(INTERRUPTED));
            }
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// What moved since some seconds ago: the ledger has it by the minute.
#[derive(Default)]
struct Pace(VecDeque<(Instant, Moved)>);

impl Pace {
    fn tell(&mut self, status: &mut Status) {
        let (now, done) = (Instant::now(), status.counts.done);
        while self.0.front().is_some_and(|(then, _)| now - *then > WINDOW) {
            self.0.pop_front();
        }
        if let Some((then, before)) = self.0.front() {
            let seconds = (now - *then).as_secs_f64();
            status.files_per_second = done.files.saturating_sub(before.files) as f64 / seconds;
            status.bytes_per_second = done.bytes.saturating_sub(before.bytes) as f64 / seconds;
            status.seconds_left = match status.counts.pending.files {
                pending if status.files_per_second > 0.0 => Some(pending as f64 / status.files_per_second),
                _ => None,
            };
        }
        self.0.push_back((now, done));
    }
}

fn text(shown: &Shown) -> String {
    let Shown {
        ledger,
        destination,
        status,
        failures,
    } = shown;
    let counts = &status.counts;
    let all = [counts.done, counts.pending, counts.failed]
        .map(|moved| moved.files)
        .iter()
        .sum::<u64>();
    let mut text = match destination {
        Some(destination) => format!("{}, ledger {}\n", printable(destination), printable(ledger)),
        None => format!("all mirrors of the ledger {}\n", printable(ledger)),
    };
    let mut row = |what: &str, Moved { files, bytes }: Moved, more: &str| {
        let bytes = size::human(bytes);
        let _ = writeln!(
            text,
            "{}",
            format!("{what:<8} {files:>12} files  {bytes:>12}  {more}").trim_end()
        );
    };
    let percent = match all {
        0 => String::new(),
        all => format!("{:.1} %", counts.done.files as f64 * 100.0 / all as f64),
    };
    row("done", counts.done, &percent);
    row("pending", counts.pending, &left(status));
    if counts.failed.files > 0 {
        row("failed", counts.failed, "the next mirror tries them again");
    }
    if counts.gone.files > 0 {
        row(
            "gone",
            counts.gone,
            "at the destination, and at the server no more",
        );
    }
    let _ = writeln!(
        text,
        "rate     {:>12.1} files/s {:>11}/s  {} workers in the last minutes",
        status.files_per_second,
        size::human(status.bytes_per_second as u64),
        status.workers
    );
    if status.held_for_seconds > 0.0 {
        let _ = writeln!(
            text,
            "waiting  {:.0} s at the server's word",
            status.held_for_seconds.ceil()
        );
    }
    for failure in failures.iter().take(SHOWN) {
        let FailedFile {
            entity,
            project,
            run,
            name,
            tries,
            error,
            ..
        } = failure;
        let line = format!("failed {entity}/{project}/{run}/{name} ({tries} tries): {error}");
        let _ = writeln!(text, "{}", printable(&line));
    }
    text
}

/// How long what is pending will take.
fn left(status: &Status) -> String {
    match status.seconds_left {
        _ if status.counts.pending.files == 0 => String::new(),
        Some(seconds) => format!(
            "about {} left",
            indicatif::HumanDuration(Duration::from_secs_f64(seconds.min(1e9)))
        ),
        None => "nothing moves at present".to_owned(),
    }
}
