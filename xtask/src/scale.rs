//! `cargo xtask scale`: what limits a mirror of very many files.

mod costs;
mod inputs;
mod plan;
mod report;
mod resource;
mod simulation;
mod tables;
mod worker;

use clap::Args;

use crate::error::Result;
use inputs::Inputs;

/// How to simulate.
#[derive(Args)]
pub(crate) struct Options {
    /// What the draws come from: sizes, deaths, heartbeats
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the tables, and leave docs/scale.md as it is
    #[arg(long)]
    dry_run: bool,
}

/// Simulates all that the page shows.
pub(crate) fn run(options: &Options) -> Result<()> {
    let inputs = Inputs::load()?;
    let tables = tables::all(&inputs, options.seed);
    for (name, table) in &tables {
        println!("\n{name}\n\n{table}");
    }
    if options.dry_run {
        return Ok(());
    }
    report::write(&tables)
}
