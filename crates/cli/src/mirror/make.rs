//! `wbf mirror SRC... DEST`.

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures::TryStreamExt as _;
use wandb_client::Api;
use wandb_mirror::{
    Destination, Enough, Ledger, Mirror, PlanOptions, Planned, Source, Worker, WorkerOptions,
};

use super::report::Report;
use super::source::{Scope, SourceArgs};
use super::{LEDGER, duration, place, trouble};
use crate::args::{ReportFormat, jobs};
use crate::console::Console;
use crate::failure::Failure;
use crate::interrupt::interrupts;

const PLACES: &str = "SRC: runs, all runs of a project (ENTITY/PROJECT/), or of all projects of an entity (ENTITY/). DEST: where \
                      files go, a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX";

#[derive(Args)]
pub(super) struct MakeArgs {
    #[arg(value_name = "PLACE", required = true, help = PLACES)]
    places: Vec<String>,
    #[arg(long, value_name = "LEDGER", help = LEDGER)]
    state: Option<String>,
    /// Files at a time
    #[arg(long, short, value_name = "N", default_value_t = WorkerOptions::default().jobs, value_parser = jobs)]
    jobs: usize,
    /// Delete at the destination what the server has no more
    #[arg(long)]
    delete: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Only queue what is to be moved, for workers elsewhere
    #[arg(long, conflicts_with = "dry_run")]
    enqueue: bool,
    /// Count a file in a folder as there before it is forced out to the disk: faster, but a loss of power may take it
    #[arg(long)]
    no_fsync: bool,
    /// How long an outage is waited for before a file counts as failed
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    patience: Duration,
    #[command(flatten)]
    source: SourceArgs,
    /// How to report each file
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

pub(super) async fn run(args: MakeArgs, console: &Console) -> Result<ExitCode, Failure> {
    if let (true, Some(option)) = (args.delete, args.source.narrowing()) {
        return Err(Failure::Usage(format!(
            "--delete takes what is not listed for gone, so that with {option} it would delete files that the server \
             still has; leave one of them out"
        )));
    }
    let Some((to, from @ [_, ..])) = args.places.split_last() else {
        return Err(Failure::Usage(
            "give what to mirror and where to: wbf mirror SRC... DEST".to_owned(),
        ));
    };
    if to.starts_with("memory:") {
        return Err(Failure::Usage(
            "memory: is gone with the program; give a folder or a bucket, or --dry-run to see what would be done".to_owned(),
        ));
    }
    let api = Api::from_env()?;
    let (source, scope) = args.source.source(&api, from).await?;
    let destination = if args.dry_run {
        Destination::peek(to)
    } else {
        Destination::parse(to)
    };
    let destination = destination
        .map_err(|error| trouble::of_destination(&error))?
        .with_fsync(!args.no_fsync);
    let state = place::of(args.state.as_deref(), &destination)?;
    let ledger = if args.dry_run && !Ledger::exists(&state).map_err(trouble::of_ledger)? {
        Ledger::in_memory().await.map_err(trouble::of_ledger)?
    } else {
        place::open(&state, console).await?
    };
    let mirror = Mirror::open(api.clone(), ledger, destination).await;
    let mirror = mirror.map_err(|error| trouble::of_mirror(&api, error))?;
    let options = PlanOptions::default().delete(args.delete).dry_run(args.dry_run);
    let report = Arc::new(Report::new(&api, args.format, options, args.enqueue, console));
    let done = if args.dry_run || args.enqueue {
        only_plan(&mirror, source, options, &report).await
    } else {
        let mut how = WorkerOptions::default();
        (how.jobs, how.patience, how.fsync) = (args.jobs, args.patience, !args.no_fsync);
        let listener = Arc::clone(&report);
        let worker = Worker::with_listener(api, mirror.ledger().clone(), how, move |moved| {
            listener.moved(moved);
        });
        let worker = worker.with_destination(mirror.destination().clone());
        let made = Made {
            mirror: &mirror,
            worker,
            scope,
            report: &report,
        };
        made.plan_and_move(source, options).await
    };
    place::close(mirror.ledger()).await;
    done
}

async fn only_plan(
    mirror: &Mirror,
    source: Source,
    options: PlanOptions,
    report: &Report,
) -> Result<ExitCode, Failure> {
    tokio::select! {
        biased;
        _ = interrupts() => report.end(&Planned::default(), true),
        planned = mirror.plan(source, options, |change| report.planned(change)) => match planned {
            Ok(planned) => report.end(&planned, false),
            Err(error) => Err(report.broke_off(error)),
        }
    }
}

/// A mirror being made.
struct Made<'a> {
    mirror: &'a Mirror,
    worker: Worker,
    scope: Scope,
    report: &'a Report,
}

impl Made<'_> {
    /// Plans and moves at the same time: the worker has done enough once the plan is over and nothing is queued any more.
    async fn plan_and_move(&self, source: Source, options: PlanOptions) -> Result<ExitCode, Failure> {
        let report = self.report;
        let mut plan = pin!(self.mirror.plan(source, options, |change| report.planned(change)));
        let mut work = pin!(self.worker.run(Enough::Never));
        let mut interrupt = interrupts();
        let mut interrupted = false;
        let mut planned = None;
        let worked = loop {
            tokio::select! {
                biased;
                _ = &mut interrupt, if !interrupted => {
                    interrupted = true;
                    report.stopping();
                    self.worker.stop();
                }
                worked = &mut work => break worked,
                done = &mut plan, if planned.is_none() && !interrupted => {
                    planned = Some(done);
                    self.worker.until(Enough::Mirror(self.mirror.id()));
                }
            }
        };
        match (planned, worked) {
            (_, Err(error)) | (Some(Err(error)), Ok(())) => Err(report.broke_off(error)),
            (None, Ok(())) => report.end(&Planned::default(), true),
            (Some(Ok(planned)), Ok(())) => {
                self.tell_of_others().await?;
                report.end(&planned, interrupted)
            }
        }
    }

    /// Tells of the files of this call that failed in other processes.
    async fn tell_of_others(&self) -> Result<(), Failure> {
        let ledger = self.mirror.ledger();
        if !ledger.is_shared() {
            return Ok(());
        }
        let mut failed = ledger.failed_entries(Some(self.mirror.destination().address()));
        while let Some(entry) = failed.try_next().await.map_err(trouble::of_ledger)? {
            if self.scope.has(&entry) {
                self.report.failed_elsewhere(&entry);
            }
        }
        Ok(())
    }
}
