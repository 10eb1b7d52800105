//! A file of this machine that is being sent.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;

use crate::TransferErrorKind;
use crate::content::Tally;
use crate::error::Failure;

/// Read at a time: as little as does not slow reading down, since each upload under way holds some of these.
const PIECE: usize = 64 << 10;

/// An open file, and how it looked when it was opened.
#[derive(Debug)]
pub(crate) struct Reading {
    path: PathBuf,
    file: File,
    first: Look,
    read: u64,
    tally: Tally,
}

/// What shows that a file was written to.
#[derive(Debug, PartialEq, Eq)]
struct Look {
    length: u64,
    /// Where the file system keeps it.
    modified: Option<SystemTime>,
}

impl Look {
    fn new(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

impl Reading {
    /// Opens what is at `path`, over links; a regular file or nothing.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error| unreadable(path, error);
        // To open a pipe would wait for its other end, and to open a device may do anything.
        regular(path, &std::fs::metadata(path).map_err(unreadable)?)?;
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        regular(path, &metadata)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            first: Look::new(&metadata),
            read: 0,
            tally: Tally::default(),
        })
    }

    pub(crate) fn length(&self) -> u64 {
        self.first.length
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The next bytes, hashed: never none, and never more than the file had at first.
    pub(crate) fn next(&mut self) -> Result<Bytes, Failure> {
        let missing = self.first.length - self.read;
        let mut piece = vec![0; usize::try_from(missing).map_or(PIECE, |missing| missing.min(PIECE))];
        let n = self.read_some(&mut piece)?;
        if n == 0 {
            return Err(self.changed(&format!(
                "it had {} bytes and now ends after {}",
                self.first.length, self.read
            )));
        }
        piece.truncate(n);
        self.read += n as u64;
        self.tally.add(&piece);
        Ok(piece.into())
    }

    /// Sees that the file, read to its end, is what it was when it was opened.
    pub(crate) fn confirm(&mut self) -> Result<(), Failure> {
        let metadata = self
            .file
            .metadata()
            .map_err(|error| unreadable(&self.path, error))?;
        let now = Look::new(&metadata);
        if now.length != self.first.length {
            return Err(self.changed(&format!(
                "it had {} bytes and now has {}",
                self.first.length, now.length
            )));
        }
        if now != self.first {
            return Err(self.changed("it has the same length and was written to"));
        }
        // Some file systems tell a length that is not the newest.
        if self.read_some(&mut [0])? > 0 {
            return Err(self.changed(&format!("it goes on after {} bytes", self.first.length)));
        }
        Ok(())
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match self.file.read(buffer) {
                Ok(n) => return Ok(n),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&self.path, error)),
            }
        }
    }

    fn changed(&self, how: &str) -> Failure {
        Failure::new(
            TransferErrorKind::Changed,
            format!(
                "{} changed while it was read: {how}; nothing was stored",
                self.path.display()
            ),
        )
        .next("upload it again when nothing writes to it")
    }
}

fn regular(path: &Path, metadata: &Metadata) -> Result<(), Failure> {
    if metadata.is_file() {
        return Ok(());
    }
    let (what, next) = if metadata.is_dir() {
        ("a folder", "name the files in it")
    } else {
        ("a pipe, a socket or a device", "write its bytes to a file first")
    };
    let what = format!(
        "{} is {what}, and only regular files can be uploaded",
        path.display()
    );
    Err(Failure::new(TransferErrorKind::Unreadable, what).next(next))
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    let (why, next) = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            ("there is no such file".to_owned(), "check the path")
        }
        ErrorKind::PermissionDenied => (
            "no permission to read it".to_owned(),
            "give yourself the right to read it",
        ),
        _ => (error.to_string(), "see that the disk is well"),
    };
    let what = format!("{} cannot be read: {why}", path.display());
    Failure::new(TransferErrorKind::Unreadable, what)
        .next(next)
        .source(error)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::*;

    /// A file that was last written to an hour ago, and its folder.
    fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("f");
        std::fs::write(&path, content).expect("a file");
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        writer(&path).set_modified(hour_ago).expect("the time");
        (folder, path)
    }

    fn writer(path: &Path) -> File {
        File::options().append(true).open(path).expect("the file")
    }

    fn outcome(content: &[u8], change: impl Fn(&Path)) -> Result<(), TransferErrorKind> {
        let (_folder, path) = file(content);
        let mut reading = Reading::open(&path).expect("a file");
        change(&path);
        while reading.tally().bytes() < reading.length() {
            reading.next().map_err(|failure| failure.kind)?;
        }
        reading.confirm().map_err(|failure| failure.kind)
    }

    #[test]
    fn what_is_written_between_the_looks_is_noticed() {
        let long = vec![7; 3 * PIECE + 1];
        for content in [&b""[..], b"a", &long] {
            assert_eq!(outcome(content, |_| {}), Ok(()));
            let longer = outcome(content, |path| writer(path).write_all(b"x").expect("appended"));
            assert_eq!(longer, Err(TransferErrorKind::Changed));
            let written = outcome(content, |path| {
                let now = SystemTime::now();
                writer(path).set_modified(now).expect("the time");
            });
            assert_eq!(written, Err(TransferErrorKind::Changed));
        }
        for content in [&b"a"[..], &long] {
            let shorter = outcome(content, |path| {
                File::create(path).expect("emptied");
            });
            assert_eq!(shorter, Err(TransferErrorKind::Changed));
        }
    }

    #[test]
    fn a_file_that_is_replaced_or_removed_is_read_as_it_was() {
        let other = |path: &Path| {
            std::fs::write(path.with_extension("new"), "other").expect("a file");
            std::fs::rename(path.with_extension("new"), path).expect("replaced");
        };
        assert_eq!(outcome(b"hello", other), Ok(()));
    }
}
