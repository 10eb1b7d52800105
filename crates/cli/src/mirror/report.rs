//! What became of each file of a mirror, and of all.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use wandb_client::Api;
use wandb_mirror::{Change, Entry, FileMoved, MirrorError, Moved, PlanOptions, Planned};

use super::progress::Bar;
use super::trouble;
use crate::args::ReportFormat;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{self, Failure, INTERRUPTED};
use crate::rows::{Row, Rows};
use crate::size;

/// The most runs that are named of those that are going on.
const NAMED: usize = 5;

/// What is told of one call: by its plan, and by its worker at the same time.
pub(super) struct Report {
    api: Api,
    console: Console,
    options: PlanOptions,
    enqueue: bool,
    started: Instant,
    told: Mutex<Told>,
}

struct Told {
    /// `None` once they are ended.
    rows: Option<Rows>,
    /// Why no more rows can be written.
    broken: Option<io::Error>,
    bar: Bar,
    moved: Moved,
    /// Files that failed here.
    failed: HashSet<String>,
    failed_elsewhere: u64,
    gone: u64,
}

impl Report {
    pub(super) fn new(
        api: &Api,
        format: ReportFormat,
        options: PlanOptions,
        enqueue: bool,
        console: &Console,
    ) -> Self {
        let told = Told {
            rows: Some(Rows::new(format, console)),
            broken: None,
            bar: Bar::new(console),
            moved: Moved::default(),
            failed: HashSet::new(),
            failed_elsewhere: 0,
            gone: 0,
        };
        Self {
            api: api.clone(),
            console: console.clone(),
            options,
            enqueue,
            started: Instant::now(),
            told: Mutex::new(told),
        }
    }

    /// What the plan says.
    pub(super) fn planned(&self, change: Change) {
        let mut told = self.told();
        match change {
            Change::New { file, bytes } => self.to_move(&mut told, "new", &file, bytes),
            Change::Again { file, bytes } => self.to_move(&mut told, "again", &file, bytes),
            Change::Queued { file, bytes } => self.to_move(&mut told, "queued-before", &file, bytes),
            Change::Gone { file } => told.row("gone", &file, 0),
            Change::Deleted { file } if self.options.dry_run => told.row("would-delete", &file, 0),
            Change::Deleted { file } => told.row("deleted", &file, 0),
            Change::Unusable { file, why } => self.failed(&mut told, &file, why),
            Change::Incomplete(error) => self
                .console
                .error(&printable(&failure::explained(&self.api, &error))),
            _ => {}
        }
    }

    /// What the worker says.
    pub(super) fn moved(&self, moved: FileMoved) {
        let mut told = self.told();
        match moved {
            FileMoved::Done { file, bytes } => {
                told.moved.files += 1;
                told.moved.bytes += bytes;
                told.row("moved", &file, bytes);
                told.bar.dealt_with(bytes);
            }
            FileMoved::Failed { file, error } => {
                self.failed(&mut told, &file, &error);
                told.bar.dealt_with(0);
                told.failed.insert(file);
            }
            FileMoved::Gone { file } => {
                told.gone += 1;
                told.row("gone", &file, 0);
                told.bar.dealt_with(0);
            }
            _ => {}
        }
    }

    /// What another process says.
    pub(super) fn failed_elsewhere(&self, entry: &Entry) {
        let Entry {
            entity,
            project,
            run,
            name,
            error,
            ..
        } = entry;
        let file = format!("{entity}/{project}/{run}/{name}");
        let mut told = self.told();
        if !told.failed.contains(&file) {
            told.failed_elsewhere += 1;
            self.failed(&mut told, &file, error.as_deref().unwrap_or_default());
        }
    }

    pub(super) fn stopping(&self) {
        self.console
            .say("stopping: files under way have some seconds to be finished");
    }

    /// What is told of a call that cannot go on.
    pub(super) fn broke_off(&self, error: MirrorError) -> Failure {
        let mut told = self.told();
        told.bar.finish();
        let moved = told.moved.files;
        if let Some(rows) = told.rows.take() {
            // The error that is told says more.
            let _ = rows.end();
        }
        match trouble::of_mirror(&self.api, error) {
            Failure::Error(message) if moved > 0 => Failure::Error(format!(
                "{message}; {moved} files were moved before, call again to go on"
            )),
            failure => failure,
        }
    }

    /// Says what was done, and how the program ends.
    pub(super) fn end(&self, planned: &Planned, interrupted: bool) -> Result<ExitCode, Failure> {
        let mut told = self.told();
        told.bar.finish();
        if let Some(rows) = told.rows.take() {
            rows.end()?;
        }
        if let Some(error) = told.broken.take() {
            return Err(error.into());
        }
        let summary = self.summary(&told, planned);
        if interrupted {
            self.console.error(&format!(
                "interrupted: {summary}; nothing is lost, call again to go on"
            ));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        self.console.say(&summary);
        if !planned.going_on.is_empty() {
            self.console.say(&printable(&going_on(&planned.going_on)));
        }
        if planned.files + planned.problems == 0 {
            self.console
                .say("there are no files: is the name right, and may this key see them?");
        }
        Ok(if told.failed() + planned.problems == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn summary(&self, told: &Told, planned: &Planned) -> String {
        let to_move = planned.new + planned.again;
        let bytes = size::human(planned.bytes);
        let mut summary = match (self.options.dry_run, self.enqueue) {
            (true, _) => format!("{to_move} files would be moved ({bytes})"),
            (_, true) => format!("{to_move} files queued ({bytes})"),
            _ => format!(
                "{} files moved ({})",
                told.moved.files,
                size::human(told.moved.bytes)
            ),
        };
        let _ = write!(summary, " in {:.1} s", self.started.elapsed().as_secs_f64());
        for (count, what) in [
            (planned.new, "new"),
            (planned.again, "changed or failed before"),
            (planned.unchanged, "unchanged"),
            (planned.queued_before, "queued before"),
            (
                planned.deleted,
                if self.options.dry_run {
                    "would be deleted"
                } else {
                    "deleted"
                },
            ),
            (planned.gone + told.gone, "gone from the server"),
            (told.failed() + planned.problems, "failed"),
        ] {
            if count > 0 {
                let _ = write!(summary, ", {count} {what}");
            }
        }
        summary
    }

    /// A file that is to be moved: a worker tells of it once it is, where there is one here.
    fn to_move(&self, told: &mut Told, status: &'static str, file: &str, bytes: u64) {
        if self.options.dry_run || self.enqueue {
            told.row(status, file, bytes);
        } else {
            told.bar.expect(Moved { files: 1, bytes });
        }
    }

    fn failed(&self, told: &mut Told, file: &str, error: &str) {
        self.console.error(&printable(&format!("{file}: {error}")));
        let row = Row {
            status: "failed",
            error: Some(error.to_owned()),
            ..row(file)
        };
        told.write(&row, None);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // Numbers and rows: nothing in here can be left half done.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn failed(&self) -> u64 {
        self.failed.len() as u64 + self.failed_elsewhere
    }

    fn row(&mut self, status: &'static str, file: &str, bytes: u64) {
        let row = Row {
            status,
            bytes,
            ..row(file)
        };
        self.write(&row, Some(file));
    }

    /// What cannot be written is told at the end, and keeps no file from being moved.
    fn write(&mut self, row: &Row<'_>, shown: Option<&str>) {
        if self.broken.is_none()
            && let Some(rows) = &mut self.rows
        {
            self.broken = rows.write(row, shown).err();
        }
    }
}

/// A file of `ENTITY/PROJECT/RUN/NAME`.
fn row(file: &str) -> Row<'_> {
    let run = file.match_indices('/').nth(2).map(|(at, _)| at);
    let (run, name) = match run {
        Some(at) => (Some(file[..at].to_owned()), &file[at + 1..]),
        None => (None, file),
    };
    Row {
        name,
        run,
        ..Row::default()
    }
}

fn going_on(runs: &[String]) -> String {
    let named = runs
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let more = match runs.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let are = if runs.len() == 1 { "is" } else { "are" };
    format!("still going on {are} {named}{more}: call again to take what they add")
}
