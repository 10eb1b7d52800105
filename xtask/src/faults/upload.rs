//! What goes wrong with uploads: the rows, and how one is played.

mod play;
mod table;

pub(super) use table::rows;

use super::row::{Expected, Files};

/// One fault of an upload, and what has to come of it.
pub(super) struct Upload {
    pub(super) name: String,
    /// What is put.
    pub(super) files: Files,
    pub(super) source: Source,
    /// What the server does wrong, as `wandb-devserver --fault` takes it.
    pub(super) faults: Vec<String>,
    /// Whether the run has files of these names already, with other bytes.
    pub(super) is_there: bool,
    pub(super) run: &'static str,
    pub(super) key: &'static str,
    pub(super) play: Play,
    /// `WANDB_HTTP_TIMEOUT` of wbf, in seconds.
    pub(super) timeout: &'static str,
    pub(super) expected: Expected,
}

/// What is with the files on disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Plain,
    /// The first one may not be read.
    Unreadable,
    /// Once bytes are under way, the end of the file is written anew.
    Rewritten,
    /// Once bytes are under way, the file gets longer.
    Longer,
    /// Once bytes are under way, the file gets shorter.
    Shorter,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Play {
    Once,
    /// SIGINT as soon as bytes are under way.
    Interrupt,
    /// SIGKILL as soon as bytes are under way, then once more without faults.
    KillAndAgain,
    /// Two at the same time.
    Together,
}

pub(super) const RUN: &str = "faults/faults/run";

impl Upload {
    fn new(name: impl Into<String>, files: Files, expected: Expected) -> Self {
        Self {
            name: name.into(),
            files,
            source: Source::Plain,
            faults: Vec::new(),
            is_there: false,
            run: RUN,
            key: super::play::KEY,
            play: Play::Once,
            timeout: "10",
            expected,
        }
    }

    fn fault(mut self, spec: impl Into<String>) -> Self {
        self.faults.push(spec.into());
        self
    }
}
