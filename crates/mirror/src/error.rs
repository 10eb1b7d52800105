//! What can go wrong with a mirror as a whole.

use wandb_client::{FilesError, RunPath};

use crate::{DestinationError, LedgerError};

/// Why a mirror cannot go on. What goes wrong with one file is in the ledger instead, and stops no other.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The destination cannot be reached, or refuses.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The server cannot be asked.
    #[error(transparent)]
    Server(#[from] wandb_client::Error),
    /// The files cannot be chosen as they were.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A run's files would go where those of another server's run of the same name are.
    #[error(
        "{destination} has the files of {run} of {server}, which those of this server would overwrite: give another \
         destination; or, where it is the same server under another address, go on with the old address, or with a ledger of \
         its own"
    )]
    Occupied {
        /// The run.
        run: RunPath,
        /// The address of the destination.
        destination: String,
        /// The server whose files are there.
        server: String,
    },
    /// The projects of an entity cannot be listed.
    #[error("cannot list the projects of {entity}: {source}")]
    Projects {
        /// The entity.
        entity: String,
        /// What the listing says.
        source: wandb_client::PaginatorError,
    },
    /// The engine of the queue stopped for a reason that is not the ledger's.
    #[error("the queue stopped: {0}")]
    Queue(String),
    /// The server refuses the credential, so that no file can be had. What was queued stays queued.
    #[error("{0}")]
    Refused(String),
}
