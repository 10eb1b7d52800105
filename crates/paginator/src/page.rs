//! One page, and the place where one ends.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place in a listing, as the server gave it: text without a meaning of its own.
///
/// It prints, parses and serializes as that text, so that a listing can be taken up again in another process with
/// [`start_after`](crate::Paginator::start_after). An empty cursor counts as none: the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// The server's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Cursor {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for Cursor {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What to ask the server for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<'a> {
    /// Where the page begins: after this cursor, or at the beginning.
    pub cursor: Option<&'a Cursor>,
    /// How many items are wanted, at least 1. The server may send fewer, or more.
    pub size: u32,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the server's order. None at all is normal, also where more pages follow.
    pub items: Vec<T>,
    /// Where the page ends and the next begins. Needed where [`has_next`](Self::has_next) is set.
    pub end_cursor: Option<Cursor>,
    /// Whether the server says that more follows.
    pub has_next: bool,
    /// How many items the whole listing has, from its very beginning, where the server counts them.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    pub(crate) fn end_cursor(&self) -> Option<&Cursor> {
        self.end_cursor.as_ref().filter(|cursor| !cursor.is_empty())
    }
}
