//! `wbf rm`.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use wandb_client::{Api, DeleteEvent, File, FilesError, Globs, Run, delete_all};

use crate::args::RmArgs;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{self, Failure};
use crate::interrupt::interrupts;
use crate::report::{Report, Row, Work};
use crate::select::globs;
use crate::size;

/// So many names are shown before the question; of more, it is told how many there are.
const SHOWN: usize = 20;

pub(crate) async fn run(args: RmArgs, console: &Console) -> Result<ExitCode, Failure> {
    let globs = globs(&args.globs)?;
    if args.names.is_empty() && args.pattern.is_none() && globs.is_none() {
        return Err(Failure::Usage(
            "say what to delete: names, a --pattern, or globs with --include; --pattern % is every file of the run".to_owned(),
        ));
    }
    let asks = !args.yes && !args.dry_run;
    if asks && !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::Usage(
            "nobody can be asked here, so nothing was deleted: --yes deletes without asking, --dry-run shows what would go"
                .to_owned(),
        ));
    }
    let api = Api::from_env()?;
    let run = api.run_unchecked(&args.run).await?;
    let mut files = run.files().names(&args.names).per_page(args.per_page);
    let narrowed = globs
        .as_ref()
        .and_then(Globs::like)
        .filter(|_| args.names.is_empty());
    if let Some(pattern) = args.pattern.as_deref().or(narrowed) {
        files = files.pattern(pattern);
    }
    let mut selection = files
        .select()
        .await
        .map_err(|error| Failure::Error(failure::explained(&api, &error)))?;
    if let Some(globs) = &globs {
        selection.files.retain(|file| globs.matches(file.name()));
    }

    let work = if args.dry_run {
        Work::WouldDelete
    } else {
        Work::Delete
    };
    let mut report = Report::new(work, args.format, console);
    for name in selection.missing {
        let row = Row {
            name: &name,
            ..Row::default()
        };
        let run = run.path().clone();
        let name = name.clone();
        report.failed(row, FilesError::Missing { run, name }.to_string())?;
    }
    if args.dry_run {
        for file in &selection.files {
            report.done(row(file), file.name())?;
        }
        return report.end(false);
    }
    if asks && !selection.files.is_empty() && !agreed(&run, &selection.files)? {
        console.say("nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    delete(selection.files, &api, report).await
}

/// Deletes, and tells what became of each file.
async fn delete(files: Vec<File>, api: &Api, mut report: Report<'_>) -> Result<ExitCode, Failure> {
    let mut deletions = delete_all(files);
    let mut interrupt = interrupts();
    loop {
        let event = tokio::select! {
            biased;
            _ = &mut interrupt => return report.end(true),
            event = deletions.next() => event,
        };
        match event {
            None => return report.end(false),
            Some(DeleteEvent::Deleted(file)) => report.done(row(&file), file.name())?,
            Some(DeleteEvent::Failed(file, error)) => {
                report.failed(row(&file), failure::explained(api, &error))?;
            }
            Some(_) => {}
        }
    }
}

/// Shows what would go, and asks.
fn agreed(run: &Run, files: &[File]) -> io::Result<bool> {
    let mut terminal = io::stderr().lock();
    for file in files.iter().take(SHOWN) {
        writeln!(
            terminal,
            "{:>11}  {}",
            size::human(file.size()),
            printable(file.name())
        )?;
    }
    if files.len() > SHOWN {
        writeln!(terminal, "             and {} more", files.len() - SHOWN)?;
    }
    let bytes = files.iter().map(File::size).sum();
    write!(
        terminal,
        "Delete {} files ({}) of {}? This cannot be undone. [y/N] ",
        files.len(),
        size::human(bytes),
        run.path()
    )?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn row(file: &File) -> Row<'_> {
    Row {
        name: file.name(),
        id: file.id(),
        bytes: file.size(),
        ..Row::default()
    }
}
