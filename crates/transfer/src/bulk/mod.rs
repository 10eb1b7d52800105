//! Many files at once.

mod download;
mod engine;
mod meter;
mod names;
mod slots;
mod upload;

use std::time::Duration;

pub use download::{BulkOptions, Downloads, Job};
pub use engine::Bulk;
pub use slots::{Slot, Slots};
pub use upload::{UploadJob, Uploads};

use crate::{Downloaded, TransferError};

/// What [`Bulk`] tells. `D` is [`Downloaded`] or [`Uploaded`](crate::Uploaded).
#[derive(Debug)]
pub enum Event<K, L, D = Downloaded> {
    /// Something happened to the file of this key.
    File(K, Step<TransferError, D>),
    /// The stream of jobs gave this error in place of a job.
    Listing(L),
}

/// What happened to one file: at first [`Started`](Self::Started), in the end one of [`Finished`](Self::Finished),
/// [`Skipped`](Self::Skipped) and [`Failed`](Self::Failed), and the others in between, if at all.
///
/// `E` is [`TransferError`], or what a layer above makes of it; `D` is [`Downloaded`] or [`Uploaded`](crate::Uploaded).
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<E = TransferError, D = Downloaded> {
    /// It is the file's turn. A file that fails by its name alone has none.
    Started,
    /// How far it is. Told at most ten times a second, and only the newest state: a file that is done sooner tells of
    /// none.
    Progress {
        /// The bytes that are done; fewer than before where the file had to begin again.
        bytes: u64,
        /// All bytes, where that is known.
        total: Option<u64>,
    },
    /// A try failed, and there will be another one.
    Retried {
        /// Which try failed: 1 for the first.
        attempt: u32,
        /// What happened.
        why: String,
        /// The time until the next try.
        wait: Duration,
    },
    /// It is there, whole and checked.
    Finished(D),
    /// It was there already. Not told of uploads.
    Skipped(D),
    /// It could not be moved. The others go on.
    Failed(E),
}

impl<E, D> Step<E, D> {
    /// The same, with what `change` makes of the error of [`Failed`](Self::Failed).
    pub fn map_err<F>(self, change: impl FnOnce(E) -> F) -> Step<F, D> {
        match self {
            Self::Started => Step::Started,
            Self::Progress { bytes, total } => Step::Progress { bytes, total },
            Self::Retried { attempt, why, wait } => Step::Retried { attempt, why, wait },
            Self::Finished(done) => Step::Finished(done),
            Self::Skipped(done) => Step::Skipped(done),
            Self::Failed(error) => Step::Failed(change(error)),
        }
    }

    /// The same, with what `change` makes of what there is in the end.
    pub fn map_done<F>(self, change: impl FnOnce(D) -> F) -> Step<E, F> {
        match self {
            Self::Started => Step::Started,
            Self::Progress { bytes, total } => Step::Progress { bytes, total },
            Self::Retried { attempt, why, wait } => Step::Retried { attempt, why, wait },
            Self::Finished(done) => Step::Finished(change(done)),
            Self::Skipped(done) => Step::Skipped(change(done)),
            Self::Failed(error) => Step::Failed(error),
        }
    }
}
