//! The names that were asked for, and those that the run does not have.

use std::collections::{HashSet, VecDeque};

/// Names to be listed. None were asked for where every file is meant.
#[derive(Debug)]
pub(crate) struct Wanted {
    names: VecDeque<String>,
    listed: HashSet<String>,
}

impl Wanted {
    pub(crate) fn new(names: &[String]) -> Self {
        Self {
            names: names.iter().cloned().collect(),
            listed: HashSet::new(),
        }
    }

    /// The name was in the listing.
    pub(crate) fn listed(&mut self, name: &str) {
        if !self.names.is_empty() {
            self.listed.insert(name.to_owned());
        }
    }

    /// The listing broke off: what was not listed is not known to be missing.
    pub(crate) fn broke_off(&mut self) {
        self.names.clear();
    }

    /// After the listing: the next name that was not in it.
    pub(crate) fn next_missing(&mut self) -> Option<String> {
        while let Some(name) = self.names.pop_front() {
            if self.listed.insert(name.clone()) {
                return Some(name);
            }
        }
        None
    }
}
