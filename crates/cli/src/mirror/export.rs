//! `wbf mirror export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use wandb_mirror::{Format, export_to};

use super::LEDGER;
use super::place::{self, Known};
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{Failure, INTERRUPTED};
use crate::interrupt::interrupts;

#[derive(Args)]
pub(super) struct ExportArgs {
    /// The file to write, whose name ends in .parquet or .csv
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// The destination of the mirror: only its files
    #[arg(value_name = "DEST", required_unless_present = "state")]
    destination: Option<String>,
    #[arg(long, value_name = "LEDGER", help = LEDGER)]
    state: Option<String>,
}

pub(super) async fn run(args: ExportArgs, console: &Console) -> Result<ExitCode, Failure> {
    let format = Format::of(&args.out).map_err(|error| Failure::Usage(error.to_string()))?;
    let known = Known::find(args.destination.as_deref(), args.state.as_deref()).await?;
    let entries = known.ledger.entries(known.address());
    let rows = tokio::select! {
        biased;
        _ = interrupts() => return Ok(ExitCode::from(INTERRUPTED)),
        rows = export_to(entries, format, &args.out) => rows.map_err(|error| Failure::Error(error.to_string()))?,
    };
    place::close(&known.ledger).await;
    console.say(&printable(&format!(
        "{rows} rows written to {}",
        args.out.display()
    )));
    Ok(ExitCode::SUCCESS)
}
