//! What earlier downloads left.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::fs::Dir;

use super::partial::is_partial;

/// More folders than this are not kept in mind: they are looked through again.
const FOLDERS: usize = 1024;

/// The partial files that stood in each folder when it was first looked at, so that a folder with many files is looked
/// through once and not once for each of them.
#[derive(Debug, Default)]
pub(super) struct Leftovers(Mutex<HashMap<PathBuf, BTreeSet<String>>>);

impl Leftovers {
    /// Gives away the names in the folder of this `path`, which `open` opens, that begin with `family`.
    pub(super) fn take(
        &self,
        path: &Path,
        family: &str,
        open: impl FnOnce() -> io::Result<Arc<Dir>>,
    ) -> Vec<String> {
        let mut folders = self.folders();
        if !folders.contains_key(path) {
            // A folder that cannot be listed may be written all the same.
            let entries = open().and_then(|dir| dir.entries());
            let names = entries.into_iter().flatten().flatten();
            let names = names
                .filter_map(|entry| entry.file_name().into_string().ok())
                .filter(|name| is_partial(name))
                .collect();
            if folders.len() >= FOLDERS {
                folders.clear();
            }
            folders.insert(path.to_owned(), names);
        }
        let Some(names) = folders.get_mut(path) else {
            return Vec::new();
        };
        let found: Vec<String> = names
            .range::<str, _>((Bound::Included(family), Bound::Unbounded))
            .take_while(|name| name.starts_with(family))
            .cloned()
            .collect();
        for name in &found {
            names.remove(name);
        }
        found
    }

    fn folders(&self) -> MutexGuard<'_, HashMap<PathBuf, BTreeSet<String>>> {
        // Nothing in here can be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
