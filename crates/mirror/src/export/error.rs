//! What may go wrong with an export.

use std::io;
use std::path::PathBuf;

/// A name that tells no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not say the format of an export: let the name end in .parquet or .csv")]
pub struct UnknownFormat(pub(super) PathBuf);

/// Why an export is not whole. `E` is the error of the stream that the entries come from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError<E> {
    /// The entries could not be read to their end.
    #[error("could not read the ledger for an export: it stopped after {rows} entries; export it again")]
    Entries {
        /// How many came before.
        rows: u64,
        /// The stream's error.
        source: E,
    },
    /// What was given to write to failed.
    #[error("could not write an export: it stopped after {rows} entries; what was written is not whole")]
    Write {
        /// How many had been taken before.
        rows: u64,
        /// Why.
        source: io::Error,
    },
    /// The file could not be made.
    #[error(
        "could not write the export {path:?}: it stopped after {rows} entries; \
         nothing of it is left, and a file that was there before is as it was"
    )]
    File {
        /// The file that was to be.
        path: PathBuf,
        /// How many entries had been taken before.
        rows: u64,
        /// Why.
        source: io::Error,
    },
}
