//! Where one download is to end.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use cap_std::fs::File;

use super::name::Name;
use super::{Partial, Root, disk_failure};
use crate::TransferErrorKind;
use crate::content::Tally;
use crate::error::Failure;

/// A final path below a root.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    root: Root,
    name: Name,
}

/// What stands at a final path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    File {
        bytes: u64,
    },
    /// A symbolic link, a device or the like.
    Other,
}

impl Target {
    pub(crate) fn new(root: &Root, name: &str) -> Result<Self, Failure> {
        Ok(Self {
            root: root.clone(),
            name: Name::parse(name)?,
        })
    }

    /// The final path, as the caller names the root.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join(self.name.path())
    }

    /// Looks what is there, and that a file can be there. Follows no link at the final path itself.
    pub(crate) fn look(&self) -> Result<Found, Failure> {
        match self.root.dir.symlink_metadata(self.name.path()) {
            Ok(metadata) if metadata.is_dir() => Err(self.failure(io::ErrorKind::IsADirectory.into())),
            Ok(metadata) if metadata.is_file() => Ok(Found::File {
                bytes: metadata.len(),
            }),
            Ok(_) => Ok(Found::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.probe().map(|()| Found::Nothing),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Whether the file system would take each part: the system only says so of a folder that is there.
    fn probe(&self) -> Result<(), Failure> {
        for part in self.name.parts() {
            match self.root.dir.symlink_metadata(part) {
                Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
                    return Err(self.failure(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Counts and hashes the file that is there.
    pub(crate) fn tally(&self) -> io::Result<Tally> {
        Tally::read(self.root.dir.open(self.name.path())?)
    }

    /// Makes the folders, and a temporary file in the last one.
    pub(crate) fn begin(&self) -> Result<(Partial, File), Failure> {
        let folder = self.name.folder();
        let dir = if folder.as_os_str().is_empty() {
            Arc::clone(&self.root.dir)
        } else {
            self.root
                .dir
                .create_dir_all(&folder)
                .map_err(|error| match error.kind() {
                    // A link that leads nowhere is no folder either.
                    io::ErrorKind::AlreadyExists => self.failure(io::ErrorKind::NotADirectory.into()),
                    _ => self.failure(error),
                })?;
            Arc::new(
                self.root
                    .dir
                    .open_dir(&folder)
                    .map_err(|error| self.failure(error))?,
            )
        };
        Partial::create(dir).map_err(|error| self.failure(error))
    }

    /// Gives `partial` the final name: over what is there where `replace` says so.
    pub(crate) fn finish(&self, partial: Partial, replace: bool) -> Result<(), Failure> {
        let placed = if replace {
            partial.replace(self.name.leaf())
        } else {
            partial.place(self.name.leaf())
        };
        placed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.exists(),
            _ => self.failure(error),
        })
    }

    pub(crate) fn exists(&self) -> Failure {
        Failure::new(
            TransferErrorKind::Exists,
            format!("{} exists already", self.path().display()),
        )
        .next("say that it may be replaced, or that an existing file may stay (replace, exist_ok)")
    }

    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        disk_failure(&format!("{} cannot be written", self.path().display()), error)
    }
}
