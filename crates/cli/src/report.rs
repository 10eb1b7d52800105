//! What became of each file, and of all.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Stdout, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;
use wandb_client::{Downloaded, File, FilesError, Run, Status, TransferErrorKind};

use crate::args::ReportFormat;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{Failure, INTERRUPTED};
use crate::output::JsonRows;
use crate::progress::Bars;
use crate::size;

/// One file, as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    path: Option<String>,
    bytes: u64,
    status: &'static str,
    error: Option<String>,
}

pub(crate) struct Report<'a> {
    format: Format,
    console: &'a Console,
    bars: &'a Bars,
    started: Instant,
    downloaded: u64,
    bytes: u64,
    skipped: u64,
    failed: u64,
    /// The listing came to its end.
    pub(crate) listed_all: bool,
}

enum Format {
    Text(Stdout),
    Json(JsonRows<BufWriter<Stdout>>),
    /// Whoever read stdout went away: the downloads go on.
    Unread,
}

impl<'a> Report<'a> {
    pub(crate) fn new(format: ReportFormat, console: &'a Console, bars: &'a Bars) -> Self {
        let out = || BufWriter::new(io::stdout());
        let format = match format {
            ReportFormat::Text => Format::Text(io::stdout()),
            ReportFormat::Json => Format::Json(JsonRows::array(out())),
            ReportFormat::Ndjson => Format::Json(JsonRows::lines(out())),
        };
        let started = Instant::now();
        Self {
            format,
            console,
            bars,
            started,
            downloaded: 0,
            bytes: 0,
            skipped: 0,
            failed: 0,
            listed_all: true,
        }
    }

    pub(crate) fn file(&mut self, file: &File, outcome: Result<Downloaded, FilesError>) -> io::Result<()> {
        match outcome {
            Ok(done) if done.status == Status::Kept => {
                self.skipped += 1;
                self.done(file.name(), &done, "skipped")
            }
            Ok(done) => {
                self.downloaded += 1;
                self.bytes += done.bytes;
                self.done(file.name(), &done, "downloaded")
            }
            Err(FilesError::Transfer(error)) if error.kind() == TransferErrorKind::Exists => {
                let help = "--replace overwrites what exists, --exist-ok keeps it where it is right";
                self.failed(file.name(), &format!("{} exists already; {help}", file.name()))
            }
            Err(error) => self.failed(file.name(), &error.to_string()),
        }
    }

    /// A name that was asked for and that the run does not have.
    pub(crate) fn missing(&mut self, run: &Run, name: &str) -> io::Result<()> {
        let error = FilesError::Missing {
            run: run.path().clone(),
            name: name.to_owned(),
        };
        self.failed(name, &error.to_string())
    }

    /// The listing broke off.
    pub(crate) fn failed_listing(&mut self, error: &str) {
        self.listed_all = false;
        self.console.error(error);
    }

    /// Says what was done, and how the program ends.
    pub(crate) fn end(self, interrupted: bool) -> Result<ExitCode, Failure> {
        self.bars.finish();
        if let Format::Json(rows) = self.format {
            rows.end()?;
        }
        let mut summary = format!(
            "{} files downloaded ({}) in {:.1} s",
            self.downloaded,
            size::human(self.bytes),
            self.started.elapsed().as_secs_f64()
        );
        for (count, what) in [(self.skipped, "skipped"), (self.failed, "failed")] {
            if count > 0 {
                let _ = write!(summary, ", {count} {what}");
            }
        }
        if interrupted {
            self.console.error(&format!(
                "interrupted: {summary}; what is in the folder is whole, the rest is not there"
            ));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        self.console.say(&summary);
        Ok(if self.failed == 0 && self.listed_all {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn done(&mut self, name: &str, done: &Downloaded, status: &'static str) -> io::Result<()> {
        self.bars.count(self.downloaded + self.skipped);
        let path = done.path.display().to_string();
        self.row(&Row {
            name,
            path: Some(path),
            bytes: done.bytes,
            status,
            error: None,
        })
    }

    fn failed(&mut self, name: &str, error: &str) -> io::Result<()> {
        self.failed += 1;
        self.console.error(&printable(error));
        self.row(&Row {
            name,
            path: None,
            bytes: 0,
            status: "failed",
            error: Some(error.to_owned()),
        })
    }

    fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        let written = match &mut self.format {
            Format::Text(out) => match &row.path {
                Some(path) => {
                    let line = format!(
                        "{:<10}  {:>11}  {}",
                        row.status,
                        size::human(row.bytes),
                        printable(path)
                    );
                    self.console.aside(|| writeln!(out, "{line}"))
                }
                // The console has told of it.
                None => Ok(()),
            },
            Format::Json(rows) => rows.row(row).and_then(|()| rows.flush()),
            Format::Unread => Ok(()),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.format = Format::Unread;
                Ok(())
            }
            written => written,
        }
    }
}
