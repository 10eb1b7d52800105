//! Plays one row with one client, on a server and a folder of its own.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::outcome::{self, Found, Outcome};
use super::super::play::{Client, HANG, KEY, Running, Stage, samples};
use super::{Play, RUN, Source, Upload};
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::look;
use crate::sample::{self, Sample, Scratch};
use crate::sh::{self, Sh};

impl Upload {
    /// Plays it in `folder`, which is made and removed.
    pub(in super::super) fn play(
        &self,
        stage: &Stage<'_>,
        client: Client<'_>,
        folder: PathBuf,
    ) -> Result<Outcome> {
        let scratch = Scratch::new(folder)?;
        let [source, seed] = ["source", "seed"].map(|name| scratch.path().join(name));
        let mut samples = samples(self.files);
        sample::write(&samples, &source)?;
        fs::create_dir_all(&seed).or_fail(|| format!("make {}", seed.display()))?;
        if self.is_there {
            let other = |file: &Sample| Sample::new(&*file.name, outcome::others(&file.bytes));
            sample::write(&samples.iter().map(other).collect::<Vec<_>>(), &seed)?;
        }
        let seed = seed.to_string_lossy();
        let arguments = [
            "--record",
            "--api-key",
            KEY,
            "--seed-folder",
            &seed,
            "--into",
            RUN,
        ];
        let server = DevServer::start(&stage.bins.devserver, &arguments, scratch.path())?;
        server.set_faults(&self.faults)?;

        let log = |number| scratch.path().join(format!("{number}.log"));
        let spawn = |number| Running::start(self.command(stage, client, &server, &source)?, &log(number));
        if self.source == Source::Unreadable {
            forbid(&source.join(&samples[0].name))?;
        }
        let began = Instant::now();
        let mut slow_interrupt = false;
        let mut first = spawn(0)?;
        let status = match self.play {
            Play::Once => {
                if let Some(bytes) = samples
                    .first_mut()
                    .and_then(|file| self.changed(&file.bytes).map(|new| (file, new)))
                {
                    first.wait_for_bytes(&server)?;
                    self.change(&source.join(&bytes.0.name), &bytes.1)?;
                    bytes.0.bytes = bytes.1;
                }
                first.wait(HANG)?
            }
            Play::Interrupt => {
                first.wait_for_bytes(&server)?;
                first.signal("INT")?;
                let start = Instant::now();
                let status = first.wait(HANG)?;
                slow_interrupt = start.elapsed() > Duration::from_millis(1500);
                status
            }
            Play::KillAndAgain => {
                first.wait_for_bytes(&server)?;
                first.signal("KILL")?;
                first.wait(HANG)?;
                server.clear_faults()?;
                spawn(1)?.wait(HANG)?
            }
            Play::Together => {
                let mut second = spawn(1)?;
                let statuses = [first.wait(HANG)?, second.wait(HANG)?];
                let failed =
                    |status: &Option<std::process::ExitStatus>| status.is_none_or(|status| !status.success());
                statuses.into_iter().find(failed).unwrap_or(statuses[0])
            }
        };
        let took = began.elapsed();
        let read = |number| fs::read(log(number)).unwrap_or_default();
        let output = String::from_utf8_lossy(&[read(0), read(1)].concat()).into_owned();
        let met = server.met()?;
        let leaks = outcome::leaks(&server, None, &output)?;
        server.clear_faults()?;
        Ok(Outcome {
            took,
            status,
            slow_interrupt,
            files: stored(&server, &samples)?,
            leftovers: Vec::new(),
            outside: Vec::new(),
            leaks,
            met,
            output,
        })
    }

    fn command(
        &self,
        stage: &Stage<'_>,
        client: Client<'_>,
        server: &DevServer,
        source: &Path,
    ) -> Result<Sh> {
        let (program, arguments): (&Path, Vec<PathBuf>) = match client {
            Client::Wbf => (
                &stage.bins.wbf,
                ["-v", "put", self.run, "."].map(PathBuf::from).into(),
            ),
            Client::Sdk(python) => {
                let script = sh::workspace().join("xtask").join("python").join("sdk.py");
                (python, vec![script, "put".into(), self.run.into(), source.into()])
            }
        };
        let command = match self.source {
            Source::Unreadable => obeying()?.arg(program),
            _ => Sh::new(program),
        };
        let command = server.client(command.args(arguments).dir(source));
        let command = command.env("WANDB_API_KEY", self.key);
        Ok(match client {
            Client::Wbf => command.env("WANDB_HTTP_TIMEOUT", self.timeout),
            Client::Sdk(_) => command,
        })
    }

    /// What the file has once it was changed; None if it is not.
    fn changed(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (head, tail) = bytes.split_at(bytes.len() * 9 / 10);
        match self.source {
            Source::Plain | Source::Unreadable => None,
            Source::Rewritten => Some([head, &outcome::others(tail)].concat()),
            Source::Longer => Some([bytes, tail].concat()),
            Source::Shorter => Some(head.to_vec()),
        }
    }

    /// In place, as a program does that goes on writing; what stays as it is is not written.
    fn change(&self, path: &Path, new: &[u8]) -> Result<()> {
        let change = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).open(path)?;
            let length = file.metadata()?.len();
            let from = match self.source {
                Source::Longer => length,
                _ => length * 9 / 10,
            };
            file.set_len(length.min(new.len() as u64))?;
            file.seek(SeekFrom::Start(from))?;
            file.write_all(&new[usize::try_from(from).unwrap_or(new.len()).min(new.len())..])
        };
        change().or_fail(|| format!("change {}", path.display()))
    }
}

/// What the run has under these names.
fn stored(server: &DevServer, samples: &[Sample]) -> Result<Vec<Found>> {
    let there = look::files(server, RUN)?;
    let find = |file: &Sample| match there.get(&file.name) {
        None => Ok(Found::Nothing),
        Some(remote) => look::bytes(server, remote).map(|bytes| outcome::found(&bytes, file, true)),
    };
    samples.iter().map(find).collect()
}

#[cfg(unix)]
fn forbid(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o000))
        .or_fail(|| format!("forbid {}", path.display()))
}

#[cfg(not(unix))]
fn forbid(_: &Path) -> Result<()> {
    Err(Failure::new("files are made unreadable on Unix only"))
}

/// What runs a command that may read no more than the permissions of files let it: root may read all.
fn obeying() -> Result<Sh> {
    if Sh::new("id").arg("-u").read()?.trim() != "0" {
        return Ok(Sh::new("env"));
    }
    let setpriv = || Sh::new("setpriv").args(["--bounding-set", "-dac_override,-dac_read_search"]);
    match setpriv().arg("true").output() {
        Ok(output) if output.code == Some(0) => Ok(setpriv()),
        _ => Err(Failure::new(
            "`setpriv` cannot take root's right to read every file here",
        )),
    }
}
