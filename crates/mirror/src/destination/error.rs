//! What can go wrong with a destination.

use std::error::Error;
use std::fmt;
use std::io;

use object_store::Error as StoreError;
use object_store::client::{HttpError, HttpErrorKind};

/// How much of a server's answer an error shows.
const SHOWN: usize = 300;
/// Where the machines of the large providers ask for the credentials of their role.
const ROLE_SERVERS: [&str; 3] = ["169.254.169.254", "169.254.170.2", "metadata.google.internal"];

/// Why a destination did not do what it was asked.
///
/// It says what was being done and to what, why it failed and what to do; the store's own error is its source.
pub struct DestinationError(Box<Inner>);

struct Inner {
    kind: DestinationErrorKind,
    doing: String,
    reason: String,
    source: Option<StoreError>,
}

/// The kinds of a [`DestinationError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DestinationErrorKind {
    /// The address does not say where files should go.
    Address,
    /// The destination cannot hold a file of this name: it is too long, or there is a folder where a file should be.
    Name,
    /// The destination cannot be reached, is not up to its work, or asks to slow down. The only kind worth waiting for.
    Outage,
    /// The credentials are missing or wrong, or do not allow it.
    Denied,
    /// There is no such bucket, container, folder or object.
    Missing,
    /// The disk or the quota is full.
    Full,
    /// What the destination says it holds is not what was sent.
    Damaged,
    /// Anything else.
    Other,
}

impl DestinationErrorKind {
    fn next(self) -> &'static str {
        match self {
            Self::Address => {
                "give a folder, file://, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or memory:"
            }
            Self::Name => "a bucket holds most names that a folder does not",
            Self::Outage => "try again later",
            Self::Denied => {
                "look at what you may do there: at the credentials in the environment, or the rights of the folder"
            }
            Self::Missing => {
                "make the bucket or mount the folder first, or look at its name, region and endpoint"
            }
            Self::Full => "make room, then go on",
            Self::Damaged => "send the file again",
            Self::Other => "look at what the store says",
        }
    }
}

impl DestinationError {
    pub(crate) fn new(
        kind: DestinationErrorKind,
        doing: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            doing: doing.into(),
            reason: reason.into(),
            source: None,
        }))
    }

    pub(crate) fn of_store(doing: impl Into<String>, source: StoreError) -> Self {
        let (kind, reason) = judge(&source);
        Self(Box::new(Inner {
            kind,
            doing: doing.into(),
            reason,
            source: Some(source),
        }))
    }

    pub(crate) fn of_io(doing: impl Into<String>, error: &io::Error) -> Self {
        Self::new(
            of_io(error).unwrap_or(DestinationErrorKind::Other),
            doing,
            error.to_string(),
        )
    }

    pub(crate) fn with_kind(mut self, kind: DestinationErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> DestinationErrorKind {
        self.0.kind
    }

    /// Whether the same may work later without anybody doing anything: the destination cannot be reached, does not
    /// answer in time, answers 5xx, or asks to slow down.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        self.0.kind == DestinationErrorKind::Outage
    }
}

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind, doing, reason, ..
        } = &*self.0;
        write!(f, "{doing}: {reason}; {}", kind.next())
    }
}

impl fmt::Debug for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DestinationError")
            .field("kind", &self.0.kind)
            .field("doing", &self.0.doing)
            .field("reason", &self.0.reason)
            .finish_non_exhaustive()
    }
}

impl Error for DestinationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().map(|error| error as _)
    }
}

/// The kind of a store's error, and its innermost reason: the outer ones only repeat it.
fn judge(error: &StoreError) -> (DestinationErrorKind, String) {
    use DestinationErrorKind as Kind;
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

fn of_status(status: u16, text: &str) -> Option<DestinationErrorKind> {
    use DestinationErrorKind as Kind;
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

fn of_io(error: &io::Error) -> Option<DestinationErrorKind> {
    use DestinationErrorKind as Kind;
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
    use DestinationErrorKind as Kind;

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
