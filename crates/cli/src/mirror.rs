//! `wbf mirror`: run files in storage of one's own.

mod export;
mod make;
mod place;
mod progress;
mod report;
mod source;
mod status;
mod trouble;
mod verify;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::SignedDuration;

use crate::console::Console;
use crate::failure::Failure;

/// How the ledger is named, in the help of every command that takes one.
const LEDGER: &str = "The ledger: a SQLite file, or postgres://USER@HOST/DATABASE for workers on many machines [default: beside a \
                      destination that is a folder, else in the user's data folder]";

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "wbf mirror [OPTIONS] <SRC>... <DEST>\n       wbf mirror <COMMAND>"
)]
pub(crate) struct MirrorArgs {
    #[command(subcommand)]
    command: Option<MirrorCommand>,
    #[command(flatten)]
    make: make::MakeArgs,
}

#[derive(Subcommand)]
enum MirrorCommand {
    /// Move what is queued in a ledger, beside any number of others that do
    #[command(after_help = "\
Takes what `wbf mirror --enqueue` or another `wbf mirror` has queued. A worker that
dies has its work taken over. SIGTERM and Ctrl-C stop it: files under way are
finished where that takes but seconds, the rest goes back to the queue.

Examples:
  wbf mirror work --state postgres://wbf@db/mirrors
  wbf mirror work --state postgres://wbf@db/mirrors --until-empty --jobs 64")]
    Work(work::WorkArgs),
    /// Show how far a mirror has got
    #[command(after_help = "\
On a terminal it is drawn anew every second until nothing is pending; elsewhere it is
one JSON object.

Examples:
  wbf mirror status /data/mnist
  wbf mirror status s3://bucket/mnist
  wbf mirror status --state postgres://wbf@db/mirrors | jq .counts.pending.files")]
    Status(status::StatusArgs),
    /// Compare what is at a destination with the ledger and the server
    #[command(after_help = "\
Sizes are always compared; digests where the destination tells them, and of all files
with --read. At the destination nothing is changed; with --repair, the next mirror moves
again what is missing or wrong there. Exit status 1: something is not as it should be.

Examples:
  wbf mirror verify /data/mnist --read
  wbf mirror verify s3://bucket/mnist
  wbf mirror verify s3://bucket/mnist --state postgres://wbf@db/mirrors --no-server --format ndjson")]
    Verify(verify::VerifyArgs),
    /// Write the ledger, a row a file, as Parquet or CSV
    #[command(after_help = "\
Examples:
  wbf mirror export mnist.parquet /data/mnist
  wbf mirror export all.csv --state postgres://wbf@db/mirrors
  duckdb -c \"SELECT run, sum(size) FROM 'mnist.parquet' GROUP BY run\"")]
    Export(export::ExportArgs),
}

pub(crate) async fn run(args: MirrorArgs, console: &Console) -> Result<ExitCode, Failure> {
    match args.command {
        None => Box::pin(make::run(args.make, console)).await,
        Some(MirrorCommand::Work(args)) => work::run(args, console).await,
        Some(MirrorCommand::Status(args)) => status::run(args).await,
        Some(MirrorCommand::Verify(args)) => verify::run(args, console).await,
        Some(MirrorCommand::Export(args)) => export::run(args, console).await,
    }
}

/// A length of time: `90s`, `10m`, `1h 30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Result<SignedDuration, _> = text.parse();
    parsed
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| "write how long as 90s, 10m or 1h".to_owned())
}
