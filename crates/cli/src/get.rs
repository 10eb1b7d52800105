//! `wbf get`.

use std::process::ExitCode;

use wandb_client::{
    Api, BulkOptions, Downloaded, FileEvent, Files, FilesError, IfExists, Parts, Root, Run, Step,
    TransferErrorKind,
};

use crate::args::{ExistOk, GetArgs};
use crate::console::Console;
use crate::failure::{self, Failure};
use crate::interrupt::{CLEARING_UP, interrupts};
use crate::progress::Bars;
use crate::report::{Report, Row, Work};

pub(crate) async fn run(args: GetArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let run = api.run_unchecked(&args.run).await?;
    let root = Root::open(&args.root)?;
    let options = BulkOptions::default().jobs(args.jobs).if_exists(if_exists(&args));
    let mut downloads = files(&run, &args).download_all(&root, options)?;

    let mut bars = Bars::new(console);
    let mut report = Report::new(Work::Download, args.format, console);
    let mut interrupt = interrupts();
    let interrupted = loop {
        tokio::select! {
            biased;
            _ = &mut interrupt => break true,
            event = downloads.next() => match event {
                None => break false,
                Some(event) => tell(event, &api, console, &mut bars, &mut report)?,
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
    console: &Console,
    bars: &mut Bars,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    match event {
        FileEvent::File(file, step) => {
            let name = file.name();
            bars.step(name, file.size(), &step);
            match step {
                Step::Retried { attempt, why, wait } => console.retried(name, attempt, &why, wait),
                Step::Finished(done) => report.done(row(name, Some(&done)), &done.path.to_string_lossy())?,
                Step::Skipped(done) => {
                    report.skipped(row(name, Some(&done)), &done.path.to_string_lossy())?;
                }
                Step::Failed(error) => report.failed(row(name, None), reason(name, &error))?,
                _ => {}
            }
            bars.count(report.there());
        }
        FileEvent::Missing(name, error) => report.failed(row(&name, None), error.to_string())?,
        FileEvent::Listing(error) => report.incomplete(&failure::explained(api, &error)),
        _ => {}
    }
    Ok(())
}

fn row<'a>(name: &'a str, done: Option<&Downloaded>) -> Row<'a> {
    Row {
        name,
        path: Some(done.map(|done| done.path.display().to_string())),
        bytes: done.map_or(0, |done| done.bytes),
        ..Row::default()
    }
}

fn reason(name: &str, error: &FilesError) -> String {
    match error {
        FilesError::Transfer(error) if error.kind() == TransferErrorKind::Exists => {
            format!(
                "{name} exists already; --replace overwrites what exists, --exist-ok keeps it where it is right"
            )
        }
        error => error.to_string(),
    }
}
