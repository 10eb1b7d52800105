//! A file that is not whole yet.

use std::fs::{File, TryLockError};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cap_std::fs::{Dir, OpenOptions};

use super::case::PROBE;
use crate::Source;

const PREFIX: &str = ".wbf-";
const SUFFIX: &str = ".part";

/// What is shorter than this comes again sooner than it is looked at.
pub(super) const WORTH_KEEPING: u64 = 1 << 20;

/// Whether `name`, without its folder, is that of a file which a download has begun and not ended: the next download of
/// the same file takes it up or removes it.
///
/// ```
/// assert!(wandb_transfer::is_partial(".wbf-0011223344556677-8899aabbccddeeff.part"));
/// assert!(!wandb_transfer::is_partial("weights.part"));
/// ```
#[must_use]
pub fn is_partial(name: &str) -> bool {
    let hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    name == PROBE
        || name
            .strip_prefix(PREFIX)
            .and_then(|name| name.strip_suffix(SUFFIX))
            .and_then(|middle| middle.split_once('-'))
            .is_some_and(|(leaf, object)| hash(leaf) && hash(object))
}

/// How the partial files of one target begin: with a hash of its name, never with a part of it, which may be as long
/// as the file system allows.
pub(super) fn family(leaf: &str) -> String {
    format!("{PREFIX}{:016x}-", hash(leaf.as_bytes()))
}

/// The name of the one that holds the bytes of `source`, as far as length and digest tell it from others.
pub(super) fn name_for(leaf: &str, source: &Source) -> String {
    let object = format!("{:?} {:?}", source.size(), source.md5());
    format!("{}{:016x}{SUFFIX}", family(leaf), hash(object.as_bytes()))
}

fn name_at_random(leaf: &str) -> String {
    format!("{}{:016x}{SUFFIX}", family(leaf), fastrand::u64(..))
}

fn hash(bytes: &[u8]) -> u64 {
    md5_many::md5(bytes)
        .iter()
        .take(8)
        .fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// A file `.wbf-….part` in the folder of its target, locked by the open [`File`] that belongs to it. Dropped without
/// having been placed, it is removed, unless a later download can go on with it.
#[derive(Debug)]
pub(crate) struct Partial {
    folder: Arc<Dir>,
    name: String,
    /// Whether what it is named after tells its bytes from all others.
    lasting: bool,
    placed: bool,
    held: Arc<Held>,
}

/// What a [`Partial`] and those who write it tell each other.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// How many bytes a later download would not have to fetch.
    pub(super) bytes: AtomicU64,
    /// Nobody needs it any more.
    pub(super) dropped: AtomicBool,
}

impl Partial {
    /// Opens the one that holds the bytes of `source`, or makes it; where someone else is at it, makes one of another
    /// name.
    pub(super) fn begin(folder: Arc<Dir>, leaf: &str, source: &Source) -> io::Result<(Self, File)> {
        let mut lasting = source.md5().is_some() && source.size().is_some();
        let name = name_for(leaf, source);
        let opened = match create(&folder, &name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => take(&folder, &name)?,
            file => {
                let file = file?;
                match file.try_lock() {
                    Ok(()) => is_still(&folder, &name, &file)?.then_some(file),
                    Err(TryLockError::WouldBlock) => None,
                    // A file system without locks: nobody can take this up, now or later.
                    Err(TryLockError::Error(_)) => {
                        lasting = false;
                        Some(file)
                    }
                }
            }
        };
        match opened {
            Some(file) => Ok((Self::new(folder, name, lasting), file)),
            None => Self::begin_private(folder, leaf),
        }
    }

    /// Makes one that nobody else can know of.
    fn begin_private(folder: Arc<Dir>, leaf: &str) -> io::Result<(Self, File)> {
        loop {
            let name = name_at_random(leaf);
            match create(&folder, &name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => {
                    let file = file?;
                    // Who removes what others left looks for the lock. Where there are none, nobody can.
                    let _ = file.try_lock();
                    return Ok((Self::new(folder, name, false), file));
                }
            }
        }
    }

    /// The one that an earlier download left of `source`.
    pub(super) fn left(folder: Arc<Dir>, leaf: &str, source: &Source) -> io::Result<Option<(Self, File)>> {
        let name = name_for(leaf, source);
        let file = take(&folder, &name)?;
        Ok(file.map(|file| (Self::new(folder, name, true), file)))
    }

    /// A second one of another name beside it.
    pub(crate) fn sibling(&self, leaf: &str) -> io::Result<(Self, File)> {
        Self::begin_private(Arc::clone(&self.folder), leaf)
    }

    fn new(folder: Arc<Dir>, name: String, lasting: bool) -> Self {
        Self {
            folder,
            name,
            lasting,
            placed: false,
            held: Arc::default(),
        }
    }

    pub(crate) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }

    /// No later download shall go on with it.
    pub(crate) fn discard(mut self) {
        self.lasting = false;
    }

    /// Moves it to the final name `leaf`, in one step, over whatever file or link is there.
    pub(super) fn replace(mut self, leaf: &str) -> io::Result<()> {
        self.lasting = false;
        self.folder.rename(&self.name, &self.folder, leaf)?;
        self.placed = true;
        Ok(())
    }

    /// Moves it to the final name `leaf`, in one step, or gives `AlreadyExists` where something is there.
    pub(super) fn place(mut self, leaf: &str) -> io::Result<()> {
        self.lasting = false;
        if let Some(done) = rename_to_free(&self.folder, &self.name, leaf) {
            self.placed = done.is_ok();
            return done;
        }
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
        self.held.dropped.store(true, Ordering::Relaxed);
        let keep = self.lasting && self.held.bytes.load(Ordering::Relaxed) >= WORTH_KEEPING;
        if !self.placed && !keep {
            // Nothing can be done about it here; the name tells what it is.
            let _ = self.folder.remove_file(&self.name);
        }
    }
}

/// Removes what an earlier download left under `name`, unless someone is at it.
pub(super) fn remove(folder: &Dir, name: &str) {
    // What cannot be removed now may be the next time.
    if let Ok(metadata) = folder.symlink_metadata(name)
        && metadata.is_file()
        && let Ok(file) = folder.open(name)
        && file.into_std().try_lock().is_ok()
    {
        let _ = folder.remove_file(name);
    }
}

/// Renames a file to a name that must be free; `None` where the system cannot do both in one step. It changes the folder
/// once, where a second name and the removal of the first change it twice.
#[cfg(target_os = "linux")]
fn rename_to_free(folder: &Dir, name: &str, free: &str) -> Option<io::Result<()>> {
    use rustix::fs::{RenameFlags, renameat_with};
    match renameat_with(folder, name, folder, free, RenameFlags::NOREPLACE) {
        Ok(()) => Some(Ok(())),
        Err(error) if error == rustix::io::Errno::EXIST => Some(Err(error.into())),
        Err(_) => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn rename_to_free(_: &Dir, _: &str, _: &str) -> Option<io::Result<()>> {
    None
}

fn create(folder: &Dir, name: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    Ok(folder.open_with(name, &options)?.into_std())
}

/// Opens what is there under `name`, if nobody else is at it. Its bytes may be anything.
fn take(folder: &Dir, name: &str) -> io::Result<Option<File>> {
    match folder.symlink_metadata(name) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match folder.open_with(name, &options) {
        Ok(file) => {
            let file = file.into_std();
            // Whoever had it may just have given it its final name, or have been killed between the two steps of that.
            let ours = file.try_lock().is_ok() && is_still(folder, name, &file)?;
            Ok(ours.then_some(file))
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether `name` stands for this file, which we have locked, and nothing else does.
#[cfg(unix)]
fn is_still(folder: &Dir, name: &str, file: &File) -> io::Result<bool> {
    use cap_std::fs::MetadataExt as _;
    use std::os::unix::fs::MetadataExt as _;
    let (held, found) = (file.metadata()?, folder.symlink_metadata(name));
    match found {
        Ok(found) if held.nlink() > 1 && found.ino() == held.ino() => {
            folder.remove_file(name)?;
            Ok(false)
        }
        Ok(found) => Ok((found.dev(), found.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_still(folder: &Dir, name: &str, _: &File) -> io::Result<bool> {
    folder.try_exists(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Md5;

    fn source() -> Source {
        Source::new("http://s/".parse().expect("an address"))
            .with_size(5)
            .with_md5(Md5::from([1; 16]))
    }

    fn folder() -> (tempfile::TempDir, Arc<Dir>) {
        let path = tempfile::tempdir().expect("a folder");
        let dir = Dir::open_ambient_dir(path.path(), cap_std::ambient_authority()).expect("a folder");
        (path, Arc::new(dir))
    }

    #[test]
    fn names_tell_targets_and_objects_apart() {
        let name = name_for("a", &source());
        assert!(is_partial(&name), "{name}");
        assert!(name.starts_with(&family("a")) && !name.starts_with(&family("b")));
        for other in [
            name_for("a", &source().with_size(6)),
            name_for("a", &source().with_md5(None)),
            name_at_random("a"),
        ] {
            assert!(is_partial(&other) && other != name && other.starts_with(&family("a")));
        }
        for name in [
            "",
            ".wbf-.part",
            ".wbf-x-y.part",
            "a.part",
            ".wbf-0011223344556677.part",
        ] {
            assert!(!is_partial(name), "{name}");
        }
    }

    #[test]
    fn only_one_is_at_a_file() {
        let (path, dir) = folder();
        let begin = || Partial::begin(Arc::clone(&dir), "a", &source()).expect("a file");
        let left = || Partial::left(Arc::clone(&dir), "a", &source()).expect("a look");
        let (first, file) = begin();
        let (second, _other) = begin();
        assert!(first.name != second.name && !second.lasting);
        assert!(left().is_none());
        first.held.bytes.store(WORTH_KEEPING, Ordering::Relaxed);
        drop((first, file, second));
        assert_eq!(std::fs::read_dir(path.path()).expect("a folder").count(), 1);
        let (again, _file) = left().expect("what the first one left");
        again.discard();
        assert_eq!(std::fs::read_dir(path.path()).expect("a folder").count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_final_file_is_never_taken_for_a_partial_one() {
        let (path, dir) = folder();
        let name = name_for("a", &source());
        // Killed after the second name was given, before the first was removed.
        std::fs::write(path.path().join("a"), b"final").expect("a file");
        std::fs::hard_link(path.path().join("a"), path.path().join(&name)).expect("a link");
        assert!(
            Partial::left(Arc::clone(&dir), "a", &source())
                .expect("a look")
                .is_none()
        );
        assert!(!path.path().join(&name).exists());
        // A link to it.
        std::os::unix::fs::symlink("a", path.path().join(&name)).expect("a link");
        let (partial, file) = Partial::begin(dir, "a", &source()).expect("another");
        assert_ne!(partial.name, name);
        drop((partial, file));
        assert_eq!(std::fs::read(path.path().join("a")).expect("a file"), b"final");
    }
}
