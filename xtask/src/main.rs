//! Codegen, demo and checks of this workspace: `cargo xtask --help`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to a terminal is what these tools do"
)]

mod bench;
mod bins;
mod codegen;
mod conformance;
mod debian;
mod demo;
mod deny;
mod devserver;
mod error;
mod faults;
mod http;
mod instructions;
mod kill;
mod layers;
mod lines;
mod look;
mod memory;
mod mirror;
mod python;
mod sample;
mod scale;
mod selection;
mod services;
mod sh;
mod test;
mod tools;
mod versions;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Context, Result};

/// Codegen, demo and checks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show what wbf does on an embedded server: needs Rust alone, leaves nothing behind
    Demo,
    /// Run every check that CI runs, setting up what they need
    Test {
        /// Only these steps, by name
        steps: Vec<String>,
    },
    /// Run PostgreSQL and an S3 server for `cargo test` by hand, and print what leads to them
    Services(services::Options),
    /// Write the query types from schema/ into crates/queries
    Codegen {
        /// Fail when the committed ones are stale, and write nothing
        #[arg(long)]
        check: bool,
    },
    /// Prove that each crate pulls only what its layer may
    Layers,
    /// Count the lines of code of each collection
    Lines,
    /// Show what wbf and the Python SDK make of everything that can go wrong
    Faults(faults::Options),
    /// Kill downloads at random moments, and look at what they leave
    Kill(kill::Options),
    /// Kill mirrors, and take away what they stand on, and look at what they leave
    Mirror(mirror::Options),
    /// Measure the memory that wbf takes at its peak, in a release build
    Memory,
    /// Measure the files of many runs in one command, and compare them with what the SDK lists
    Selection(selection::Options),
    /// Show what wbf does on servers that lack what newer ones have, or are set up in other ways
    Versions(versions::Options),
    /// Count the instructions of a page and of a small download, and compare them with those of before
    Instructions(instructions::Options),
    /// Measure wbf beside the Python SDK, curl and aria2, and write docs/performance.md
    Bench(bench::Options),
    /// Simulate mirrors of up to 10^9 files on many workers, and write the tables of docs/scale.md
    Scale(scale::Options),
    /// Compare wbf with the real Python SDK on the embedded server
    Conformance(conformance::Options),
}

/// The query types, written or with `check` only compared.
pub(crate) fn generate(check: bool) -> Result<()> {
    codegen::run(&sh::workspace(), check).or_fail(|| "generate the query types".to_owned())
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo => demo::run(),
        Command::Test { steps } => test::run(&steps),
        Command::Services(options) => services::run(&options),
        Command::Codegen { check } => generate(check),
        Command::Layers => layers::run(),
        Command::Lines => lines::run(),
        Command::Faults(options) => faults::run(&options),
        Command::Kill(options) => kill::run(&options),
        Command::Mirror(options) => mirror::run(&options),
        Command::Memory => memory::run(),
        Command::Selection(options) => selection::run(&options),
        Command::Versions(options) => versions::run(&options),
        Command::Instructions(options) => instructions::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Scale(options) => scale::run(&options),
        Command::Conformance(options) => conformance::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error::chain(&error));
            ExitCode::FAILURE
        }
    }
}
