//! How a command ends when it cannot go on.

use std::io;
use std::process::ExitCode;

use wandb_client::{
    Api, ConvertErrorKind, Error, ErrorKind, FilesError, PaginatorError, PaginatorErrorKind, TransferError,
    TransportError, TransportErrorKind,
};

use crate::console::Console;

/// The exit status of wrong usage, clap's own.
const USAGE: u8 = 2;
/// The exit status after Ctrl-C, the shells' own.
pub(crate) const INTERRUPTED: u8 = 130;

/// What went wrong with the files of a run, and, where the credential was refused, where that came from.
pub(crate) fn explained(api: &Api, error: &FilesError) -> String {
    let mut message = match error {
        FilesError::Listing { source, .. } | FilesError::Runs { source, .. } => match source.kind() {
            // What is not there at all has no listing to speak of.
            PaginatorErrorKind::Convert(cause) if cause.kind() == ConvertErrorKind::NotFound => {
                cause.to_string()
            }
            _ => error.to_string(),
        },
        error => error.to_string(),
    };
    if let Some(cause) = error.transport() {
        hint(&mut message, cause, api);
    }
    message
}

/// What went wrong with a listing of `what`, in the same way.
pub(crate) fn listing(api: &Api, what: &str, error: &PaginatorError) -> String {
    match error.kind() {
        PaginatorErrorKind::Convert(error) if error.kind() == ConvertErrorKind::NotFound => error.to_string(),
        PaginatorErrorKind::Transport(cause) => {
            let mut message = format!("cannot list {what}: {error}");
            hint(&mut message, cause, api);
            message
        }
        _ => format!("cannot list {what}: {error}"),
    }
}

/// Adds where a credential came from that the server refused.
fn hint(message: &mut String, cause: &TransportError, api: &Api) {
    if *cause.kind() == TransportErrorKind::Authentication
        && let Some(hint) = api.credential_hint()
    {
        message.push_str("; ");
        message.push_str(&hint);
    }
}

pub(crate) enum Failure {
    /// The command line asks for something impossible.
    Usage(String),
    /// Something failed.
    Error(String),
    /// Whoever read stdout went away, as `head` does: not an error.
    ReaderGone,
}

impl Failure {
    pub(crate) fn report(&self, console: &Console) -> ExitCode {
        match self {
            Self::Usage(message) => {
                console.error(message);
                ExitCode::from(USAGE)
            }
            Self::Error(message) => console.report(message),
            Self::ReaderGone => ExitCode::SUCCESS,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Path => Self::Usage(error.to_string()),
            _ => Self::Error(error.to_string()),
        }
    }
}

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        Self::Error(error.to_string())
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        Self::Error(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::Error(format!("cannot write to stdout: {error}"))
        }
    }
}
