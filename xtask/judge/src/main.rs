//! Plays the same operations on the real Python SDK and on `wandb-files`, over the same data on an embedded server,
//! and prints what comes of it as one JSON object a line. `cargo xtask conformance` runs it.
#![expect(clippy::print_stdout, reason = "what it prints is its answer")]

mod deeds;
mod draw;
mod hands;
mod kind;
mod odd;
mod operation;
mod ours;
mod python;
mod row;
mod single;
mod traces;

use std::path::PathBuf;

use clap::Parser;
use serde_json::json;
use wandb_devserver::DevServer;

use ours::Ours;
use python::Python;
use traces::Stage;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Which SDK, and which traces.
#[derive(Parser)]
struct Options {
    /// A python that has the SDK
    #[arg(long)]
    python: PathBuf,
    /// The script that plays on the SDK
    #[arg(long)]
    script: PathBuf,
    /// An empty folder for what the SDK writes
    #[arg(long)]
    home: PathBuf,
    /// What the traces are drawn from
    #[arg(long)]
    seed: u64,
    /// How many traces
    #[arg(long)]
    traces: usize,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    first: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let server = DevServer::start().await?;
    let python = Python::start(&options.python, &options.script, &options.home, &server)?;
    let (ours, hands) = (Ours::new(&server)?, Ours::new(&server)?);
    let mut stage = Stage {
        server,
        python,
        ours,
        hands,
    };
    let mut rows = stage.attributes().await?;
    rows.extend(stage.deeds(&options.home).await?);
    let rows: Vec<_> = rows.iter().map(row::Row::json).collect();
    let numbers = options.first..options.first + options.traces;
    let tally = stage.traces(options.seed, numbers).await?;
    let count = |kind| (kind, tally.kinds.get(kind).copied().unwrap_or(0));
    let kinds: Vec<_> = kind::names().map(count).collect();
    println!(
        "{}",
        json!({"traces": tally.traces, "operations": tally.operations, "equal": tally.equal, "kinds": kinds,
            "failures": tally.failures, "files": rows})
    );
    Ok(())
}
