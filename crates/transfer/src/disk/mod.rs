//! Everything that touches the disk: nothing else in this crate does.

mod case;
mod draft;
mod errands;
mod layout;
mod leftovers;
mod name;
mod partial;
mod positioned;
mod reading;
mod root;
mod target;
mod windows;
mod words;

pub(crate) use draft::Draft;
pub(crate) use errands::Errands;
pub(crate) use layout::{Layout, Span};
pub(crate) use name::{Name, impossible};
pub(crate) use partial::Partial;
pub use partial::is_partial;
pub(crate) use reading::Reading;
pub use root::Root;
pub(crate) use target::{Found, Target};
pub(crate) use words::disk_failure;

use crate::TransferErrorKind;
use crate::error::Failure;

/// Starts `work`, which waits for the disk, where it holds up no other task; the future gives its outcome. Dropping the
/// future does not stop the work.
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> impl Future<Output = Result<T, Failure>> + Send {
    let task = tokio::task::spawn_blocking(work);
    async { task.await.unwrap_or_else(|error| Err(stopped(error))) }
}

fn stopped(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::new(TransferErrorKind::Disk, "the work on the disk was stopped").source(error)
}
