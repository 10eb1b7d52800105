#![doc = include_str!("../README.md")]

mod destination;
mod entry;
mod error;
mod export;
mod key;
mod ledger;
mod lookup;
mod mirror;
mod plan;
mod same;
mod source;
mod verify;
mod worker;

pub use destination::{
    Destination, DestinationError, DestinationErrorKind, Expected, Object, PutError, Stored, Wrong,
};
pub use entry::{Entry, State, UnknownState};
pub use error::MirrorError;
pub use export::{ExportError, Format, UnknownFormat, export, export_to};
pub use key::{from_key, key};
pub use ledger::{Counts, Failure, Ledger, LedgerEntries, LedgerError, Moved, Status};
pub use mirror::Mirror;
pub use plan::{Change, PlanOptions, Planned};
pub use source::Source;
pub use verify::{Problem, Verified, VerifyOptions};
pub use worker::{Enough, FileMoved, MirrorId, Worker, WorkerOptions};
