//! Local files, and the names they get in a run.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use walkdir::{DirEntry, WalkDir};
use wandb_transfer::is_partial;

use crate::{FilesError, Globs, globs};

/// Which local files to upload, found while they are asked for: files, folders with all that is below them, and globs.
///
/// A file's name in the run is its path relative to the root, both made absolute first, with `/` between the parts: as the
/// SDK's `run.upload_file(path, root)` names it (`apis/public/runs.py`). A file outside of the root is refused, where the
/// SDK would store it under `__/`.
///
/// A symlink that is named itself is followed. One that is found in a folder is left out, unless
/// [`follow_symlinks`](Self::follow_symlinks) says otherwise. Unfinished downloads of [`wandb_transfer`] are left out.
#[derive(Debug, Clone)]
pub struct LocalFiles {
    root: PathBuf,
    paths: Vec<PathBuf>,
    follow_symlinks: bool,
    globs: Globs,
}

/// A local file, and what it is to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// The name in the run.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// How long it was when it was found.
    pub bytes: u64,
}

impl LocalFile {
    /// The file at `path`, named relative to `root`; symlinks are followed.
    ///
    /// # Errors
    /// [`FilesError::Local`] where there is no file, or it lies outside of `root`.
    pub fn named(path: impl Into<PathBuf>, root: impl AsRef<Path>) -> Result<Self, FilesError> {
        let path = path.into();
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if !metadata.is_file() {
            let why = "it is no file".to_owned();
            return Err(FilesError::Local { path, why });
        }
        Namer::new(root.as_ref()).file(path, metadata.len())
    }
}

/// What [`LocalFiles::walk`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Local {
    /// A file to upload.
    File(LocalFile),
    /// Something that is left out.
    LeftOut {
        /// What.
        path: PathBuf,
        /// What it is.
        why: LeftOut,
    },
}

/// Why something in a folder is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOut {
    /// It is a symlink, and those are not followed.
    Symlink,
    /// It is a pipe, a socket or a device.
    Special,
    /// It is an unfinished download.
    Partial,
}

impl LocalFiles {
    /// None yet, with names relative to `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            paths: Vec::new(),
            follow_symlinks: false,
            globs: Globs::default(),
        }
    }

    /// Adds a file, a folder, or a glob (see [`Globs`]), each relative to the working directory.
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.paths.push(path.into());
        self
    }

    /// Whether symlinks that are found in folders are followed.
    #[must_use]
    pub fn follow_symlinks(mut self, yes: bool) -> Self {
        self.follow_symlinks = yes;
        self
    }

    /// Only files whose name in the run is meant by `globs`.
    #[must_use]
    pub fn only(mut self, globs: Globs) -> Self {
        self.globs = globs;
        self
    }

    /// Goes through them, folders in the order of their entries' names. Reads the disk as it goes, so in async code it belongs
    /// into a blocking task.
    ///
    /// # Errors
    /// [`FilesError::Local`] for each path that is not there, cannot be read, lies outside of the root or has a name that is
    /// no UTF-8, and for a glob that matches nothing. What comes after it is found all the same.
    pub fn walk(self) -> impl Iterator<Item = Result<Local, FilesError>> + Send {
        let Self {
            root,
            paths,
            follow_symlinks,
            globs,
        } = self;
        let namer = Namer::new(&root);
        paths.into_iter().flat_map(move |path| {
            let (namer, globs) = (namer.clone(), globs.clone());
            let found: Found = match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => below(&path, follow_symlinks, namer),
                Ok(metadata) => Box::new(std::iter::once(namer.file(path, metadata.len()).map(Local::File))),
                Err(_) if is_glob(&path) => matching(&path, follow_symlinks, namer),
                Err(error) => Box::new(std::iter::once(Err(unreadable(&path, &error)))),
            };
            found.filter(move |found| match found {
                Ok(Local::File(file)) => globs.matches(&file.name),
                _ => true,
            })
        })
    }
}

type Found = Box<dyn Iterator<Item = Result<Local, FilesError>> + Send>;

#[derive(Clone)]
struct Namer {
    /// Absolute, without `.` and `..`.
    root: PathBuf,
}

impl Namer {
    fn new(root: &Path) -> Self {
        Self { root: lexical(root) }
    }

    fn file(&self, path: PathBuf, bytes: u64) -> Result<LocalFile, FilesError> {
        let refuse = |why: String| FilesError::Local {
            path: path.clone(),
            why,
        };
        let whole = lexical(&path);
        let below = whole.strip_prefix(&self.root).map_err(|_| {
            refuse(format!(
                "it lies outside of the root {}, relative to which files are named; choose a root above it",
                self.root.display()
            ))
        })?;
        let parts: Option<Vec<_>> = below.iter().map(|part| part.to_str()).collect();
        let name = parts
            .ok_or_else(|| refuse("its name is no UTF-8, as W&B's names are".to_owned()))?
            .join("/");
        Ok(LocalFile { name, path, bytes })
    }
}

/// All files below a folder.
fn below(folder: &Path, follow_symlinks: bool, namer: Namer) -> Found {
    let entries = WalkDir::new(folder)
        .follow_links(follow_symlinks)
        .sort_by_file_name();
    Box::new(entries.into_iter().filter_map(move |entry| match entry {
        // The folder itself may be named by a symlink.
        Ok(entry) if entry.depth() == 0 || entry.file_type().is_dir() => None,
        Ok(entry) => Some(found(&entry, &namer)),
        Err(error) => Some(Err(unwalkable(&error))),
    }))
}

fn found(entry: &DirEntry, namer: &Namer) -> Result<Local, FilesError> {
    let left_out = |why| Local::LeftOut {
        path: entry.path().to_owned(),
        why,
    };
    let kind = entry.file_type();
    if kind.is_symlink() {
        Ok(left_out(LeftOut::Symlink))
    } else if !kind.is_file() {
        Ok(left_out(LeftOut::Special))
    } else if entry.file_name().to_str().is_some_and(is_partial) {
        Ok(left_out(LeftOut::Partial))
    } else {
        let bytes = entry.metadata().map_err(|error| unwalkable(&error))?.len();
        namer.file(entry.path().to_owned(), bytes).map(Local::File)
    }
}

/// All files whose path matches a glob.
fn matching(glob: &Path, follow_symlinks: bool, namer: Namer) -> Found {
    // Only what is below the last folder without a glob in it can match.
    let fixed: PathBuf = glob
        .components()
        .take_while(|part| !has_glob(part.as_os_str()))
        .collect();
    let start = if fixed.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &fixed
    };
    let rest = glob.strip_prefix(&fixed).unwrap_or(glob).to_string_lossy();
    let matcher = match globs::exact(&rest) {
        Ok(matcher) => matcher.compile_matcher(),
        Err(error) => return Box::new(std::iter::once(Err(globs::bad(&rest, &error)))),
    };
    let (glob, start) = (glob.to_owned(), start.to_owned());
    let mut any = false;
    let mut files = below(&start.clone(), follow_symlinks, namer).filter(move |found| {
        let path = match found {
            Ok(Local::File(file)) => &file.path,
            Ok(Local::LeftOut { path, .. }) => path,
            Err(_) => return true,
        };
        matcher.is_match(path.strip_prefix(&start).unwrap_or(path))
    });
    let mut ended = false;
    Box::new(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let next = files.next();
        ended = next.is_none();
        if ended && !any {
            return Some(Err(FilesError::Local {
                path: glob.clone(),
                why: "no file of this name, and none that it matches as a glob".to_owned(),
            }));
        }
        any = true;
        next
    }))
}

fn is_glob(path: &Path) -> bool {
    path.components().any(|part| has_glob(part.as_os_str()))
}

fn has_glob(part: &std::ffi::OsStr) -> bool {
    part.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// The absolute path, with `.` and `..` resolved by their letters alone, as Python's `os.path.abspath` does.
fn lexical(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut whole = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            Component::CurDir => {}
            part => whole.push(part),
        }
    }
    whole
}

fn unreadable(path: &Path, error: &io::Error) -> FilesError {
    FilesError::Local {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

fn unwalkable(error: &walkdir::Error) -> FilesError {
    let path = error.path().unwrap_or(Path::new("."));
    match (error.io_error(), error.loop_ancestor()) {
        (Some(error), _) => unreadable(path, error),
        (None, Some(ancestor)) => FilesError::Local {
            path: path.to_owned(),
            why: format!(
                "the symlink leads back to the folder {} that it is in",
                ancestor.display()
            ),
        },
        (None, None) => FilesError::Local {
            path: path.to_owned(),
            why: error.to_string(),
        },
    }
}
