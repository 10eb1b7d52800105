//! Rows on stdout, one for each file.

use std::io::{self, BufWriter, Stdout, Write as _};

use serde::Serialize;

use crate::args::ReportFormat;
use crate::console::Console;
use crate::escape::printable;
use crate::output::JsonRows;
use crate::size;

/// One file, as programs read it. What a command has nothing to say of is left out.
#[derive(Serialize, Default)]
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<Option<String>>,
    pub(crate) bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) md5: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) error: Option<String>,
    /// Entity, project and run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<String>,
}

/// The rows of one command, in the format that was asked for.
pub(crate) struct Rows {
    format: Format,
    console: Console,
}

enum Format {
    Text(Stdout),
    Json(JsonRows<BufWriter<Stdout>>),
    /// Whoever read stdout went away: the work goes on.
    Unread,
}

impl Rows {
    pub(crate) fn new(format: ReportFormat, console: &Console) -> Self {
        let out = || BufWriter::new(io::stdout());
        let format = match format {
            ReportFormat::Text => Format::Text(io::stdout()),
            ReportFormat::Json => Format::Json(JsonRows::array(out())),
            ReportFormat::Ndjson => Format::Json(JsonRows::lines(out())),
        };
        Self {
            format,
            console: console.clone(),
        }
    }

    /// Writes a row; as text only where there is something to show, since the console has told of the errors.
    pub(crate) fn write(&mut self, row: &Row<'_>, shown: Option<&str>) -> io::Result<()> {
        let written = match (&mut self.format, shown) {
            (Format::Text(out), Some(shown)) => {
                let line = format!(
                    "{:<10}  {:>11}  {}",
                    row.status,
                    size::human(row.bytes),
                    printable(shown)
                );
                self.console.aside(|| writeln!(out, "{line}"))
            }
            (Format::Json(rows), _) => rows.row(row).and_then(|()| rows.flush()),
            (Format::Text(_), None) | (Format::Unread, _) => Ok(()),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.format = Format::Unread;
                Ok(())
            }
            written => written,
        }
    }
    /// Ends what has an end.
    pub(crate) fn end(self) -> io::Result<()> {
        match self.format {
            Format::Json(rows) => rows.end(),
            Format::Text(_) | Format::Unread => Ok(()),
        }
    }
}
