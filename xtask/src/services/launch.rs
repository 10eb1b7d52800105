//! Starting a server, and knowing when it is there.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::error::{Context, Failure, Result};
use crate::faults::play::Running;
use crate::sh::Sh;

/// How long a server may take to answer, on a busy machine.
pub(super) const START: Duration = Duration::from_secs(30);
/// How long it may take to end when it is asked to.
const STOP: Duration = Duration::from_secs(20);

/// A port that is free, below those that the system hands out by itself. A client that goes on trying to reach a
/// stopped server on one of those ends up connected to itself, and the server cannot come back.
fn free_port() -> Result<u16> {
    // Apart from those of another process that looks for one at the same time.
    let first = 20_000 + u16::try_from(std::process::id() % 1000).unwrap_or_default() * 10;
    (first..32_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| Failure::new(format!("no port between {first} and 32000 is free")))
}

/// `command` as a process that ends with ours, even where ours is killed; as `user` if one is named. The system sees
/// to it by the thread that starts it, which therefore has to be there as long as the server.
pub(super) fn tied(command: Sh, user: Option<&str>) -> Sh {
    if !cfg!(target_os = "linux") {
        return command;
    }
    let mut tied = Sh::new("setpriv").args(["--pdeathsig", "INT"]);
    if let Some(user) = user {
        tied = tied.args(["--reuid", user, "--regid", user, "--init-groups"]);
    }
    tied.followed_by(&command)
}

/// A server's process, while there is one, with a port and a folder that stay when it ends.
pub(super) struct Process {
    name: &'static str,
    port: u16,
    folder: TempDir,
    running: Option<Running>,
}

impl Process {
    /// Takes a port and an empty folder. Starts nothing.
    pub(super) fn new(name: &'static str) -> Result<Self> {
        let prefix = format!("wbf-{}-", name.to_lowercase());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir();
        Ok(Self {
            name,
            port: free_port()?,
            folder: folder.or_fail(|| format!("make a folder for {name}"))?,
            running: None,
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts `command` and waits until it is `ready`.
    pub(super) fn start(&mut self, command: Sh, ready: &dyn Fn() -> bool) -> Result<()> {
        let shown = command.to_string();
        let log = self.folder().join("log");
        let mut running = Running::start(command, &log)?;
        let start = Instant::now();
        loop {
            let ended = running.ended()?;
            if ended.is_none() && ready() {
                self.running = Some(running);
                return Ok(());
            }
            if ended.is_some() || start.elapsed() > START {
                let how = ended.map_or_else(
                    || format!("does not answer after {} s", START.as_secs()),
                    |status| format!("ended with {status}"),
                );
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(Failure::new(format!("`{shown}` {how}\n{}", said.trim_end())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// Lets it write what it has and end, if it runs.
    pub(super) fn stop(&mut self) -> Result<()> {
        let Some(mut running) = self.running.take() else {
            return Ok(());
        };
        running.signal("INT")?;
        match running.wait(STOP)? {
            Some(_) => Ok(()),
            None => Err(Failure::new(format!(
                "{} did not end within {} s, and was killed",
                self.name,
                STOP.as_secs()
            ))),
        }
    }

    /// Kills it, -9, if it runs, and its children with it: PostgreSQL's would finish the statement that they are at.
    pub(super) fn kill(&mut self) -> Result<()> {
        let Some(mut running) = self.running.take() else {
            return Ok(());
        };
        let id = running.id();
        // Asked before, since they are somebody else's afterwards. Where there is no such file, they do finish.
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        running.wait(Duration::ZERO)?;
        if let Ok(children) = children {
            // One that has ended by then makes it fail.
            Sh::new("kill")
                .arg("-KILL")
                .args(children.split_whitespace())
                .output()?;
        }
        Ok(())
    }
}
