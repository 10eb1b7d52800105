//! `cargo xtask versions`: what wbf does on servers that are older, or set up in other ways, than the newest.

mod crowd;
mod operation;
mod play;
mod server;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::bins;
use crate::error::{Failure, Result, chain};
use crate::sample::{self, Scratch};
use crate::sh;
use operation::Operation;
use play::{Cell, Stage};
use server::Server;

/// Which servers.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Only servers whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Show what wbf said last where it found another way, not only where something is wrong
    #[arg(long)]
    say: bool,
}

/// How many servers are played at a time.
const JOBS: usize = 4;

/// Plays every operation on every server, prints the table, and fails if one cell is not as it has to be.
pub(crate) fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let bins = bins::debug()?;
    let scratch = Scratch::new(sh::target()?.join("versions"))?;
    let stage = Stage::new(&bins, scratch.path())?;
    sample::write(&play::seeds(), &stage.seed)?;
    let mut servers = server::all();
    servers.retain(|server| server.name.contains(&options.only));
    let played = play_all(&stage, &servers, scratch.path());

    print!("\n{:<44}", "server");
    for operation in Operation::ALL {
        print!("{:<15}", operation.name());
    }
    println!();
    let (mut passed, mut failed) = (0, 0);
    for (server, cells) in servers.iter().zip(&played) {
        print!("{:<44}", server.name);
        let cells = match cells {
            Ok(cells) => cells.as_slice(),
            Err(error) => {
                failed += Operation::ALL.len();
                println!("FAILED: {}", chain(error));
                continue;
            }
        };
        for cell in cells {
            print!("{:<15}", cell.text());
        }
        println!();
        for (operation, cell) in Operation::ALL.iter().zip(cells) {
            failed += usize::from(!cell.wrongs.is_empty());
            passed += usize::from(cell.wrongs.is_empty());
            tell(*operation, cell, options.say);
        }
    }
    println!(
        "\nok: right; fallback: right without something that is used where it is there; WRONG: anything else, be it refused."
    );
    println!(
        "The number is that of GraphQL requests. Every cell was held against what the server has afterwards.\n"
    );
    let crowd = if options.only.is_empty() {
        crowd::differences(&bins, scratch.path())?
    } else {
        Vec::new()
    };
    for line in &crowd {
        println!("  {line}");
    }
    println!(
        "{passed} cells right, {failed} wrong, {:.0} s",
        start.elapsed().as_secs_f64()
    );
    match (failed, crowd.len()) {
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::new(
            "rm among other clients deleted other files than it was to",
        )),
        _ => Err(Failure::new("wbf does not do right on every server")),
    }
}

fn tell(operation: Operation, cell: &Cell, say: bool) {
    for wrong in &cell.wrongs {
        println!("    {}: {wrong}", operation.name());
    }
    if !cell.said.is_empty() && (say && cell.is_fallback || !cell.wrongs.is_empty()) {
        println!("    {} said: {}", operation.name(), cell.said);
    }
}

fn play_all(stage: &Stage<'_>, servers: &[Server], folder: &Path) -> Vec<Result<Vec<Cell>>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(server) = servers.get(number) else { break };
                    let played = Scratch::new(folder.join(number.to_string()))
                        .and_then(|scratch| stage.play(server, scratch.path()));
                    let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    done.push((number, played));
                }
            });
        }
    });
    let mut played = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    played.sort_by_key(|(number, _)| *number);
    played.into_iter().map(|(_, cells)| cells).collect()
}
