//! Processes that mirror, and are killed and started again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Failure, Result};
use crate::faults::play::Running;
use crate::memory;
use crate::sh::Sh;

/// Processes of one command.
pub(super) struct Fleet<'a> {
    command: &'a dyn Fn() -> Sh,
    folder: PathBuf,
    members: Vec<Member>,
    pub(super) kills: usize,
}

struct Member {
    name: String,
    /// How often it was started.
    starts: usize,
    /// `None` once it has ended well.
    running: Option<Running>,
}

impl<'a> Fleet<'a> {
    /// Starts so many; what they say goes to files in `folder`.
    pub(super) fn start(name: &str, size: usize, folder: &Path, command: &'a dyn Fn() -> Sh) -> Result<Self> {
        let mut fleet = Self {
            command,
            folder: folder.to_owned(),
            members: Vec::new(),
            kills: 0,
        };
        for number in 0..size {
            fleet.members.push(Member {
                name: format!("{name}-{number}"),
                starts: 0,
                running: None,
            });
            fleet.begin(number)?;
        }
        Ok(fleet)
    }

    fn begin(&mut self, number: usize) -> Result<()> {
        let member = &mut self.members[number];
        member.starts += 1;
        let log = self.folder.join(format!("{}.{}.log", member.name, member.starts));
        member.running = Some(Running::start((self.command)(), &log)?);
        Ok(())
    }

    /// Kills one, -9, and starts it again. One that has ended already is no kill.
    pub(super) fn kill(&mut self, number: usize) -> Result<()> {
        let Some(mut running) = self.members[number].running.take() else {
            return Ok(());
        };
        if running.ended()?.is_none() {
            running.wait(Duration::ZERO)?;
            self.kills += 1;
        }
        self.begin(number)
    }

    /// Starts those again that have ended well: there is more to do.
    pub(super) fn revive(&mut self) -> Result<()> {
        for number in 0..self.members.len() {
            if self.members[number].running.is_none() {
                self.begin(number)?;
            }
        }
        Ok(())
    }

    /// Whether all have ended; an error if one has not ended well.
    pub(super) fn is_over(&mut self) -> Result<bool> {
        for member in &mut self.members {
            let Some(status) = member.running.as_mut().map(Running::ended).transpose()?.flatten() else {
                continue;
            };
            if !status.success() {
                let log = self.folder.join(format!("{}.{}.log", member.name, member.starts));
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let tail = said.lines().rev().take(20).collect::<Vec<_>>();
                let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(Failure::new(format!(
                    "{} ended with {status}\n{tail}",
                    member.name
                )));
            }
            member.running = None;
        }
        Ok(self.members.iter().all(|member| member.running.is_none()))
    }

    /// What each has taken so far: seconds of processor time, and the most memory, in MiB.
    pub(super) fn spent(&self) -> Vec<(f64, f64)> {
        let running = self.members.iter().filter_map(|member| member.running.as_ref());
        running
            .map(|running| {
                (
                    memory::processor_time(running.id()),
                    memory::high_water_mark(running.id()).unwrap_or_default(),
                )
            })
            .collect()
    }

    pub(super) fn size(&self) -> usize {
        self.members.len()
    }
}
