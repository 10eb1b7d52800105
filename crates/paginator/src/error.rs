//! What can go wrong while a page is loaded.

use std::error::Error;
use std::fmt;

use wandb_transport::TransportError;

use crate::page::Cursor;

/// Why an answer is no page: what [`Collection::convert_objects`](crate::Collection::convert_objects) reports.
#[derive(Debug)]
pub struct ConvertError {
    kind: ConvertErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`ConvertError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertErrorKind {
    /// What was to be listed is not there, or may not be seen: servers do not say which.
    NotFound,
    /// The answer lacks something that a page needs.
    Malformed,
}

impl ConvertError {
    /// What was to be listed is not there, or may not be seen; `message` says what that is.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ConvertErrorKind::NotFound, message.into())
    }

    /// There is no `what` (such as `project team/mnist`), or it may not be seen; says so, and what to check.
    pub fn unseen(what: impl fmt::Display) -> Self {
        Self::not_found(format!(
            "there is no {what}, or no permission to see it; check the path, and whose key this is"
        ))
    }

    /// The answer lacks something; `message` says what.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(ConvertErrorKind::Malformed, message.into())
    }

    fn new(kind: ConvertErrorKind, message: String) -> Self {
        Self {
            kind,
            message,
            source: None,
        }
    }

    /// Keeps the error that led here.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ConvertErrorKind {
        self.kind
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ConvertError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A page that could not be loaded.
///
/// Nothing is lost with it: what was loaded stays, and the same call again tries the same page again. `Display` is
/// complete in itself: which page of what, what happened, after how many tries. [`kind`](Self::kind) is for programs.
#[derive(Debug)]
pub struct PaginatorError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    cause: Cause,
}

/// The page that was to be loaded.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) operation: &'static str,
    /// Counted from 1.
    pub(crate) page: u64,
    pub(crate) after: Option<Cursor>,
    pub(crate) size: u32,
    /// How many items came with the pages before.
    pub(crate) loaded: u64,
}

#[derive(Debug)]
pub(crate) enum Cause {
    Transport(TransportError),
    Convert(ConvertError),
    RepeatedCursor(Cursor),
    MissingCursor,
}

/// The kinds of [`PaginatorError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum PaginatorErrorKind<'a> {
    /// The query has no usable answer.
    Transport(&'a TransportError),
    /// The answer is no page.
    Convert(&'a ConvertError),
    /// The server says that more follows after a cursor that it gave before: going on would never end.
    RepeatedCursor(&'a Cursor),
    /// The server says that more follows, but not after which cursor.
    MissingCursor,
}

impl PaginatorError {
    pub(crate) fn new(place: Place, cause: Cause) -> Self {
        Self(Box::new(Inner { place, cause }))
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> PaginatorErrorKind<'_> {
        match &self.0.cause {
            Cause::Transport(error) => PaginatorErrorKind::Transport(error),
            Cause::Convert(error) => PaginatorErrorKind::Convert(error),
            Cause::RepeatedCursor(cursor) => PaginatorErrorKind::RepeatedCursor(cursor),
            Cause::MissingCursor => PaginatorErrorKind::MissingCursor,
        }
    }

    /// Where the page that failed begins: what a later listing can [`start_after`](crate::Paginator::start_after).
    /// `None` is the beginning.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.0.place.after.as_ref()
    }
}

impl fmt::Display for PaginatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { place, cause } = &*self.0;
        let operation = place.operation;
        match cause {
            // What is not there at all has no pages to tell of, and a listing that fails at its beginning needs no place.
            Cause::Convert(error) if error.kind() == ConvertErrorKind::NotFound => write!(f, "{error}"),
            Cause::Convert(error) if place.is_first() => write!(f, "{operation} failed: {error}"),
            Cause::Transport(error) if place.is_first() => write!(f, "{error}"),
            Cause::Transport(error) => write!(f, "cannot load {place}: {error}"),
            Cause::Convert(error) => write!(f, "cannot load {place}: {operation} failed: {error}"),
            Cause::RepeatedCursor(cursor) => write!(
                f,
                "cannot go on after {place}: {operation} says that more follows after the cursor {:?}, which it gave \
                 before, so that this would never end; list again from the beginning, and if this stays, report it to \
                 whoever runs the server",
                cursor.as_str()
            ),
            Cause::MissingCursor => write!(
                f,
                "cannot go on after {place}: {operation} says that more follows, but gives no cursor to ask for it; if \
                 this stays, report it to whoever runs the server"
            ),
        }
    }
}

impl Place {
    fn is_first(&self) -> bool {
        self.page == 1 && self.after.is_none()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page {} (size {}, ", self.page, self.size)?;
        match &self.after {
            Some(cursor) => write!(f, "after the cursor {:?}", cursor.as_str())?,
            None => f.write_str("from the beginning")?,
        }
        write!(f, ", items loaded: {})", self.loaded)
    }
}

impl Error for PaginatorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.cause {
            Cause::Transport(error) => Some(error),
            Cause::Convert(error) => Some(error),
            Cause::RepeatedCursor(_) | Cause::MissingCursor => None,
        }
    }
}
