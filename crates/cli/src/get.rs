//! `wbf get`.

use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::oneshot;
use wandb_client::{Api, BulkOptions, FileEvent, Files, FilesError, IfExists, Parts, Root, Run, Step};

use crate::args::{ExistOk, GetArgs};
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{self, Failure, INTERRUPTED};
use crate::progress::Bars;
use crate::report::Report;

/// After Ctrl-C, files under way have this long to clear up after themselves.
const CLEARING_UP: Duration = Duration::from_millis(500);

pub(crate) async fn run(args: GetArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let run = api.run_unchecked(&args.run).await?;
    let root = Root::open(&args.root)?;
    let options = BulkOptions::default().jobs(args.jobs).if_exists(if_exists(&args));
    let mut downloads = files(&run, &args).download_all(&root, options)?;

    let mut bars = Bars::new(console);
    let mut report = Report::new(args.format, console);
    let mut interrupt = interrupts();
    let interrupted = loop {
        tokio::select! {
            biased;
            _ = &mut interrupt => break true,
            event = downloads.next() => match event {
                None => break false,
                Some(event) => tell(event, &api, &run, console, &mut bars, &mut report)?,
            },
        }
    };
    bars.finish();
    if interrupted {
        // What takes longer is known by its name for a file that is not whole.
        let _ = tokio::time::timeout(CLEARING_UP, downloads.stop()).await;
    }
    report.end(interrupted)
}

fn if_exists(args: &GetArgs) -> IfExists {
    match (args.replace, args.exist_ok) {
        (true, _) => IfExists::Replace,
        (_, Some(ExistOk::Check)) => IfExists::Keep,
        (_, Some(ExistOk::Trust)) => IfExists::Trust,
        (_, None) => IfExists::Refuse,
    }
}

/// Which files, and how they are fetched.
fn files(run: &Run, args: &GetArgs) -> Files {
    let parts = match args.connections {
        1 => Parts::none(),
        connections => Parts {
            connections,
            ..Parts::default()
        },
    };
    let files = run
        .files()
        .names(&args.names)
        .per_page(args.per_page)
        .via(args.via.into())
        .with_transfer(|transfer| {
            transfer
                .with_parts(parts)
                .with_verify(!args.no_verify)
                .with_fsync(args.fsync)
        });
    match &args.pattern {
        Some(pattern) => files.pattern(pattern),
        None => files,
    }
}

fn tell(
    event: FileEvent,
    api: &Api,
    run: &Run,
    console: &Console,
    bars: &mut Bars,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    match event {
        FileEvent::File(file, step) => {
            bars.step(&file, &step);
            match step {
                Step::Retried { attempt, why, wait } => console.detail(&printable(&format!(
                    "{}: try {attempt} failed, the next comes in {:.1} s: {why}",
                    file.name(),
                    wait.as_secs_f64()
                ))),
                Step::Finished(done) => report.downloaded(file.name(), &done)?,
                Step::Skipped(done) => report.skipped(file.name(), &done)?,
                Step::Failed(error) => report.failed(file.name(), &error)?,
                _ => {}
            }
            bars.count(report.there());
        }
        FileEvent::Missing(name, error) => report.failed(&name, &error)?,
        FileEvent::Listing(FilesError::Listing { source, .. }) => {
            report.failed_listing(&failure::listing(api, run, &source));
        }
        FileEvent::Listing(error) => report.failed_listing(&error.to_string()),
        _ => {}
    }
    Ok(())
}

/// Resolves at the first Ctrl-C; the second one ends the program on the spot, whatever it waits for.
fn interrupts() -> oneshot::Receiver<()> {
    let (first, interrupted) = oneshot::channel();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            // No signals to be had: then nothing interrupts, and the other end must not take this for one.
            std::future::pending::<()>().await;
        }
        let _ = first.send(());
        if tokio::signal::ctrl_c().await.is_ok() {
            #[expect(clippy::exit, reason = "nothing is to be waited for any more")]
            std::process::exit(INTERRUPTED.into());
        }
    });
    interrupted
}
