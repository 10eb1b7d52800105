#![doc = include_str!("../README.md")]

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::console::Console;

mod args;
mod artifact;
mod artifact_rows;
mod artifacts;
mod cat;
mod console;
mod cp;
mod du;
mod escape;
mod failure;
mod get;
mod interrupt;
mod listing;
mod ls;
mod manual;
mod mirror;
mod output;
mod pages;
mod progress;
mod projects;
mod put;
mod report;
mod rm;
mod rows;
mod runs;
mod select;
mod send;
mod size;
mod web;

/// Small files are many small pieces of memory that one thread takes and another gives back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = Console::new(cli.quiet, cli.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console.report(&format!("cannot start: {error}")),
    };
    let outcome = runtime.block_on(async {
        let work = async {
            match cli.command {
                Command::Ls(args) => ls::run(args, &console).await,
                Command::Get(args) => get::run(args, &console).await,
                Command::Cat(args) => cat::run(args, &console).await,
                Command::Put(args) => put::run(args, &console).await,
                Command::Cp(args) => cp::run(args, &console).await,
                Command::Rm(args) => rm::run(args, &console).await,
                Command::Runs(args) => runs::run(args, &console).await,
                Command::Projects(args) => projects::run(args).await,
                Command::Artifacts(args) => artifacts::run(args).await,
                Command::Du(args) => du::run(args, &console).await,
                Command::Mirror(args) => mirror::run(*args, &console).await,
                Command::Completions { shell } => manual::completions(shell),
                Command::Man { dir } => manual::pages(dir.as_deref()),
            }
        };
        work.await
    });
    // A download that was given up may still be waiting for the network in its own thread.
    runtime.shutdown_background();
    match outcome {
        Ok(status) => status,
        Err(failure) => failure.report(&console),
    }
}
