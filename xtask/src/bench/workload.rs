//! What a workload is: the work, those who do it, and what is aimed at.

use std::path::Path;

use super::ground::{Files, Ground};
use super::stats::Metric;
use crate::devserver::DevServer;
use crate::error::Result;
use crate::sh::Sh;

/// Us, as the tables have us.
pub(super) const OURS: &str = "wbf";

/// A command that asks a server, for files that come to a folder.
pub(super) type MakeCommand = Box<dyn Fn(&Ground, &DevServer, &Path) -> Result<Sh>>;

/// Somebody who does the work of a workload.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) command: MakeCommand,
    /// Whether it asks the workload's server; else it is handed addresses.
    pub(super) asks: bool,
    /// It does only a part, since all of it would take too long.
    pub(super) part: Option<Part>,
    /// So many runs are one measurement, since one is too short to tell.
    pub(super) times: usize,
    /// How it names what it lists, one name a line.
    pub(super) lists: Option<Lists>,
}

/// One part of so many, and the same command that does nothing of it: what that takes is not multiplied.
pub(super) struct Part {
    pub(super) of: usize,
    pub(super) none: MakeCommand,
}

#[derive(Clone, Copy)]
pub(super) enum Lists {
    /// An object with a `name`.
    Ndjson,
    /// The name itself.
    Names,
}

impl Contender {
    /// One part of how many it does.
    pub(super) fn part(&self) -> usize {
        self.part.as_ref().map_or(1, |part| part.of)
    }
}

/// What a ratio is taken to.
pub(super) enum Against {
    Peer(&'static str),
    Seconds(f64),
}

/// What is aimed at.
pub(super) struct Target {
    pub(super) metric: Metric,
    pub(super) against: Against,
    /// Ours through the other's, at most; or the other's through ours, at least.
    pub(super) limit: Limit,
}

#[derive(Clone, Copy)]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// What is there once the work is done.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// These files, in the contender's folder.
    Files(Files),
    /// The files of all runs of the selection, in a folder for each run.
    Selection,
    /// These files, on the server.
    Sent(Files),
    /// So many names, each once.
    Names(usize),
}

impl Outcome {
    /// Whether it takes room that has to be made free soon.
    pub(super) fn is_large(self) -> bool {
        matches!(self, Self::Files(files) if files.bytes > 1 << 20)
    }
}

/// Work, those who do it, and what is aimed at.
pub(super) struct Workload {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) outcome: Outcome,
    pub(super) server: fn(&Ground) -> Result<DevServer>,
    pub(super) contenders: fn() -> Vec<Contender>,
    pub(super) targets: &'static [Target],
    /// Whether the requests under way are told, and have to stay at the bound.
    pub(super) traced: bool,
}
