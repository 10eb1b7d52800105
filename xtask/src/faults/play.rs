//! Plays one row with one client, on servers and folders of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::outcome::{self, Outcome};
use super::row::{Files, Listing, Place, Play, Row, Target};
use crate::bins::Bins;
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::sample::{self, Sample, Scratch, noise};
use crate::sh::{self, Sh};

/// After so long without an end, a client hangs. wbf, at its default settings, gives up after some 30 s of waits at most.
pub(super) const HANG: Duration = Duration::from_secs(45);

const RUN: &str = "faults/faults/run";

pub(super) const KEY: &str = "faults0123456789abcdefghijklmnopqrstuvwx";

/// Who downloads.
#[derive(Clone, Copy)]
pub(super) enum Client<'a> {
    Wbf,
    /// By the Python at this path.
    Sdk(&'a Path),
}

/// The runs that rows have, each in a folder of its own.
pub(super) struct Seeds {
    folder: PathBuf,
}

impl Seeds {
    pub(super) fn write(folder: PathBuf) -> Result<Self> {
        for kind in [Files::Small, Files::Large, Files::Four, Files::Long] {
            sample::write(&samples(kind), &folder.join(kind_name(kind)))?;
        }
        Ok(Self { folder })
    }
}

fn kind_name(kind: Files) -> &'static str {
    match kind {
        Files::Small => "small",
        Files::Large => "large",
        Files::Four => "four",
        Files::Long => "long",
    }
}

/// What the run of this kind holds. The small file is text, so that a fault can have it as its body.
pub(super) fn samples(kind: Files) -> Vec<Sample> {
    let text =
        |seed, length| -> Vec<u8> { noise(seed, length).iter().map(|byte| b'a' + byte % 16).collect() };
    match kind {
        Files::Small => vec![Sample::new("file.bin", text(1, 100_000))],
        Files::Large => vec![Sample::new("large.bin", noise(2, 48 << 20))],
        Files::Four => (0..4)
            .map(|n| Sample::new(format!("{n}.txt"), text(n, 300)))
            .collect(),
        Files::Long => vec![Sample::new("n".repeat(255), text(3, 100_000))],
    }
}

/// What a row is played with.
pub(super) struct Stage<'a> {
    pub(super) bins: &'a Bins,
    pub(super) seeds: &'a Seeds,
}

impl Stage<'_> {
    /// Plays `row` in `folder`, which is made and removed.
    pub(super) fn play(&self, row: &Row, client: Client<'_>, folder: PathBuf) -> Result<Outcome> {
        let scratch = Scratch::new(folder)?;
        let folders = Folders::make(scratch.path(), row)?;
        let samples = samples(row.files);
        let seed = self.seeds.folder.join(kind_name(row.files));
        let start = |name: &str, more: &[&str]| {
            let place = scratch.path().join(name);
            fs::create_dir_all(&place).or_fail(|| format!("make {}", place.display()))?;
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
            DevServer::start(&self.bins.devserver, &[&arguments, more].concat(), &place)
        };
        let server = start("server", row.server)?;
        let foreign = needs_foreign(row).then(|| start("foreign", &[])).transpose()?;
        let told = told(row, &samples, &folders.outside);
        let fill = |text: &str| {
            text.replace("{api}", &server.url)
                .replace("{foreign}", foreign.as_ref().map_or("", |foreign| &foreign.url))
        };
        let mut specs: Vec<String> = row.faults.iter().map(|spec| fill(spec)).collect();
        specs.extend(told.iter().map(|told| fill(&told.spec)));
        server.set_faults(&specs)?;
        if let Some(foreign) = &foreign {
            let body = String::from_utf8_lossy(&samples[0].bytes).into_owned();
            foreign.set_faults(&[format!("files::times=always:reply=200,body={body}")])?;
        }

        let began = Instant::now();
        let ended = self.perform(row, client, &server, &folders)?;
        let took = began.elapsed();
        let expected = match told {
            Some(told) => told.files,
            None => samples,
        };
        Ok(Outcome {
            took,
            status: ended.status,
            slow_interrupt: ended.slow_interrupt,
            files: outcome::files(&expected, row.target, &folders.result),
            leftovers: outcome::leftovers(&folders.result),
            outside: outcome::outside(&folders.outside),
            leaks: outcome::leaks(&server, foreign.as_ref(), &ended.output)?,
            met: server.met()?,
            output: ended.output,
        })
    }

    fn perform(&self, row: &Row, client: Client<'_>, server: &DevServer, folders: &Folders) -> Result<Ended> {
        let spawn = |number| {
            let command = self.command(row, client, server, folders)?;
            Running::start(command, &folders.log(number))
        };
        let mut first = spawn(0)?;
        let mut slow_interrupt = false;
        let status = match row.play {
            Play::Once => first.wait(HANG)?,
            Play::Interrupt => {
                first.wait_for_bytes(server)?;
                first.signal("INT")?;
                let start = Instant::now();
                let status = first.wait(HANG)?;
                slow_interrupt = start.elapsed() > Duration::from_millis(1500);
                status
            }
            Play::KillAndAgain => {
                first.wait_for_bytes(server)?;
                first.signal("KILL")?;
                first.wait(HANG)?;
                server.clear_faults()?;
                spawn(1)?.wait(HANG)?
            }
            Play::Together => {
                let mut second = spawn(1)?;
                let statuses = [first.wait(HANG)?, second.wait(HANG)?];
                let worst = statuses
                    .into_iter()
                    .find(|status| status.is_none_or(|status| !status.success()));
                worst.unwrap_or(statuses[0])
            }
        };
        let read = |number| fs::read(folders.log(number)).unwrap_or_default();
        let output = String::from_utf8_lossy(&[read(0), read(1)].concat()).into_owned();
        Ok(Ended {
            status,
            slow_interrupt,
            output,
        })
    }

    fn command(&self, row: &Row, client: Client<'_>, server: &DevServer, folders: &Folders) -> Result<Sh> {
        let (mut command, limits) = match row.place {
            Place::Folder => (None, ""),
            Place::ReadOnly => (Some(mounting()?), "ro"),
            Place::FullDisk => (Some(mounting()?), "size=64k"),
            Place::LengthLimit => (Some(Sh::new("sh").args(["-c", LIMITED, "sh"])), ""),
        };
        if !limits.is_empty() {
            let mount = |command: Sh| {
                command
                    .args(["sh", "-c", MOUNTED, "sh", limits])
                    .arg(&folders.root)
                    .arg(&folders.result)
            };
            command = command.map(mount);
        }
        let mut program = match client {
            Client::Wbf => vec![
                self.bins.wbf.clone().into_os_string(),
                "-v".into(),
                "get".into(),
                RUN.into(),
                "--root".into(),
            ],
            Client::Sdk(python) => {
                let script = sh::workspace().join("xtask").join("python").join("sdk.py");
                vec![python.into(), script.into(), "download".into(), RUN.into()]
            }
        };
        program.push(folders.root.clone().into());
        program.extend(row.arguments.iter().map(Into::into));
        let command = match command {
            Some(command) => command.args(program),
            None => {
                let mut words = program.into_iter();
                Sh::new(words.next().unwrap_or_default()).args(words)
            }
        };
        let command = server.client(command);
        Ok(match client {
            Client::Wbf => command.env("WANDB_HTTP_TIMEOUT", row.timeout),
            // It takes whole seconds alone, and for another thing.
            Client::Sdk(_) => command,
        })
    }
}

/// On a file system of its own, of which a copy is left where the namespace that knows it has gone.
const MOUNTED: &str = r#"options=$1 root=$2 copy=$3; shift 3
mount -t tmpfs -o "$options" tmpfs "$root" || exit 99
"$@"; status=$?
cp -a "$root/." "$copy/"; exit $status"#;

/// At the limit a write fails, as one does that a quota forbids; the signal would end the process.
const LIMITED: &str = r#"trap '' XFSZ; ulimit -f 100; exec "$@""#;

/// What runs a command with mounts of its own; an error where this machine does not allow for it.
pub(crate) fn mounting() -> Result<Sh> {
    let root = Sh::new("id").arg("-u").read()?.trim() == "0";
    let unshare = || Sh::new("unshare").arg(if root { "-m" } else { "-rm" });
    if unshare().arg("true").output()?.code == Some(0) {
        Ok(unshare())
    } else {
        Err(Failure::new("`unshare` may not make a mount namespace here"))
    }
}

struct Ended {
    status: Option<ExitStatus>,
    slow_interrupt: bool,
    output: String,
}

/// Where a row takes place.
struct Folders {
    /// Holds the root; nothing but the root may be in it afterwards.
    outside: PathBuf,
    root: PathBuf,
    /// Where the root's files are found afterwards.
    result: PathBuf,
    logs: PathBuf,
}

impl Folders {
    fn make(scratch: &Path, row: &Row) -> Result<Self> {
        let outside = scratch.join("outside");
        let root = outside.join("root");
        let mounted = row.place.is_mounted();
        let result = if mounted {
            scratch.join("copy")
        } else {
            root.clone()
        };
        for folder in [&root, &result] {
            fs::create_dir_all(folder).or_fail(|| format!("make {}", folder.display()))?;
        }
        match row.target {
            Target::Nothing => {}
            Target::OtherBytes => {
                for sample in samples(row.files) {
                    let other = outcome::others(&sample.bytes);
                    sample::write(&[Sample::new(sample.name, other)], &root)?;
                }
            }
            Target::Link => link_out(&root)?,
        }
        Ok(Self {
            outside,
            root,
            result,
            logs: scratch.to_owned(),
        })
    }

    fn log(&self, number: usize) -> PathBuf {
        self.logs.join(format!("{number}.log"))
    }
}

#[cfg(unix)]
fn link_out(root: &Path) -> Result<()> {
    std::os::unix::fs::symlink("..", root.join("link"))
        .or_fail(|| format!("make a link in {}", root.display()))
}

#[cfg(not(unix))]
fn link_out(_: &Path) -> Result<()> {
    Err(Failure::new("links are made on Unix only"))
}

/// A process that runs, with its output in a file.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: Sh, log: &Path) -> Result<Self> {
        let shown = command.to_string();
        let file = File::create(log).or_fail(|| format!("write {}", log.display()))?;
        let same = file.try_clone().or_fail(|| format!("write {}", log.display()))?;
        let mut command = command.into_command();
        let child = command.stdout(file).stderr(same).spawn();
        child.map(Self).or_fail(|| format!("start `{shown}`"))
    }

    /// How it ended; `None` if it did not in time, and was killed.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let start = Instant::now();
        while start.elapsed() < limit {
            if let Some(status) = self.ended()? {
                return Ok(Some(status));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(self.0.kill());
        drop(self.0.wait());
        Ok(None)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.0.try_wait().or_fail(|| "wait for a process".to_owned())
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let signal = format!("-{name}");
        let status = Command::new("kill")
            .args([&signal, &self.id().to_string()])
            .status();
        status.map(drop).or_fail(|| "send a signal".to_owned())
    }

    pub(super) fn wait_for_bytes(&mut self, server: &DevServer) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < HANG {
            if server
                .requests()?
                .iter()
                .any(|request| request["listener"] == "storage")
            {
                // What was asked for, or is sent, begins to come.
                std::thread::sleep(Duration::from_millis(300));
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::new("no bytes were asked for or sent"))
    }
}

/// Ends it where a row gave up.
impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            drop(self.0.kill());
            drop(self.0.wait());
        }
    }
}

fn needs_foreign(row: &Row) -> bool {
    let by_listing = matches!(row.listing, Listing::Told { url, .. } if url.contains("{foreign}"));
    by_listing || row.faults.iter().any(|spec| spec.contains("{foreign}"))
}

/// A listing that the server is made to give, and the files that it promises.
struct Told {
    spec: String,
    files: Vec<Sample>,
}

fn told(row: &Row, samples: &[Sample], outside: &Path) -> Option<Told> {
    let Listing::Told {
        names,
        url,
        direct_url,
        right_md5,
    } = row.listing
    else {
        return None;
    };
    let bytes = &samples.first()?.bytes;
    let outside = outside.to_string_lossy();
    let names: Vec<String> = names
        .iter()
        .map(|name| name.replace("{outside}", &outside))
        .collect();
    let edge = |(number, name): (usize, &String)| {
        json!({
            "cursor": format!("cursor-{number}"),
            "node": {
                "id": format!("RmlsZTo{number}"),
                "name": name,
                "url": url,
                "directUrl": Some(direct_url).filter(|url| !url.is_empty()),
                "sizeBytes": bytes.len(),
                "mimetype": "application/octet-stream",
                "updatedAt": "2024-05-01T12:34:56Z",
                "md5": if right_md5 { SMALL_MD5 } else { "1B2M2Y8AsgTpgAmY7PhCfg==" },
            },
        })
    };
    let edges: Vec<Value> = names.iter().enumerate().map(edge).collect();
    let info = json!({ "endCursor": format!("cursor-{}", names.len() - 1), "hasNextPage": false });
    let files = json!({ "edges": edges, "pageInfo": info });
    let run = json!({ "fileCount": names.len(), "files": files });
    let body = json!({ "data": { "project": { "internalId": "UHJvamVjdEludGVybmFsSWQ6MQ==", "run": run } } });
    Some(Told {
        spec: format!(
            "graphql:RunFiles:times=always:reply=200,header=Content-Type:application/json,body={body}"
        ),
        files: names
            .into_iter()
            .map(|name| Sample::new(name, bytes.clone()))
            .collect(),
    })
}

/// Of the small file, in base64.
const SMALL_MD5: &str = "8RmmI6zpAeK71jVJIXUeBQ==";
