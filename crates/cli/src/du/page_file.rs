//! The page on the disk.

use std::fs;
use std::io;
use std::path::Path;

use crate::failure::Failure;

/// Whether the page can be written there, as far as that can be seen: better known before everything is listed.
pub(super) fn check(file: &Path) -> Result<(), Failure> {
    let folder = folder(file);
    if file.is_dir() {
        return Err(cannot(file, &"it is a folder; name a file, such as usage.html"));
    }
    if !folder.is_dir() {
        return Err(cannot(file, &format!("there is no folder {}", folder.display())));
    }
    Ok(())
}

/// Writes the page, whole or not at all.
pub(super) fn write(file: &Path, page: &str) -> Result<(), Failure> {
    written(file, page).map_err(|error| cannot(file, &error))
}

fn written(file: &Path, page: &str) -> io::Result<()> {
    // A pipe, a terminal, or what a link leads to cannot be replaced.
    if fs::symlink_metadata(file).is_ok_and(|found| !found.is_file()) {
        return fs::write(file, page);
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let partial = folder(file).join(format!(".{name}.{}", std::process::id()));
    let done = fs::write(&partial, page).and_then(|()| fs::rename(&partial, file));
    if done.is_err() {
        // What is in the way of the page may be in the way of this too.
        let _ = fs::remove_file(&partial);
    }
    done
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn cannot(file: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::Error(format!("cannot write the page to {}: {why}", file.display()))
}
