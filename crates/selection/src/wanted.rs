//! Names that were asked for, and which of them were seen.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The names that are to be there: in one run, or in any run of a project. Clones share what was seen.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    names: Arc<[String]>,
    unseen: Arc<Mutex<HashSet<String>>>,
}

impl Wanted {
    pub(crate) fn new(names: &Arc<[String]>) -> Self {
        Self {
            names: Arc::clone(names),
            unseen: Arc::new(Mutex::new(names.iter().cloned().collect())),
        }
    }

    pub(crate) fn seen(&self, name: &str) {
        if !self.names.is_empty() {
            self.unseen().remove(name);
        }
    }

    /// A listing broke off: what was not seen is not known to be missing.
    pub(crate) fn broke_off(&self) {
        self.unseen().clear();
    }

    /// The names that were not seen, in the order in which they were asked for.
    pub(crate) fn missing(&self) -> Vec<String> {
        let mut unseen = std::mem::take(&mut *self.unseen());
        let names = self.names.iter();
        names.filter(|name| unseen.remove(*name)).cloned().collect()
    }

    fn unseen(&self) -> MutexGuard<'_, HashSet<String>> {
        self.unseen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
