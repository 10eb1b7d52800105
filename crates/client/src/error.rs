//! What can go wrong, in one type.

use std::fmt;

use wandb_files::FilesError;
use wandb_paginator::{ConvertErrorKind, PaginatorError, PaginatorErrorKind};
use wandb_transfer::{TransferError, TransferErrorKind};
use wandb_transport::{TransportError, TransportErrorKind};

use crate::path::PathError;

/// Something that could not be done.
///
/// `Display` says what was being done, to what, and what to do next; [`kind`](Self::kind) is for programs. The error that
/// led here is kept as [`source`](std::error::Error::source). No message holds a key, a token or a signature. The errors of
/// listings and downloads turn into this one with `?`.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of failure.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An environment variable, a settings file or a builder's value cannot be used. Nothing was sent.
    Settings,
    /// No API key and no identity token could be found. Nothing was sent.
    MissingKey,
    /// A text that names no run. Nothing was sent.
    Path,
    /// The project, the run or the file is not there, or the credential may not see it: servers do not say which.
    NotFound,
    /// A query has no usable answer; which of these are retried before they are reported stands at each kind.
    Transport(TransportErrorKind),
    /// The server's listing makes no sense, or what was asked for contradicts itself.
    Listing,
    /// The server did not do what it was asked for, and does not say why.
    Refused,
    /// A local path cannot be uploaded as it was asked for. Nothing was sent.
    Local,
    /// A file was sent, and the server does not show it as it was sent.
    Unconfirmed,
    /// The bytes could not be moved; which of these are tried again stands at each kind.
    Transfer(TransferErrorKind),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Adds to the message.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.0.message.push_str("; ");
        self.0.message.push_str(more);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<PathError> for Error {
    fn from(error: PathError) -> Self {
        Self::new(ErrorKind::Path, error.to_string()).with_source(error)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::new(ErrorKind::Transport(error.kind().clone()), error.to_string()).with_source(error)
    }
}

impl From<PaginatorError> for Error {
    fn from(error: PaginatorError) -> Self {
        Self::new(kind_of_page(&error), error.to_string()).with_source(error)
    }
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        Self::new(ErrorKind::Transfer(error.kind()), error.to_string()).with_source(error)
    }
}

impl From<FilesError> for Error {
    fn from(error: FilesError) -> Self {
        let kind = match &error {
            FilesError::Missing { .. } | FilesError::NowhereThere { .. } | FilesError::NoRun { .. } => {
                ErrorKind::NotFound
            }
            FilesError::Asking { source, .. } | FilesError::Delete { source, .. } => {
                ErrorKind::Transport(source.kind().clone())
            }
            FilesError::Listing { source, .. } | FilesError::Runs { source, .. } => kind_of_page(source),
            FilesError::Transfer(error) => ErrorKind::Transfer(error.kind()),
            FilesError::Reference { .. }
            | FilesError::NoAddress { .. }
            | FilesError::NoDirectAddress { .. }
            | FilesError::NoUploadAddress { .. } => ErrorKind::Transfer(TransferErrorKind::Address),
            FilesError::NotMarked { .. }
            | FilesError::NotDeleted { .. }
            | FilesError::NoId { .. }
            | FilesError::Fixed { .. } => ErrorKind::Refused,
            FilesError::Local { .. } | FilesError::Glob { .. } | FilesError::SameName { .. } => {
                ErrorKind::Local
            }
            FilesError::Unconfirmed { .. } => ErrorKind::Unconfirmed,
            _ => ErrorKind::Listing,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}

fn kind_of_page(error: &PaginatorError) -> ErrorKind {
    match error.kind() {
        PaginatorErrorKind::Transport(error) => ErrorKind::Transport(error.kind().clone()),
        PaginatorErrorKind::Convert(error) if error.kind() == ConvertErrorKind::NotFound => {
            ErrorKind::NotFound
        }
        _ => ErrorKind::Listing,
    }
}
