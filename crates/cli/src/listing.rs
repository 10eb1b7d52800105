//! The files of a listing on stdout, in each format.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use serde::Serialize;
use wandb_client::{Cursor, File};

use crate::args::ListFormat;
use crate::escape::printable;
use crate::output::JsonRows;
use crate::size;

/// One file, as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    id: Option<&'a str>,
    name: &'a str,
    url: Option<&'a str>,
    direct_url: Option<&'a str>,
    size_bytes: u64,
    mimetype: Option<&'a str>,
    updated_at: Option<&'a str>,
    md5: Option<&'a str>,
    path_uri: Option<String>,
    cursor: Option<&'a str>,
}

impl<'a> From<&'a File> for Row<'a> {
    fn from(file: &'a File) -> Self {
        Self {
            id: file.id(),
            name: file.name(),
            url: file.url(),
            direct_url: file.direct_url(),
            size_bytes: file.size(),
            mimetype: file.mimetype(),
            updated_at: file.updated_at_text(),
            md5: file.md5(),
            path_uri: file.path_uri(),
            cursor: file.cursor().map(Cursor::as_str),
        }
    }
}

/// Writes one row after the other, and remembers where it is.
pub(crate) struct Listing {
    format: Format,
    pub(crate) rows: usize,
    pub(crate) last: Option<Cursor>,
}

enum Format {
    Table(BufWriter<Stdout>),
    Json(JsonRows<BufWriter<Stdout>>),
    Csv(Box<csv::Writer<Stdout>>),
}

impl Listing {
    pub(crate) fn new(format: ListFormat) -> io::Result<Self> {
        let out = || BufWriter::new(io::stdout());
        let format = match format {
            ListFormat::Table => {
                let mut out = out();
                if io::stdout().is_terminal() {
                    writeln!(out, "{:>10}  {:<20}  NAME", "SIZE", "UPDATED")?;
                }
                Format::Table(out)
            }
            ListFormat::Json => Format::Json(JsonRows::array(out())),
            ListFormat::Ndjson => Format::Json(JsonRows::lines(out())),
            ListFormat::Csv => Format::Csv(Box::new(csv::Writer::from_writer(io::stdout()))),
        };
        Ok(Self {
            format,
            rows: 0,
            last: None,
        })
    }

    pub(crate) fn show(&mut self, file: &File) -> io::Result<()> {
        match &mut self.format {
            Format::Table(out) => {
                let updated = file
                    .updated_at()
                    .map_or_else(|| "-".to_owned(), |moment| format!("{moment:.0}"));
                writeln!(
                    out,
                    "{:>10}  {updated:<20}  {}",
                    size::human(file.size()),
                    printable(file.name())
                )?;
            }
            Format::Json(rows) => rows.row(&Row::from(file))?,
            Format::Csv(writer) => writer.serialize(Row::from(file)).map_err(io::Error::from)?,
        }
        self.rows += 1;
        self.last = file.cursor().cloned().or(self.last.take());
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.format {
            Format::Table(out) => out.flush(),
            Format::Json(rows) => rows.flush(),
            Format::Csv(writer) => writer.flush(),
        }
    }

    /// Completes the output; how many rows it has.
    pub(crate) fn end(mut self) -> io::Result<usize> {
        self.flush()?;
        if let Format::Json(rows) = self.format {
            rows.end()?;
        }
        Ok(self.rows)
    }
}
