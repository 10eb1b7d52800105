//! `wbf get`.

use std::borrow::Cow;
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;

use futures::{Stream, StreamExt as _};
use wandb_client::{
    Api, BulkOptions, Downloaded, File, FileDownloads, FileEvent, FilesError, FilesOfRuns, Found, IfExists,
    Parts, Root, Step, Transfer, TransferErrorKind, names_artifact,
};

use crate::args::{ExistOk, GetArgs};
use crate::artifact;
use crate::console::Console;
use crate::failure::{self, Failure};
use crate::interrupt::{CLEARING_UP, interrupts};
use crate::progress::Bars;
use crate::report::{Report, Row, Work};
use crate::select::{Choice, template};

pub(crate) async fn run(args: GetArgs, console: &Console) -> Result<ExitCode, Failure> {
    if names_artifact(&args.run) {
        return artifact::get(args, console).await;
    }
    let api = Api::from_env()?;
    let template = template(args.template.as_deref(), args.display_names)?;
    let texts: Vec<String> = [&args.run].into_iter().chain(&args.runs).cloned().collect();
    let choice = Choice::new(&api, &texts, &args.choice).await?;
    let mut files = files(choice.files.clone(), &args);
    if let Some(template) = template {
        files = files.template(template);
    }
    let reporter = Reporter::new(&args, &api, Some(&choice), console);
    if args.dry_run {
        let template = files.placing();
        let found = files.list()?.map(move |found| {
            let Found { run, file, .. } = found?;
            let path = template.path_of(&run, file.name());
            Ok((file, path))
        });
        return reporter.show_all(found, &args.root).await;
    }
    let root = Root::open(&args.root)?;
    let options = BulkOptions::default().jobs(args.jobs).if_exists(if_exists(&args));
    reporter.tell_all(files.download_all(&root, options)?).await
}

pub(crate) fn if_exists(args: &GetArgs) -> IfExists {
    match (args.replace, args.exist_ok) {
        (true, _) => IfExists::Replace,
        (_, Some(ExistOk::Check)) => IfExists::Keep,
        (_, Some(ExistOk::Trust)) => IfExists::Trust,
        (_, None) => IfExists::Refuse,
    }
}

/// Which files, and how they are fetched.
fn files(files: FilesOfRuns, args: &GetArgs) -> FilesOfRuns {
    let files = files
        .names(&args.names)
        .per_page(args.per_page)
        .pages_at_once(args.pages_at_once)
        .via(args.via.into())
        .with_transfer(|transfer| ways(transfer, args));
    match &args.pattern {
        Some(pattern) => files.pattern(pattern),
        None => files,
    }
}

/// How the bytes are moved.
pub(crate) fn ways(transfer: Transfer, args: &GetArgs) -> Transfer {
    let parts = match args.connections {
        1 => Parts::none(),
        connections => Parts {
            connections,
            ..Parts::default()
        },
    };
    transfer
        .with_parts(parts)
        .with_verify(!args.no_verify)
        .with_fsync(args.fsync)
}

/// Tells what becomes of the files.
pub(crate) struct Reporter<'a> {
    api: &'a Api,
    console: &'a Console,
    /// The runs that were chosen, unless an artifact was.
    choice: Option<&'a Choice>,
    skip_references: bool,
    bars: Bars,
    report: Report<'a>,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(
        args: &GetArgs,
        api: &'a Api,
        choice: Option<&'a Choice>,
        console: &'a Console,
    ) -> Self {
        let work = if args.dry_run {
            Work::WouldDownload
        } else {
            Work::Download
        };
        Self {
            api,
            console,
            choice,
            skip_references: args.skip_references,
            bars: Bars::new(console),
            report: Report::new(work, args.format, console),
        }
    }

    /// Fetches the files, and tells what becomes of each.
    pub(crate) async fn tell_all(mut self, mut downloads: FileDownloads) -> Result<ExitCode, Failure> {
        let mut interrupt = interrupts();
        let interrupted = loop {
            tokio::select! {
                biased;
                _ = &mut interrupt => break true,
                event = downloads.next() => match event {
                    None => break false,
                    Some(event) => self.tell(event)?,
                },
            }
        };
        self.bars.finish();
        if interrupted {
            // What takes longer is known by its name for a file that is not whole.
            let _ = tokio::time::timeout(CLEARING_UP, downloads.stop()).await;
        }
        self.end(interrupted)
    }

    /// Tells where the files would go.
    pub(crate) async fn show_all(
        mut self,
        found: impl Stream<Item = Result<(File, String), FilesError>>,
        root: &Path,
    ) -> Result<ExitCode, Failure> {
        let mut found = pin!(found);
        let mut interrupt = interrupts();
        let interrupted = loop {
            tokio::select! {
                biased;
                _ = &mut interrupt => break true,
                found = found.next() => match found {
                    None => break false,
                    Some(found) => self.show(found, root)?,
                },
            }
        };
        self.end(interrupted)
    }

    fn tell(&mut self, event: FileEvent) -> Result<(), Failure> {
        match event {
            FileEvent::File(file, step) => {
                let called = self.called(&file).into_owned();
                self.bars.step(&called, file.size(), &step);
                let report = &mut self.report;
                match step {
                    Step::Retried { attempt, why, wait } => {
                        self.console.retried(&called, attempt, &why, wait);
                    }
                    Step::Finished(done) => {
                        report.done(row(&file, Some(&done)), &done.path.to_string_lossy())?;
                    }
                    Step::Skipped(done) => {
                        report.skipped(row(&file, Some(&done)), &done.path.to_string_lossy())?;
                    }
                    Step::Failed(FilesError::Reference { .. }) if self.skip_references => {
                        report.skipped(row(&file, None), &called)?;
                    }
                    Step::Failed(error) => report.failed(row(&file, None), reason(&called, &error))?,
                    _ => {}
                }
                self.bars.count(self.report.there());
            }
            FileEvent::Missing(name, error) => self.missing(&name, &error)?,
            FileEvent::Listing(error) => self.report.incomplete(&self.explained(&error)),
            _ => {}
        }
        Ok(())
    }

    fn show(&mut self, found: Result<(File, String), FilesError>, root: &Path) -> Result<(), Failure> {
        match found {
            Ok((file, path)) => {
                let path = root.join(path);
                let row = Row {
                    path: Some(Some(path.display().to_string())),
                    bytes: file.size(),
                    ..row(&file, None)
                };
                self.report.done(row, &path.to_string_lossy())?;
            }
            Err(error) => match &error {
                FilesError::Missing { name, .. } | FilesError::NowhereThere { name, .. } => {
                    self.missing(name, &error)?;
                }
                error => self.report.incomplete(&self.explained(error)),
            },
        }
        Ok(())
    }

    fn missing(&mut self, name: &str, error: &FilesError) -> Result<(), Failure> {
        let run = match error {
            FilesError::Missing { run, .. } => Some(run.to_string()),
            _ => None,
        };
        let row = Row {
            name,
            path: Some(None),
            run,
            ..Row::default()
        };
        Ok(self.report.failed(row, error.to_string())?)
    }

    fn called<'f>(&self, file: &'f File) -> Cow<'f, str> {
        match self.choice {
            Some(choice) => choice.called(file),
            None => Cow::Borrowed(file.name()),
        }
    }

    fn explained(&self, error: &FilesError) -> String {
        match self.choice {
            Some(choice) => choice.explained(self.api, error),
            None => failure::explained(self.api, error),
        }
    }

    fn end(mut self, interrupted: bool) -> Result<ExitCode, Failure> {
        self.bars.finish();
        self.report.end(interrupted)
    }
}

fn row<'a>(file: &'a File, done: Option<&Downloaded>) -> Row<'a> {
    Row {
        name: file.name(),
        path: Some(done.map(|done| done.path.display().to_string())),
        bytes: done.map_or(0, |done| done.bytes),
        run: Some(file.run().to_string()),
        ..Row::default()
    }
}

pub(crate) fn reason(name: &str, error: &FilesError) -> String {
    match error {
        FilesError::Transfer(error) if error.kind() == TransferErrorKind::Exists => {
            format!(
                "{name} exists already; --replace overwrites what exists, --exist-ok keeps it where it is right"
            )
        }
        error => error.to_string(),
    }
}
