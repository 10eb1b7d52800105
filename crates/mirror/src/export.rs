//! The ledger for other programs.

mod columns;
mod csv;
mod error;
mod parquet;
mod whole;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::pin::pin;

use futures::{Stream, TryStreamExt};

pub use error::{ExportError, UnknownFormat};
pub use whole::export_to;

use crate::Entry;

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet, compressed with Snappy: it has the types of the columns with it.
    Parquet,
    /// Comma-separated values with a line of names; nothing stands where there is no value.
    Csv,
}

impl Format {
    /// The format by the ending of a file's name: `.parquet` or `.csv`.
    ///
    /// # Errors
    ///
    /// [`UnknownFormat`] for any other ending.
    pub fn of(path: &Path) -> Result<Self, UnknownFormat> {
        let ending = path.extension().map(OsStr::to_ascii_lowercase);
        match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("parquet") => Ok(Self::Parquet),
            Some("csv") => Ok(Self::Csv),
            _ => Err(UnknownFormat(path.to_owned())),
        }
    }
}

/// Writes entries of the ledger, and gives their number.
///
/// Memory is bounded by the rows that Parquet takes together: 100,000 of them, or fewer with 64 MiB of text. Only
/// what its last part says of each such group, a few KiB, is kept to the end. `out` is written to without letting
/// other tasks of the thread go on. What has been written when this fails is no whole export;
/// [`export_to`] leaves none of it.
///
/// # Errors
///
/// [`ExportError::Entries`] with the stream's own error, [`ExportError::Write`] with that of `out`.
pub async fn export<E>(
    entries: impl Stream<Item = Result<Entry, E>>,
    format: Format,
    out: impl Write + Send,
) -> Result<u64, ExportError<E>> {
    match format {
        Format::Parquet => run(entries, parquet::Parquet::new(out)).await,
        Format::Csv => run(entries, csv::Csv::new(out)).await,
    }
}

/// What writes one format.
trait Rows: Sized {
    fn write(&mut self, entry: Entry) -> io::Result<()>;
    fn finish(self) -> io::Result<()>;
}

async fn run<E>(
    entries: impl Stream<Item = Result<Entry, E>>,
    rows: io::Result<impl Rows>,
) -> Result<u64, ExportError<E>> {
    let mut count = 0;
    let broken = |rows, source| ExportError::Write { rows, source };
    let mut rows = rows.map_err(|source| broken(0, source))?;
    let mut entries = pin!(entries);
    loop {
        let next = entries.try_next().await;
        let Some(entry) = next.map_err(|source| ExportError::Entries { rows: count, source })? else {
            break;
        };
        rows.write(entry).map_err(|source| broken(count, source))?;
        count += 1;
    }
    rows.finish().map_err(|source| broken(count, source))?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_format() {
        assert_eq!(Format::of(Path::new("a.csv/b.parquet")), Ok(Format::Parquet));
        assert_eq!(Format::of(Path::new("A.CSV")), Ok(Format::Csv));
        assert_eq!(
            Format::of(Path::new("out/ledger")).unwrap_err().to_string(),
            r#""out/ledger" does not say the format of an export: let the name end in .parquet or .csv"#
        );
    }
}
