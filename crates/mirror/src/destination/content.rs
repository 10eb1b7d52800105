//! What comes, and whether it is what should come.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use md5_many::Md5State;

use super::DestinationError;

/// What is known of a content before it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected {
    /// How many bytes it has.
    pub size: Option<u64>,
    /// Its digest.
    pub md5: Option<[u8; 16]>,
    /// Whether the stream itself fails where its bytes have another digest than [`md5`](Self::md5): they are not hashed a
    /// second time then, which saves a core. It means nothing without a digest.
    pub checked: bool,
}

/// What a destination holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// How many bytes.
    pub bytes: u64,
    /// Their digest.
    pub md5: [u8; 16],
    /// The store's word for this version of the object, as the store writes it.
    pub etag: Option<String>,
}

/// A content that is not the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// It has another size. It is not read on once it is too long, so that `got` may be less than there was.
    Size {
        /// How many bytes there should have been.
        expected: u64,
        /// How many had come.
        got: u64,
    },
    /// It has another digest.
    Md5 {
        /// Which it should have had.
        expected: [u8; 16],
        /// Which it has.
        got: [u8; 16],
    },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { expected, got } if got > expected => {
                write!(
                    f,
                    "the content is longer than the {expected} bytes that were expected"
                )?;
            }
            Self::Size { expected, got } => {
                write!(
                    f,
                    "the content ended after {got} of the {expected} bytes that were expected"
                )?;
            }
            Self::Md5 { expected, got } => {
                let hex = |md5: &[u8; 16]| u128::from_be_bytes(*md5);
                write!(
                    f,
                    "the content has the MD5 digest {:032x}, not {:032x} as expected",
                    hex(got),
                    hex(expected)
                )?;
            }
        }
        write!(
            f,
            "; nothing was stored; if the file has changed since it was listed, list it again"
        )
    }
}

impl Error for Wrong {}

/// Why a content was not stored.
#[derive(Debug)]
pub enum PutError<E> {
    /// The stream failed.
    Source(E),
    /// The destination failed.
    Destination(DestinationError),
    /// The stream ended well, but what came is not what was expected.
    Wrong(Wrong),
}

impl<E: fmt::Display> fmt::Display for PutError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Destination(error) => error.fmt(f),
            Self::Wrong(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for PutError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Source(error) => error.source(),
            Self::Destination(error) => error.source(),
            Self::Wrong(_) => None,
        }
    }
}

impl<E> From<DestinationError> for PutError<E> {
    fn from(error: DestinationError) -> Self {
        Self::Destination(error)
    }
}

impl<E> From<Wrong> for PutError<E> {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

/// Counts and hashes what comes.
pub(super) struct Tally {
    expected: Expected,
    bytes: u64,
    hash: Option<Md5State>,
}

impl Tally {
    pub(super) fn new(expected: Expected) -> Self {
        let known = expected.checked && expected.md5.is_some();
        Self {
            expected,
            bytes: 0,
            hash: (!known).then(Md5State::new),
        }
    }

    /// How many bytes there should be.
    pub(super) fn size(&self) -> Option<u64> {
        self.expected.size
    }

    pub(super) fn add(&mut self, piece: Bytes) -> Result<Bytes, Wrong> {
        self.bytes += piece.len() as u64;
        match self.expected.size {
            Some(expected) if self.bytes > expected => Err(Wrong::Size {
                expected,
                got: self.bytes,
            }),
            _ => {
                if let Some(hash) = &mut self.hash {
                    hash.update(&piece);
                }
                Ok(piece)
            }
        }
    }

    /// How many bytes there were, and their digest.
    pub(super) fn finish(&self) -> Result<(u64, [u8; 16]), Wrong> {
        if let Some(expected) = self.expected.size
            && expected != self.bytes
        {
            return Err(Wrong::Size {
                expected,
                got: self.bytes,
            });
        }
        let computed = self.hash.as_ref().map(Md5State::finalize);
        match (self.expected.md5, computed) {
            (Some(expected), Some(got)) if expected != got => Err(Wrong::Md5 { expected, got }),
            (expected, got) => Ok((self.bytes, got.or(expected).unwrap_or_default())),
        }
    }
}
