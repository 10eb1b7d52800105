//! What is decided here and not by the server: which files are meant.

use jiff::Timestamp;
use wandb_files::{File, Globs};

/// Which of the listed files are kept; `Default` keeps them all.
#[derive(Debug, Clone, Default)]
pub struct Sieve {
    /// Those whose names these globs mean.
    pub globs: Option<Globs>,
    /// Those of at least so many bytes.
    pub min_size: Option<u64>,
    /// Those of at most so many bytes.
    pub max_size: Option<u64>,
    /// Those uploaded after this; none whose time is not known.
    pub newer_than: Option<Timestamp>,
}

impl Sieve {
    /// Whether every file passes.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.globs.is_none()
            && self.min_size.is_none()
            && self.max_size.is_none()
            && self.newer_than.is_none()
    }

    /// Whether `file` is kept.
    #[must_use]
    pub fn keeps(&self, file: &File) -> bool {
        self.min_size.is_none_or(|least| file.size() >= least)
            && self.max_size.is_none_or(|most| file.size() <= most)
            && self
                .newer_than
                .is_none_or(|then| file.updated_at().is_some_and(|updated| updated > then))
            && self.globs.as_ref().is_none_or(|globs| globs.matches(file.name()))
    }
}
