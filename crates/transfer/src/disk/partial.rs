//! A file that is not whole yet.

use std::io;
use std::sync::Arc;

use cap_std::fs::{Dir, File, OpenOptions};

/// A temporary file in the folder of its target, removed when it is dropped without having been placed.
///
/// Its name is `.wbf-`, sixteen random hex digits, and `.part`: never a part of the target's own name, which may be as
/// long as the file system allows.
#[derive(Debug)]
pub(crate) struct Partial {
    folder: Arc<Dir>,
    name: String,
    placed: bool,
}

impl Partial {
    /// Makes a new one, open for reading and writing.
    pub(crate) fn create(folder: Arc<Dir>) -> io::Result<(Self, File)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        loop {
            let name = format!(".wbf-{:016x}.part", fastrand::u64(..));
            match folder.open_with(&name, &options) {
                Ok(file) => {
                    let placed = false;
                    return Ok((Self { folder, name, placed }, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A second one beside this one.
    pub(crate) fn sibling(&self) -> io::Result<(Self, File)> {
        Self::create(Arc::clone(&self.folder))
    }

    /// Moves it to the final name `leaf`, in one step, over whatever file or link is there.
    pub(crate) fn replace(mut self, leaf: &str) -> io::Result<()> {
        self.folder.rename(&self.name, &self.folder, leaf)?;
        self.placed = true;
        Ok(())
    }

    /// Moves it to the final name `leaf`, in one step, or gives `AlreadyExists` where something is there.
    pub(crate) fn place(self, leaf: &str) -> io::Result<()> {
        // A second name for the file, which fails where the name is taken; the first goes away with `self`.
        match self.folder.hard_link(&self.name, &self.folder, leaf) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
            done => return done,
        }
        // The file system knows no second names: look, then rename.
        match self.folder.symlink_metadata(leaf) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.replace(leaf),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.placed {
            // Nothing can be done about it here; the name tells what it is.
            let _ = self.folder.remove_file(&self.name);
        }
    }
}
