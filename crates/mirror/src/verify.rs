//! Whether what is at the destination is what it should be.

mod run;

use std::fmt;

use serde::Serialize;
use wandb_client::{FilesError, RunPath};

use crate::{Mirror, MirrorError, State};

/// What is compared besides sizes and the destination's own digests.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct VerifyOptions {
    /// Reads every object, and takes its digest.
    pub read: bool,
    /// Lists the files at the server.
    pub server: bool,
    /// Notes in the ledger what is missing or wrong at the destination, so that the next plan has it moved again.
    pub repair: bool,
}

impl Default for VerifyOptions {
    /// Asks the server, reads no object, and notes nothing.
    fn default() -> Self {
        Self {
            read: false,
            server: true,
            repair: false,
        }
    }
}

impl VerifyOptions {
    /// Sets [`read`](Self::read).
    #[must_use]
    pub fn read(mut self, on: bool) -> Self {
        self.read = on;
        self
    }

    /// Sets [`server`](Self::server).
    #[must_use]
    pub fn server(mut self, on: bool) -> Self {
        self.server = on;
        self
    }

    /// Sets [`repair`](Self::repair).
    #[must_use]
    pub fn repair(mut self, on: bool) -> Self {
        self.repair = on;
        self
    }
}

/// What is not as it should be.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The destination lacks a file that was moved there.
    Missing {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
    },
    /// The destination has another number of bytes.
    Size {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// By the ledger.
        expected: u64,
        /// At the destination.
        got: u64,
    },
    /// The destination has other content.
    Digest {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// The MD5 digest by the ledger, in hex.
        expected: String,
        /// The MD5 digest of what is there, in hex.
        got: String,
    },
    /// What is there was written by something else since: its entity tag is another one. Only reading it tells more.
    Rewritten {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
    },
    /// The object cannot be read.
    Unreadable {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// Why.
        why: String,
    },
    /// The destination has an object among those of a run that the ledger does not know.
    Unexpected {
        /// The object's key.
        key: String,
    },
    /// A file was not moved yet, or could not be.
    Unfinished {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// What the ledger has of it.
        state: State,
        /// Why it could not be moved.
        error: Option<String>,
    },
    /// The server has a file that the ledger does not know.
    NotMirrored {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
    },
    /// The server has other content than the ledger knows.
    Outdated {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
    },
    /// The server has a file no more that the destination has.
    Gone {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
    },
    /// The files of a run cannot be listed at the server.
    Listing {
        /// The run.
        run: RunPath,
        /// Why not.
        error: FilesError,
    },
}

impl Problem {
    /// The file that is missing or wrong at the destination, if it is that.
    fn damaged(&self) -> Option<&str> {
        match self {
            Self::Missing { file }
            | Self::Size { file, .. }
            | Self::Digest { file, .. }
            | Self::Rewritten { file }
            | Self::Unreadable { file, .. } => Some(file),
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { file } => write!(f, "{file} is not at the destination"),
            Self::Size { file, expected, got } => {
                write!(
                    f,
                    "{file} has {got} bytes at the destination and should have {expected}"
                )
            }
            Self::Digest { file, expected, got } => {
                write!(
                    f,
                    "{file} has the md5 {got} at the destination and should have {expected}"
                )
            }
            Self::Rewritten { file } => {
                write!(
                    f,
                    "{file} was written anew at the destination since; --read tells whether it is right"
                )
            }
            Self::Unreadable { file, why } => write!(f, "{file} cannot be read at the destination: {why}"),
            Self::Unexpected { key } => write!(f, "{key} is at the destination, and no mirror put it there"),
            Self::Unfinished {
                file,
                state: State::Failed,
                error,
            } => write!(
                f,
                "{file} could not be moved: {}",
                error.as_deref().unwrap_or("nobody knows why")
            ),
            Self::Unfinished { file, state, .. } => write!(f, "{file} is not moved yet ({state})"),
            Self::NotMirrored { file } => write!(f, "{file} is new at the server"),
            Self::Outdated { file } => write!(f, "{file} has changed at the server"),
            Self::Gone { file } => write!(f, "{file} is gone at the server, and still at the destination"),
            Self::Listing { error, .. } => error.fmt(f),
        }
    }
}

/// What was compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// Files that the ledger says are at the destination.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of these, files whose digest was compared: the destination told it, or the object was read.
    pub digests: u64,
    /// Of these, files that were compared with the server's listing.
    pub listed: u64,
    /// Problems.
    pub problems: u64,
}

impl Mirror {
    /// Compares the destination with the ledger, and the ledger with the server: run by run, for all runs of this mirror.
    /// Changes nothing, unless [`VerifyOptions::repair`] is set. `tell` hears of each problem.
    ///
    /// Sizes are always compared. Digests are where the destination's entity tag is one (S3, files of one put, no encryption
    /// with keys of KMS); else the entity tag must be the one of when the file was moved. [`VerifyOptions::read`] reads all
    /// bytes.
    ///
    /// # Errors
    /// [`MirrorError`]: the ledger cannot be read, or the destination not be listed.
    pub async fn verify(
        &self,
        options: VerifyOptions,
        mut tell: impl FnMut(Problem),
    ) -> Result<Verified, MirrorError> {
        let mut verified = Verified::default();
        let mut runs = self.ledger.runs(self.id.0).await?;
        while let Some((number, path)) = runs.pop() {
            let (of_run, problems) = run::verify(self, options, number, &path).await?;
            verified.files += of_run.files;
            verified.bytes += of_run.bytes;
            verified.digests += of_run.digests;
            verified.listed += of_run.listed;
            verified.problems += problems.len() as u64;
            if options.repair {
                let folder = format!("{path}/");
                let name_and_why = |problem: &Problem| {
                    let name = problem.damaged()?.strip_prefix(&folder)?;
                    Some((name.to_owned(), problem.to_string()))
                };
                let damaged: Vec<_> = problems.iter().filter_map(name_and_why).collect();
                if !damaged.is_empty() {
                    self.ledger.mark_damaged(number, &damaged).await?;
                }
            }
            problems.into_iter().for_each(&mut tell);
        }
        Ok(verified)
    }
}
