//! The folder that downloads stay in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::disk_failure;
use super::leftovers::Leftovers;
use crate::{TransferError, TransferErrorKind};

/// A folder, held open, that no name leads out of: neither by `..` nor over a symbolic link. Cheap to clone.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let root = wandb_transfer::Root::open(folder.path().join("run-1"))?;
/// assert!(root.path().is_dir());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Root {
    pub(super) dir: Arc<Dir>,
    pub(super) leftovers: Arc<Leftovers>,
    path: PathBuf,
}

impl Root {
    /// Opens the folder at `path`, and makes it first, with the folders above it, where it is not there. The empty
    /// path is the current folder. `path` itself may lead over symbolic links: it is the caller's, not a server's.
    ///
    /// # Errors
    /// [`TransferErrorKind::Disk`] where the folder can be neither opened nor made.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TransferError> {
        let mut path = path.into();
        if path.as_os_str().is_empty() {
            path.push(".");
        }
        let opened =
            std::fs::create_dir_all(&path).and_then(|()| Dir::open_ambient_dir(&path, ambient_authority()));
        match opened {
            Ok(dir) => Ok(Self {
                dir: Arc::new(dir),
                leftovers: Arc::default(),
                path,
            }),
            Err(error) => {
                let doing = format!("use the folder {} as root", path.display());
                let error = match error.kind() {
                    // It is there, but is no folder.
                    ErrorKind::AlreadyExists => ErrorKind::NotADirectory.into(),
                    _ => error,
                };
                let mut failure = disk_failure("it cannot be opened or made", error);
                // No name is at fault: there is none yet.
                failure.kind = TransferErrorKind::Disk;
                Err(TransferError::new(&doing, failure, 0, Duration::ZERO))
            }
        }
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
