//! What became of each file, and of all.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Stdout, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;
use wandb_client::{Downloaded, FilesError, TransferErrorKind};

use crate::args::ReportFormat;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{Failure, INTERRUPTED};
use crate::output::JsonRows;
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
    started: Instant,
    downloaded: u64,
    bytes: u64,
    skipped: u64,
    failed: u64,
    /// The listing came to its end.
    listed_all: bool,
}

enum Format {
    Text(Stdout),
    Json(JsonRows<BufWriter<Stdout>>),
    /// Whoever read stdout went away: the downloads go on.
    Unread,
}

impl<'a> Report<'a> {
    pub(crate) fn new(format: ReportFormat, console: &'a Console) -> Self {
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
            started,
            downloaded: 0,
            bytes: 0,
            skipped: 0,
            failed: 0,
            listed_all: true,
        }
    }

    pub(crate) fn downloaded(&mut self, name: &str, done: &Downloaded) -> io::Result<()> {
        self.downloaded += 1;
        self.bytes += done.bytes;
        self.done(name, done, "downloaded")
    }

    pub(crate) fn skipped(&mut self, name: &str, done: &Downloaded) -> io::Result<()> {
        self.skipped += 1;
        self.done(name, done, "skipped")
    }

    pub(crate) fn failed(&mut self, name: &str, error: &FilesError) -> io::Result<()> {
        let error = match error {
            FilesError::Transfer(error) if error.kind() == TransferErrorKind::Exists => {
                format!(
                    "{name} exists already; --replace overwrites what exists, --exist-ok keeps it where it is right"
                )
            }
            error => error.to_string(),
        };
        self.failed += 1;
        self.console.error(&printable(&error));
        self.row(&Row {
            name,
            path: None,
            bytes: 0,
            status: "failed",
            error: Some(error),
        })
    }

    /// How many files are there now.
    pub(crate) fn there(&self) -> u64 {
        self.downloaded + self.skipped
    }

    /// The listing broke off.
    pub(crate) fn failed_listing(&mut self, error: &str) {
        self.listed_all = false;
        self.console.error(error);
    }

    /// Says what was done, and how the program ends.
    pub(crate) fn end(self, interrupted: bool) -> Result<ExitCode, Failure> {
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
                "interrupted: {summary}; every file that has its name is whole, run again for the rest"
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
        let path = done.path.display().to_string();
        self.row(&Row {
            name,
            path: Some(path),
            bytes: done.bytes,
            status,
            error: None,
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
