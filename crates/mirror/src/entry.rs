//! One line of the ledger.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What has become of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// It is to be moved.
    Pending,
    /// It is at the destination, and the destination has confirmed it.
    Done,
    /// It could not be moved; the next mirror tries it again.
    Failed,
    /// The server has it no more; the destination still does, if it ever had it.
    Gone,
}

impl State {
    /// The word that the ledger has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Gone => "gone",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        match text {
            "pending" => Ok(Self::Pending),
            "done" => Ok(Self::Done),
            "failed" => Ok(Self::Failed),
            "gone" => Ok(Self::Gone),
            _ => Err(UnknownState(text.to_owned())),
        }
    }
}

/// A state that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger has the unknown state {0:?}; a newer version may have written it")]
pub struct UnknownState(String);

/// One line of the ledger: a file, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The entity (a user or a team) of the run.
    pub entity: String,
    /// The project of the run.
    pub project: String,
    /// The id of the run.
    pub run: String,
    /// The file's name in the run.
    pub name: String,
    /// The server's id of the file, opaque.
    pub file_id: Option<String>,
    /// The size in bytes.
    pub size: u64,
    /// The MD5 digest of the content in base64, as W&B has it.
    pub md5: Option<String>,
    /// When it was uploaded last, in the server's own words.
    pub updated_at: Option<String>,
    /// The address of the destination.
    pub destination: String,
    /// Where it is below that.
    pub key: String,
    /// What has become of it.
    pub state: State,
    /// How often moving it was tried since it was last new or changed.
    pub tries: u32,
    /// Why it could not be moved.
    pub error: Option<String>,
    /// The destination's entity tag of it.
    pub etag: Option<String>,
    /// When it was moved, in ms since 1970.
    pub moved_at: Option<i64>,
}
