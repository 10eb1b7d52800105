//! What can go wrong with a run's files.

use wandb_paginator::PaginatorError;
use wandb_transfer::TransferError;

use crate::RunPath;

/// A listing or a file that cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// Both a list of names and a pattern were given. The SDK refuses the pair as well (`apis/public/files.py`).
    #[error("files are chosen by names or by a pattern, not by both; give one of them")]
    NamesAndPattern,
    /// The listing failed.
    #[error("cannot list the files of {run}: {source}")]
    Listing {
        /// The run.
        run: RunPath,
        /// What happened.
        source: PaginatorError,
    },
    /// The run has no file of this name.
    #[error("{run} has no file {name:?}; `wbf ls {run}` shows what there is")]
    Missing {
        /// The run.
        run: RunPath,
        /// The name that was asked for.
        name: String,
    },
    /// The file is a reference: its bytes lie in a bucket that only its owner's tools reach.
    #[error("{name:?} is a reference to {uri}: fetch it with that storage's own tools")]
    Reference {
        /// The file's name.
        name: String,
        /// Where it lies.
        uri: String,
    },
    /// The server gave no address, or one that is none.
    #[error(
        "the server gave no usable address for {name:?}; ask again, or check the server's storage settings"
    )]
    NoAddress {
        /// The file's name.
        name: String,
    },
    /// The bytes could not be moved.
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

impl FilesError {
    pub(crate) fn missing(run: &RunPath, name: &str) -> Self {
        Self::Missing {
            run: run.clone(),
            name: name.to_owned(),
        }
    }
}
