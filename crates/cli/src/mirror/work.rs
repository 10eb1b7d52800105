//! `wbf mirror work`.

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use wandb_client::Api;
use wandb_mirror::{Enough, FileMoved, Ledger, Worker, WorkerOptions};

use super::place::{self, Known};
use super::{duration, trouble};
use crate::args::jobs;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{Failure, INTERRUPTED};
use crate::interrupt::interrupts;
use crate::size;

const LEDGER: &str =
    "The ledger: postgres://USER@HOST/DATABASE, or a SQLite file that no other process works on";

#[derive(Args)]
pub(super) struct WorkArgs {
    #[arg(long, value_name = "LEDGER", help = LEDGER)]
    state: String,
    /// Files at a time
    #[arg(long, short, value_name = "N", default_value_t = WorkerOptions::default().jobs, value_parser = jobs)]
    jobs: usize,
    /// End once nothing is queued, instead of waiting for more
    #[arg(long)]
    until_empty: bool,
    /// How long an outage is waited for before a file counts as failed
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    patience: Duration,
    /// Count a file in a folder as there before it is forced out to the disk: faster, but a loss of power may take it
    #[arg(long)]
    no_fsync: bool,
}

/// What this process did.
#[derive(Default)]
struct Done {
    moved: AtomicU64,
    bytes: AtomicU64,
    failed: AtomicU64,
}

pub(super) async fn run(args: WorkArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let known = Known::find(None, Some(&args.state)).await?;
    known.expect_server(&api).await?;
    let ledger = known.ledger;
    let mut signal = pin!(signals());
    let started = Instant::now();
    let done = Arc::new(Done::default());
    let worker = worker(&args, &api, &ledger, Arc::clone(&done), console);
    let server = api.settings().base_address();
    console.say(&printable(&format!(
        "working on what is queued of {server} in {}",
        ledger.address()
    )));
    let enough = if args.until_empty {
        Enough::Empty
    } else {
        Enough::Never
    };
    let mut work = pin!(worker.run(enough));
    let mut stopped = None;
    let worked = loop {
        tokio::select! {
            biased;
            status = &mut signal, if stopped.is_none() => {
                console.say("stopping: files under way have some seconds to be finished, the rest goes back to the queue");
                stopped = Some(status);
                worker.stop();
            }
            worked = &mut work => break worked,
        }
    };
    place::close(&ledger).await;
    worked.map_err(|error| trouble::of_mirror(&api, error))?;
    let [moved, bytes, failed] =
        [&done.moved, &done.bytes, &done.failed].map(|count| count.load(Ordering::Relaxed));
    console.say(&format!(
        "{moved} files moved ({}) in {:.1} s, {failed} failed",
        size::human(bytes),
        started.elapsed().as_secs_f64()
    ));
    Ok(match stopped {
        Some(status) => ExitCode::from(status),
        None if failed > 0 => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    })
}

fn worker(args: &WorkArgs, api: &Api, ledger: &Ledger, done: Arc<Done>, console: &Console) -> Worker {
    let mut how = WorkerOptions::default();
    (how.jobs, how.patience, how.fsync) = (args.jobs, args.patience, !args.no_fsync);
    let console = console.clone();
    Worker::with_listener(api.clone(), ledger.clone(), how, move |moved| match moved {
        FileMoved::Done { file, bytes } => {
            done.moved.fetch_add(1, Ordering::Relaxed);
            done.bytes.fetch_add(bytes, Ordering::Relaxed);
            console.detail(&printable(&format!("moved {file}")));
        }
        FileMoved::Failed { file, error } => {
            done.failed.fetch_add(1, Ordering::Relaxed);
            console.error(&printable(&format!("{file}: {error}")));
        }
        FileMoved::Gone { file } => console.detail(&printable(&format!("the server has no {file} any more"))),
        _ => {}
    })
}

/// Resolves at the first signal to stop, to the exit status that it asks for. Signals count from now on.
fn signals() -> impl Future<Output = u8> {
    let interrupted = interrupts();
    #[cfg(unix)]
    let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let terminated = async move {
        #[cfg(unix)]
        if let Ok(mut signal) = terminated
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    };
    async move {
        tokio::select! {
            _ = interrupted => INTERRUPTED,
            () = terminated => 0,
        }
    }
}
