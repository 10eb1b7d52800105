//! Where one download is to end.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cap_std::fs::Dir;

use super::name::Name;
use super::partial::{WORTH_KEEPING, family, remove};
use super::{Draft, Partial, Root, disk_failure};
use crate::content::Tally;
use crate::error::Failure;
use crate::lanes::{Chain, Lanes};
use crate::{Source, TransferErrorKind};

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
        // Of a name without folders it has said so already.
        let parts = self.name.parts();
        for part in parts.iter().filter(|_| parts.len() > 1) {
            match self.root.dir.symlink_metadata(part) {
                Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
                    return Err(self.failure(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Counts and hashes the file that is there, unless `stop` says that nobody wants to know any more.
    pub(crate) fn tally(&self, stop: &AtomicBool) -> io::Result<Tally> {
        Tally::read(self.root.dir.open(self.name.path())?, stop)
    }

    /// The length of `source`, if an earlier download may have left something of it that can be gone on with.
    pub(crate) fn size_of_left(source: &Source) -> Option<u64> {
        source
            .size()
            .filter(|size| source.md5().is_some() && *size >= WORTH_KEEPING)
    }

    /// What an earlier download left of `source`, which is `size` bytes long.
    pub(crate) fn left(
        &self,
        source: &Source,
        size: u64,
        lanes: &Lanes,
    ) -> Result<Option<(Partial, Draft)>, Failure> {
        let disk = |error| self.failure(error);
        let folder = match self.open_folder() {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk(error)),
        };
        let Some((partial, file)) = Partial::left(folder, self.name.leaf(), source).map_err(disk)? else {
            return Ok(None);
        };
        let draft = Draft::restore(file, size, lanes.chain(), partial.held()).map_err(disk)?;
        Ok(Some((partial, draft)))
    }

    /// Makes the folders, and a partial file for `source` in the last one.
    pub(crate) fn begin(&self, source: &Source, chain: Option<Chain>) -> Result<(Partial, Draft), Failure> {
        let folder = self.name.folder();
        if !folder.as_os_str().is_empty() {
            self.root
                .dir
                .create_dir_all(&folder)
                .map_err(|error| match error.kind() {
                    // A link that leads nowhere is no folder either.
                    io::ErrorKind::AlreadyExists => self.failure(io::ErrorKind::NotADirectory.into()),
                    _ => self.failure(error),
                })?;
        }
        let disk = |error| self.failure(error);
        let folder = self.open_folder().map_err(disk)?;
        let (partial, file) = Partial::begin(folder, self.name.leaf(), source).map_err(disk)?;
        let draft = Draft::new(file, source.size(), chain, partial.held()).map_err(disk)?;
        Ok((partial, draft))
    }

    /// A second partial file beside `partial`.
    pub(crate) fn sibling(&self, partial: &Partial) -> Result<(Partial, File), Failure> {
        partial
            .sibling(self.name.leaf())
            .map_err(|error| self.failure(error))
    }

    fn open_folder(&self) -> io::Result<Arc<Dir>> {
        let folder = self.name.folder();
        if folder.as_os_str().is_empty() {
            Ok(Arc::clone(&self.root.dir))
        } else {
            self.root.dir.open_dir(&folder).map(Arc::new)
        }
    }

    /// Gives `partial` the final name: over what is there where `replace` says so. The new name is on the disk for good
    /// where `sync` says so.
    pub(crate) fn finish(&self, partial: Partial, replace: bool, sync: bool) -> Result<(), Failure> {
        let placed = if replace {
            partial.replace(self.name.leaf())
        } else {
            partial.place(self.name.leaf())
        };
        placed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.exists(),
            _ => self.failure(error),
        })?;
        if sync {
            self.sync_folder().map_err(|error| self.failure(error))?;
        }
        self.sweep();
        Ok(())
    }

    /// Removes what earlier downloads left under this name, of whatever version, unless someone is at it.
    pub(crate) fn sweep(&self) {
        let family = family(self.name.leaf());
        let left = self
            .root
            .leftovers
            .take(&self.name.folder(), &family, || self.open_folder());
        if !left.is_empty()
            && let Ok(folder) = self.open_folder()
        {
            for name in left {
                remove(&folder, &name);
            }
        }
    }

    #[cfg(unix)]
    fn sync_folder(&self) -> io::Result<()> {
        self.open_folder()?.open(".")?.sync_all()
    }

    /// Windows has no such thing.
    #[cfg(not(unix))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the other systems have it"
    )]
    fn sync_folder(&self) -> io::Result<()> {
        Ok(())
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
