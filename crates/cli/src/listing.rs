//! The items of a listing on stdout, in each format.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;
use wandb_client::{Cursor, File};

use crate::args::ListFormat;
use crate::escape::printable;
use crate::output::JsonRows;
use crate::size;

/// One item of a listing: what programs read of it is how it is serialized.
pub(crate) trait Item: Serialize {
    /// Its line in a table.
    fn line(&self) -> String;
    /// Where the listing goes on behind it.
    fn cursor(&self) -> Option<&Cursor> {
        None
    }
}

/// The head of a table of files.
pub(crate) const FILES: &str = "      SIZE  UPDATED               NAME";

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
    run: String,
}

/// A file of a listing, and what people know it as.
pub(crate) struct FileItem<'a> {
    pub(crate) file: &'a File,
    pub(crate) called: &'a str,
}

impl Serialize for FileItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let file = self.file;
        Row {
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
            run: file.run().to_string(),
        }
        .serialize(serializer)
    }
}

impl Item for FileItem<'_> {
    fn line(&self) -> String {
        let file = self.file;
        let updated = file
            .updated_at()
            .map_or_else(|| "-".to_owned(), |moment| format!("{moment:.0}"));
        format!(
            "{:>10}  {updated:<20}  {}",
            size::human(file.size()),
            printable(self.called)
        )
    }

    fn cursor(&self) -> Option<&Cursor> {
        self.file.cursor()
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
    /// `head` stands above a table that a person looks at.
    pub(crate) fn new(format: ListFormat, head: &str) -> io::Result<Self> {
        let out = || BufWriter::new(io::stdout());
        let format = match format {
            ListFormat::Table => {
                let mut out = out();
                if io::stdout().is_terminal() {
                    writeln!(out, "{head}")?;
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

    pub(crate) fn show(&mut self, item: &impl Item) -> io::Result<()> {
        match &mut self.format {
            Format::Table(out) => writeln!(out, "{}", item.line())?,
            Format::Json(rows) => rows.row(item)?,
            Format::Csv(writer) => {
                let Cells(cells) = serde_json::from_str(&serde_json::to_string(item)?)?;
                if self.rows == 0 {
                    writer.write_record(cells.iter().map(|(name, _)| name))?;
                }
                writer.write_record(cells.iter().map(|(_, cell)| cell))?;
            }
        }
        self.rows += 1;
        self.last = item.cursor().cloned().or(self.last.take());
        Ok(())
    }

    /// A line of a table that is no item.
    pub(crate) fn note(&mut self, line: &str) -> io::Result<()> {
        match &mut self.format {
            Format::Table(out) => writeln!(out, "{line}"),
            Format::Json(_) | Format::Csv(_) => Ok(()),
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.format {
            Format::Table(out) => out.flush(),
            Format::Json(rows) => rows.flush(),
            Format::Csv(writer) => writer.flush(),
        }
    }

    /// Completes the output.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        if let Format::Json(rows) = self.format {
            rows.end()?;
        }
        Ok(())
    }
}

/// The fields of an item in their order, each as it stands in a cell: texts bare, null as nothing, and what has parts as JSON.
struct Cells(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CellsVisitor)
    }
}

struct CellsVisitor;

impl<'de> Visitor<'de> for CellsVisitor {
    type Value = Cells;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cells, A::Error> {
        let mut cells = Vec::new();
        while let Some((name, value)) = map.next_entry()? {
            let cell = match value {
                Value::Null => String::new(),
                Value::String(text) => text,
                value => value.to_string(),
            };
            cells.push((name, cell));
        }
        Ok(Cells(cells))
    }
}
