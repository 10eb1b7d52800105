//! What kind of error a store's is: which are worth waiting for.

use std::error::Error;
use std::io;

use object_store::Error as StoreError;
use object_store::client::{HttpError, HttpErrorKind};

use super::DestinationErrorKind as Kind;

/// How much of a server's answer an error shows.
const SHOWN: usize = 300;
/// Where the machines of the large providers ask for the credentials of their role.
const ROLE_SERVERS: [&str; 3] = ["169.254.169.254", "169.254.170.2", "metadata.google.internal"];

/// The kind of a store's error, and its innermost reason: the outer ones only repeat it.
pub(super) fn of_store(error: &StoreError) -> (Kind, String) {
    let mut kind = match error {
        StoreError::InvalidPath { .. } => Some(Kind::Name),
        StoreError::NotFound { .. } => Some(Kind::Missing),
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => Some(Kind::Denied),
        _ => None,
    };
    if ROLE_SERVERS
        .iter()
        .any(|server| error.to_string().contains(server))
    {
        return (
            Kind::Denied,
            "there are no credentials in the environment, and the machine has no role".into(),
        );
    }
    let mut reason = String::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        reason = error.to_string();
        if let Some(status) = status(&reason) {
            let kind = of_status(status, &reason).or(kind).unwrap_or(Kind::Other);
            return (kind, one_line(&reason));
        }
        let found = if let Some(error) = error.downcast_ref::<HttpError>() {
            (error.kind() != HttpErrorKind::Unknown).then_some(Kind::Outage)
        } else {
            error.downcast_ref::<io::Error>().and_then(of_io)
        };
        kind = kind.or(found);
        next = error.source();
    }
    if reason.contains("invalid peer certificate") {
        kind = None; // no waiting makes it valid
    }
    (kind.unwrap_or(Kind::Other), one_line(&reason))
}

/// The status of an answer. `object_store` tells it in words alone: its own type of this error is private.
fn status(text: &str) -> Option<u16> {
    if text.starts_with("Server returned error response") {
        return Some(500); // a 200 with an InternalError or SlowDown in it
    }
    text.strip_prefix("Server returned non-2xx status code: ")?
        .get(..3)?
        .parse()
        .ok()
}

fn of_status(status: u16, text: &str) -> Option<Kind> {
    match status {
        _ if text.contains("SlowDown") => Some(Kind::Outage),
        _ if text.contains("KeyTooLong") => Some(Kind::Name),
        507 => Some(Kind::Full),
        501 => None,
        408 | 409 | 429 | 500.. => Some(Kind::Outage),
        401 | 403 => Some(Kind::Denied),
        404 => Some(Kind::Missing),
        _ => None,
    }
}

/// The kind of a system's error, if it says one.
pub(super) fn of_io(error: &io::Error) -> Option<Kind> {
    use io::ErrorKind as Io;
    Some(match error.kind() {
        Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge => Kind::Full,
        Io::PermissionDenied | Io::ReadOnlyFilesystem => Kind::Denied,
        Io::NotADirectory
        | Io::IsADirectory
        | Io::DirectoryNotEmpty
        | Io::AlreadyExists
        | Io::InvalidFilename => Kind::Name,
        Io::TimedOut
        | Io::ConnectionRefused
        | Io::ConnectionReset
        | Io::ConnectionAborted
        | Io::NotConnected
        | Io::BrokenPipe
        | Io::HostUnreachable
        | Io::NetworkUnreachable
        | Io::NetworkDown
        | Io::StaleNetworkFileHandle => Kind::Outage,
        _ => return None,
    })
}

fn one_line(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(SHOWN) {
        line.truncate(at);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DestinationError;

    #[test]
    fn kinds_of_a_folders_errors() {
        for (error, kind) in [
            (io::ErrorKind::StorageFull, Kind::Full),
            (io::ErrorKind::QuotaExceeded, Kind::Full),
            (io::ErrorKind::PermissionDenied, Kind::Denied),
            (io::ErrorKind::ReadOnlyFilesystem, Kind::Denied),
            (io::ErrorKind::NotADirectory, Kind::Name),
            (io::ErrorKind::InvalidFilename, Kind::Name),
            (io::ErrorKind::StaleNetworkFileHandle, Kind::Outage),
            (io::ErrorKind::Other, Kind::Other),
        ] {
            let source = StoreError::Generic {
                store: "LocalFileSystem",
                source: io::Error::from(error).into(),
            };
            assert_eq!(DestinationError::of_store("write", source).kind(), kind);
        }
    }

    #[test]
    fn missing_credentials_are_no_outage() {
        let source =
            "Error performing PUT http://169.254.169.254/latest/api/token in 5s - connection refused";
        let source = StoreError::Generic {
            store: "S3",
            source: source.into(),
        };
        assert_eq!(DestinationError::of_store("write", source).kind(), Kind::Denied);
    }

    #[test]
    fn a_certificate_that_nobody_vouches_for_is_no_outage() {
        for (reason, kind) in [
            ("connection reset", Kind::Outage),
            ("invalid peer certificate: UnknownIssuer", Kind::Other),
        ] {
            let source = HttpError::new(HttpErrorKind::Connect, io::Error::other(reason));
            let source = StoreError::Generic {
                store: "S3",
                source: source.into(),
            };
            assert_eq!(DestinationError::of_store("write", source).kind(), kind);
        }
    }

    #[test]
    fn a_long_answer_is_cut() {
        let source = StoreError::Generic {
            store: "S3",
            source: "é\n".repeat(1000).into(),
        };
        let text = DestinationError::of_store("write x", source).to_string();
        assert!(
            text.starts_with("write x: é é") && text.ends_with("…; look at what the store says"),
            "{text}"
        );
        assert!(text.chars().count() < 350);
    }
}
