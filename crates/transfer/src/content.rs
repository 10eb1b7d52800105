//! Whether the bytes are the right ones.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::read::MultiGzDecoder;
use md5_many::Md5State;

use crate::error::{Again, Failure};
use crate::{Md5, Source, TransferErrorKind};

const NEXT: &str =
    "if the file has changed since it was listed, list it again; else what is stored is damaged";

/// Counts and hashes bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    bytes: u64,
    hash: Md5State,
}

impl Tally {
    pub(crate) fn add(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.hash.update(piece);
    }

    /// Of so many bytes, which have been hashed, or of which the digest is not asked for.
    pub(crate) fn of(bytes: u64, hash: Md5State) -> Self {
        Self { bytes, hash }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn md5(&self) -> Md5 {
        Md5::from(self.hash.finalize())
    }

    /// Of all that `reader` gives; an error, once `stop` says so.
    pub(crate) fn read(mut reader: impl Read, stop: &AtomicBool) -> io::Result<Self> {
        let mut tally = Self::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(tally),
                Ok(n) => tally.add(&buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Holds the tally of a whole content against what is known of it.
    pub(crate) fn check(&self, source: &Source) -> Result<(), Failure> {
        if source.size().is_some_and(|size| size != self.bytes)
            || source.md5().is_some_and(|md5| md5 != self.md5())
        {
            Err(self.mismatch(source))
        } else {
            Ok(())
        }
    }

    fn mismatch(&self, source: &Source) -> Failure {
        let size = source.size().map(|size| format!("{size} bytes"));
        let md5 = source.md5().map(|md5| format!("MD5 {md5}"));
        let came = match &md5 {
            Some(_) => format!("{} bytes with MD5 {}", self.bytes, self.md5()),
            None => format!("{} bytes", self.bytes),
        };
        let listed: Vec<String> = size.into_iter().chain(md5).collect();
        integrity(format!(
            "the bytes are not those of the file: {came} came, {} must come",
            listed.join(" with ")
        ))
        .again(again(source, self.bytes))
    }
}

/// The announced or received `length` is not the listed one.
pub(crate) fn wrong_length(source: &Source, length: u64, size: u64) -> Failure {
    integrity(format!("the server sends {length} bytes where {size} are listed")).again(again(source, length))
}

/// More bytes came than are listed, and more would have come.
pub(crate) fn too_long(size: u64) -> Failure {
    integrity(format!(
        "the server sends more than the {size} bytes that are listed"
    ))
    .again(Again::Refetch)
}

pub(crate) fn integrity(what: String) -> Failure {
    Failure::new(TransferErrorKind::Integrity, what).next(NEXT)
}

/// Too few bytes are most often a connection that broke unnoticed; anything else is asked for once more only.
fn again(source: &Source, bytes: u64) -> Again {
    if source.size().is_some_and(|size| bytes < size) {
        Again::Policy(None)
    } else {
        Again::Refetch
    }
}

/// A body's `Content-Encoding`. None is ever asked for, but storage that keeps an object encoded may send it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Other(String),
}

impl Encoding {
    pub(crate) fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip,
            other => Self::Other(other.to_owned()),
        }
    }

    pub(crate) fn unreadable(name: &str) -> Failure {
        Failure::new(
            TransferErrorKind::Server,
            format!("the server sends the content encoded as {name:?}, which was not asked for"),
        )
        .next("store the file without a content encoding")
    }
}

/// Why an encoded content could not be written out decoded.
#[derive(Debug)]
pub(crate) enum DecodeError {
    Content(Failure),
    Disk(io::Error),
}

/// Decodes `encoded` into `output`, stopping once it is longer than the source's size.
pub(crate) fn gunzip(
    encoded: impl Read,
    mut output: impl Write,
    source: &Source,
) -> Result<Tally, DecodeError> {
    let mut decoder = MultiGzDecoder::new(encoded);
    let mut tally = Tally::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return Ok(tally),
            Ok(n) => {
                output.write_all(&buffer[..n]).map_err(DecodeError::Disk)?;
                tally.add(&buffer[..n]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(DecodeError::Content(no_gzip(error))),
        }
        if let Some(size) = source.size().filter(|size| tally.bytes > *size) {
            return Err(DecodeError::Content(too_long(size)));
        }
    }
}

pub(crate) fn no_gzip(error: io::Error) -> Failure {
    integrity(format!(
        "the server says that it sends gzip, but the bytes are none: {error}"
    ))
    .again(Again::Refetch)
    .source(error)
}
