//! What became of each file, and of all.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;
use std::time::Instant;

use crate::args::ReportFormat;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{Failure, INTERRUPTED};
pub(crate) use crate::rows::Row;
use crate::rows::Rows;
use crate::size;

/// What a command does to files, in the words of its report.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Download,
    /// A download that is only shown.
    WouldDownload,
    Upload,
    Copy,
    Delete,
    /// A deletion that is only shown.
    WouldDelete,
    /// An upload that is only shown.
    WouldUpload,
}

impl Work {
    /// The status of a file that is done.
    fn status(self) -> &'static str {
        match self {
            Self::Download => "downloaded",
            Self::WouldDownload => "would-download",
            Self::Upload => "uploaded",
            Self::Copy => "copied",
            Self::Delete => "deleted",
            Self::WouldDelete => "would-delete",
            Self::WouldUpload => "would-upload",
        }
    }

    /// The same in a sentence.
    fn done(self) -> &'static str {
        match self {
            Self::WouldDownload => "would be downloaded",
            Self::WouldDelete => "would be deleted",
            Self::WouldUpload => "would be uploaded",
            work => work.status(),
        }
    }

    /// What is to be known after an interruption.
    fn interrupted(self) -> &'static str {
        match self {
            Self::Download => "every file that has its name is whole, run again for the rest",
            Self::Upload | Self::Copy => "every file that is told as done is whole in the run",
            Self::Delete => {
                "every file that is not told as deleted may still be there, run again for the rest"
            }
            Self::WouldDownload | Self::WouldDelete | Self::WouldUpload => "nothing was changed",
        }
    }
}

pub(crate) struct Report<'a> {
    work: Work,
    rows: Rows,
    console: &'a Console,
    started: Instant,
    done: u64,
    bytes: u64,
    skipped: u64,
    failed: u64,
    /// Everything that was asked for is told of.
    complete: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(work: Work, format: ReportFormat, console: &'a Console) -> Self {
        Self {
            work,
            rows: Rows::new(format, console),
            console,
            started: Instant::now(),
            done: 0,
            bytes: 0,
            skipped: 0,
            failed: 0,
            complete: true,
        }
    }

    /// It was done to this file, which people know as `shown`.
    pub(crate) fn done(&mut self, row: Row<'_>, shown: &str) -> io::Result<()> {
        self.done += 1;
        self.bytes += row.bytes;
        let status = self.work.status();
        self.rows.write(&Row { status, ..row }, Some(shown))
    }

    /// There was nothing to do.
    pub(crate) fn skipped(&mut self, row: Row<'_>, shown: &str) -> io::Result<()> {
        self.skipped += 1;
        let status = "skipped";
        self.rows.write(&Row { status, ..row }, Some(shown))
    }

    pub(crate) fn failed(&mut self, row: Row<'_>, error: String) -> io::Result<()> {
        self.failed += 1;
        self.console.error(&printable(&error));
        let row = Row {
            status: "failed",
            error: Some(error),
            ..row
        };
        self.rows.write(&row, None)
    }

    /// How many files are there now.
    pub(crate) fn there(&self) -> u64 {
        self.done + self.skipped
    }

    /// Something of which no file can be told.
    pub(crate) fn incomplete(&mut self, error: &str) {
        self.complete = false;
        self.console.error(&printable(error));
    }

    /// Says what was done, and how the program ends.
    pub(crate) fn end(self, interrupted: bool) -> Result<ExitCode, Failure> {
        self.rows.end()?;
        let mut summary = format!(
            "{} files {} ({}) in {:.1} s",
            self.done,
            self.work.done(),
            size::human(self.bytes),
            self.started.elapsed().as_secs_f64()
        );
        for (count, what) in [(self.skipped, "skipped"), (self.failed, "failed")] {
            if count > 0 {
                let _ = write!(summary, ", {count} {what}");
            }
        }
        if interrupted {
            self.console
                .error(&format!("interrupted: {summary}; {}", self.work.interrupted()));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        self.console.say(&summary);
        Ok(if self.failed == 0 && self.complete {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
