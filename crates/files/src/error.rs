//! What can go wrong with a run's files.

use std::path::PathBuf;
use std::sync::Arc;

use wandb_paginator::{PaginatorError, PaginatorErrorKind};
use wandb_transfer::TransferError;
use wandb_transport::{TransportError, TransportErrorKind};

use crate::RunPath;

/// A listing, a file, an upload or a deletion that cannot be had.
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
    /// The listing of a project's runs failed: what runs follow is not known.
    #[error("cannot list the runs of {entity}/{project}: {source}")]
    Runs {
        /// The user or team that owns the project.
        entity: String,
        /// The project.
        project: String,
        /// What happened.
        source: PaginatorError,
    },
    /// No run of a project's selection has a file of this name.
    #[error("no run that was chosen of {entity}/{project} has a file {name:?}")]
    NowhereThere {
        /// The user or team that owns the project.
        entity: String,
        /// The project.
        project: String,
        /// The name that was asked for.
        name: String,
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
    /// A glob that cannot be read.
    #[error("cannot read the glob {glob:?}: {why}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// A local path that cannot be uploaded.
    #[error("cannot upload {}: {why}", path.display())]
    Local {
        /// The path.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Two files were to be uploaded under one name.
    #[error(
        "another file is uploaded as {name:?} already; give the two different names, or upload one of them"
    )]
    SameName {
        /// The name in the run.
        name: String,
    },
    /// The file was sent, but the server does not show it as it was sent.
    #[error("{name:?} was sent, but {why}")]
    Unconfirmed {
        /// The file's name.
        name: String,
        /// What is wrong, and what to do.
        why: String,
        /// What kept the server from being asked, if anything did.
        source: Option<Arc<FilesError>>,
    },
    /// Only addresses in storage were to be used, and this server gives none.
    #[error(
        "this server gives no address in storage for {name:?}; let it come by way of the server, with Via::Auto or Via::Api"
    )]
    NoDirectAddress {
        /// The file's name.
        name: String,
    },
    /// The run is not there, or may not be seen: servers do not say which.
    #[error("there is no run {run}, or no permission to see it; check the path, and whose key this is")]
    NoRun {
        /// The run.
        run: RunPath,
    },
    /// The server could not be asked for something.
    #[error("cannot {what}: {source}")]
    Asking {
        /// What was to be done.
        what: String,
        /// What happened.
        source: Arc<TransportError>,
    },
    /// The server gave no address to upload to, or one that is none.
    #[error("the server gave no usable address to upload {name:?} of {run} to; check its storage settings")]
    NoUploadAddress {
        /// The run.
        run: RunPath,
        /// The file's name.
        name: String,
    },
    /// The server was told of uploads, and says that it did not take note.
    #[error(
        "the server did not take note of {count} uploaded files of {run} (success: false), so they may not be listed; \
         upload them again"
    )]
    NotMarked {
        /// The run.
        run: RunPath,
        /// How many files there were.
        count: usize,
    },
    /// The file belongs to something that never changes: a version of an artifact.
    #[error(
        "{name:?} cannot be deleted: {run} is a version of an artifact, which never changes; log a version without it"
    )]
    Fixed {
        /// The version.
        run: RunPath,
        /// The file's name.
        name: String,
    },
    /// The server gave no id for the file, and deletes by id.
    #[error("the server gave no id for {name:?}, so it cannot be deleted from here; list it again")]
    NoId {
        /// The file's name.
        name: String,
    },
    /// The file could not be deleted. Where the reason holds for all files, none after the first was tried.
    #[error("cannot delete {name:?} of {run}: {source}")]
    Delete {
        /// The run.
        run: RunPath,
        /// The file's name.
        name: String,
        /// What happened.
        source: Arc<TransportError>,
    },
    /// The server says that it did not delete the file, and not why.
    #[error(
        "the server did not delete {name:?} of {run} (success: false); check who may delete in this project"
    )]
    NotDeleted {
        /// The run.
        run: RunPath,
        /// The file's name.
        name: String,
    },
    /// The bytes could not be moved.
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

impl FilesError {
    /// Whether the server understood what it was asked, and refused it: something else may go through.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Asking { source, .. } => matches!(source.kind(), TransportErrorKind::GraphQl(_)),
            Self::NoUploadAddress { .. } => true,
            _ => false,
        }
    }

    /// What the server could not be asked for, if that was it.
    #[must_use]
    pub fn transport(&self) -> Option<&TransportError> {
        match self {
            Self::Asking { source, .. } | Self::Delete { source, .. } => Some(source),
            Self::Listing { source, .. } | Self::Runs { source, .. } => match source.kind() {
                PaginatorErrorKind::Transport(error) => Some(error),
                _ => None,
            },
            Self::Unconfirmed { source, .. } => source.as_ref()?.transport(),
            _ => None,
        }
    }

    /// [`Missing`](Self::Missing).
    #[must_use]
    pub fn missing(run: &RunPath, name: &str) -> Self {
        Self::Missing {
            run: run.clone(),
            name: name.to_owned(),
        }
    }
}
