//! `cargo xtask demo`: what wbf does, on a server and a run made up for the occasion.

mod run_files;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bins;
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::sample::{self, Scratch};
use crate::sh::{self, Sh};

const RUN: &str = "demo/mnist/r8x2k1qp";

/// Builds, seeds a server, and shows one command after the other with its output and its time.
pub(crate) fn run() -> Result<()> {
    println!("wbf on a made-up run: a server of its own on this machine, no account, nothing left behind.\n");
    println!("Building wbf and wandb-devserver (the first time takes some minutes) ...");
    let building = Instant::now();
    let bins = bins::programs()?;
    let built = building.elapsed();

    let scratch = Scratch::new(sh::target()?.join("demo"))?;
    let files = run_files::all();
    let seed = scratch.path().join("seed");
    sample::write(&files, &seed)?;
    let seed = seed.to_string_lossy();
    let server = DevServer::start(
        &bins.devserver,
        &["--seed-folder", &seed, "--into", RUN],
        scratch.path(),
    )?;
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    let here = scratch.path().join("here");
    std::fs::create_dir(&here).or_fail(|| format!("make {}", here.display()))?;

    println!("\nserver  {}, until this demo ends", server.url);
    println!("run     {RUN}: {} files, {} MB", files.len(), bytes / 1_000_000);
    let mut show = Show {
        wbf: &bins.wbf,
        server: &server,
        here: &here,
        times: Vec::new(),
    };
    show.command(
        "The first files: one page is asked for, whatever the run's length.",
        &["ls", RUN, "--limit", "12"],
    )?;
    show.command(
        "Only the checkpoints, chosen by the server.",
        &["ls", RUN, "--pattern", "checkpoints/%"],
    )?;
    show.command(
        "All that is known of a file, for programs.",
        &["ls", RUN, "--name", "config.yaml", "--format", "ndjson"],
    )?;
    show.command(
        "One file on standard output.",
        &["cat", RUN, "wandb-summary.json"],
    )?;
    show.command(
        "All files, while they are still being listed.",
        &["get", RUN, "--root", "mnist"],
    )?;

    show.title("Are they the bytes that the server was given?")?;
    let start = Instant::now();
    let differences = sample::differences(&files, &here.join("mnist"))?;
    if let Some(first) = differences.first() {
        return Err(Failure::new(format!(
            "{} files are not as they should be: {first}",
            differences.len()
        )));
    }
    println!(
        "yes: {} of {} files, {bytes} bytes, compared byte for byte",
        files.len(),
        files.len()
    );
    show.times.push(("compare".to_owned(), start.elapsed()));

    show.start_of(
        "Once more: what is there, and right, is left as it is.",
        &["get", RUN, "--root", "mnist", "--exist-ok"],
    )?;

    show.title("Times")?;
    println!("{:>8.2} s  build", built.as_secs_f64());
    for (what, time) in &show.times {
        println!("{:>8.2} s  {what}", time.as_secs_f64());
    }
    println!("{NEXT}");
    Ok(())
}

const NEXT: &str = "
To try it on a run of your own:

  export WANDB_API_KEY=...                        # from https://wandb.ai/authorize, or `wandb login` once
  export WANDB_BASE_URL=https://wandb.example     # only for a server other than wandb.ai
  cargo run --release --bin wbf -- ls ENTITY/PROJECT/RUN
  cargo install --path crates/cli                 # then plain `wbf`; `wbf --help` tells the rest

All checks, the Python SDK as the judge among them: cargo xtask test";

/// How many lines of a long output are shown.
const SHOWN: usize = 5;

struct Show<'a> {
    wbf: &'a Path,
    server: &'a DevServer,
    here: &'a Path,
    times: Vec<(String, Duration)>,
}

impl Show<'_> {
    fn title(&self, text: &str) -> Result<()> {
        let mut out = std::io::stdout();
        let (bold, plain) = if styled() {
            ("\x1b[1m", "\x1b[0m")
        } else {
            ("", "")
        };
        // Flushed before a child writes, so that a pipe gets both in order.
        writeln!(out, "\n{bold}# {text}{plain}")
            .and_then(|()| out.flush())
            .or_fail(|| "write to standard output".to_owned())
    }

    fn command(&mut self, why: &str, args: &[&str]) -> Result<()> {
        self.timed(why, args, Sh::run)
    }

    /// As `command`, for output of which a few lines tell it all.
    fn start_of(&mut self, why: &str, args: &[&str]) -> Result<()> {
        self.timed(why, args, |command| {
            let text = command.read()?;
            for line in text.lines().take(SHOWN) {
                println!("{line}");
            }
            println!("({} more lines)", text.lines().count().saturating_sub(SHOWN));
            Ok(())
        })
    }

    fn timed(&mut self, why: &str, args: &[&str], run: fn(Sh) -> Result<()>) -> Result<()> {
        self.title(why)?;
        let command = self.server.client(Sh::new(self.wbf).args(args).dir(self.here));
        let shown = command.to_string();
        println!("$ {shown}");
        let start = Instant::now();
        run(command)?;
        self.times.push((shown, start.elapsed()));
        Ok(())
    }
}

fn styled() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
