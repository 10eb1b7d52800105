//! Entries as CSV.

use std::io::{self, Write};

use csv::{Error, ErrorKind, Writer};
use jiff::Timestamp;

use super::Rows;
use super::columns::{COLUMNS, Value};
use crate::Entry;

pub(super) struct Csv<W: Write> {
    out: Writer<W>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut out = Writer::from_writer(out);
        let names = COLUMNS.iter().map(|column| column.name);
        out.write_record(names).map_err(into_io)?;
        Ok(Self { out })
    }

    fn write_fields(&mut self, entry: &Entry) -> Result<(), Error> {
        let out = &mut self.out;
        for column in COLUMNS {
            match column.value {
                Value::Text(text) => out.write_field(text(entry))?,
                Value::OptionalText(text) => out.write_field(text(entry).unwrap_or_default())?,
                Value::Number(number) => out.write_field(number(entry).to_string())?,
                Value::OptionalTime(time) => out.write_field(time(entry).map(written).unwrap_or_default())?,
            }
        }
        out.write_record(None::<&[u8]>)
    }
}

impl<W: Write> Rows for Csv<W> {
    fn write(&mut self, entry: Entry) -> io::Result<()> {
        self.write_fields(&entry).map_err(into_io)
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// RFC 3339 with milliseconds. A moment that no calendar here reaches stays the number that it was.
fn written(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), |time| format!("{time:.3}"))
}

/// The error of what is written to comes out as it went in, so that a full disk is told as one.
fn into_io(error: Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
