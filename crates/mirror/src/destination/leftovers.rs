//! What a process that died has left in a folder.

use std::fs;
use std::io;
use std::path::Path as FilePath;
use std::time::Duration;

use super::{Destination, DestinationError};

impl Destination {
    /// Deletes what processes that died were writing to a folder: files beside their final names, to which nobody has
    /// written for a time that no living process takes between two writes, such as a day. Gives their number.
    ///
    /// Only what is named after a key that [`key`](crate::key) makes is touched. In a bucket there is nothing to do; a rule
    /// of its own clears away uploads that were not completed.
    ///
    /// # Errors
    /// Where the folder cannot be read, or a file not be deleted.
    pub async fn clear_leftovers(&self, unchanged_for: Duration) -> Result<u64, DestinationError> {
        let Some(root) = self.folder().map(FilePath::to_path_buf) else {
            return Ok(0);
        };
        let doing = format!("clear away unfinished files in {}", self.address);
        match tokio::task::spawn_blocking(move || clear(&root, unchanged_for)).await {
            Ok(cleared) => cleared.map_err(|error| DestinationError::of_io(doing, &error)),
            Err(error) => Err(DestinationError::of_io(doing, &io::Error::other(error))),
        }
    }
}

fn clear(root: &FilePath, unchanged_for: Duration) -> io::Result<u64> {
    let mut cleared = 0;
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        // Others may be writing and deleting meanwhile.
        let entries = match fs::read_dir(&folder) {
            // Somebody else's: what this process may not read it has not written.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && folder != root => continue,
            entries => unless_gone(entries)?,
        };
        let Some(entries) = entries else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let Some(meta) = unless_gone(entry.metadata())? else {
                continue;
            };
            if meta.is_dir() {
                folders.push(path);
            } else if meta.is_file()
                && is_leftover(root, &path)
                && meta.modified()?.elapsed().is_ok_and(|age| age >= unchanged_for)
                && unless_gone(fs::remove_file(&path))?.is_some()
            {
                cleared += 1;
            }
        }
    }
    Ok(cleared)
}

fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether it is called `KEY#1` or so, as `object_store` calls a file under way. No key holds a `#`.
fn is_leftover(root: &FilePath, path: &FilePath) -> bool {
    let below = path.strip_prefix(root).ok().and_then(FilePath::to_str);
    let named = below.and_then(|name| name.rsplit_once('#'));
    named.is_some_and(|(key, number)| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && crate::from_key(key).is_some()
    })
}
