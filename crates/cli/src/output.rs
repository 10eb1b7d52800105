//! Rows on stdout as JSON.

use std::io::{self, Write};

use serde::Serialize;

/// Writes rows as one JSON array, or as one object a line.
pub(crate) struct JsonRows<W> {
    out: W,
    array: bool,
    any: bool,
}

impl<W: Write> JsonRows<W> {
    pub(crate) fn array(out: W) -> Self {
        Self {
            out,
            array: true,
            any: false,
        }
    }

    pub(crate) fn lines(out: W) -> Self {
        Self {
            out,
            array: false,
            any: false,
        }
    }

    pub(crate) fn row(&mut self, row: &impl Serialize) -> io::Result<()> {
        if self.array {
            self.out.write_all(if self.any { b",\n" } else { b"[\n" })?;
        }
        self.any = true;
        serde_json::to_writer(&mut self.out, row)?;
        if self.array {
            Ok(())
        } else {
            self.out.write_all(b"\n")
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        if self.array {
            self.out.write_all(if self.any { b"\n]\n" } else { b"[]\n" })?;
        }
        self.out.flush()
    }
}
