//! What can go wrong with a destination.

use std::error::Error;
use std::fmt;
use std::io;

use object_store::Error as StoreError;

use super::judge;

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
        let (kind, reason) = judge::of_store(&source);
        Self(Box::new(Inner {
            kind,
            doing: doing.into(),
            reason,
            source: Some(source),
        }))
    }

    pub(crate) fn of_io(doing: impl Into<String>, error: &io::Error) -> Self {
        Self::new(
            judge::of_io(error).unwrap_or(DestinationErrorKind::Other),
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
