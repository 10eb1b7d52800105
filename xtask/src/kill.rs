//! `cargo xtask kill`: downloads that are killed at random moments, again and again.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::faults::play::Running;
use crate::sample::{self, Sample, Scratch, noise};
use crate::sh::{self, Sh};
use crate::{bins, sample::Random};

/// How often, and when.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many downloads are killed
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub(crate) rounds: u32,
    /// What the moments are drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Options {
    /// As many rounds as every check of the workspace has time for.
    pub(crate) fn short() -> Self {
        Self { rounds: 10, seed: 1 }
    }
}

const RUN: &str = "kill/kill/run";

/// After so long without an end, a download hangs.
const HANG: Duration = Duration::from_secs(60);

/// Kills round after round, looks at every final path after each, then downloads once in peace.
pub(crate) fn run(options: &Options) -> Result<()> {
    let bins = bins::debug()?;
    let scratch = Scratch::new(sh::target()?.join("kill"))?;
    let files = files();
    let seed = scratch.path().join("seed");
    sample::write(&files, &seed)?;
    let seed = seed.to_string_lossy();
    // So slow that the largest file comes in parts.
    let arguments = ["--seed-folder", &seed, "--into", RUN, "--rate", "40000000"];
    let server = DevServer::start(&bins.devserver, &arguments, scratch.path())?;
    let root = scratch.path().join("root");
    let mut rounds = Rounds {
        files: &files,
        get: &|| {
            let get = Sh::new(&bins.wbf).args(["get", RUN, "--exist-ok", "--root"]);
            server.client(get.arg(&root))
        },
        root: &root,
        log: scratch.path().join("wbf.log"),
        random: Random::new(options.seed),
        seen: HashMap::new(),
    };

    let whole = rounds.in_peace()?;
    println!(
        "seed {}: {} rounds on {} files; a whole download takes {:.2} s",
        options.seed,
        options.rounds,
        files.len(),
        whole.as_secs_f64()
    );
    rounds.clear()?;
    let start = Instant::now();
    let (mut killed, mut ended, mut partials) = (0_u32, 0_u32, 0_usize);
    while killed < options.rounds {
        let wait = whole.mul_f64(1.1 * rounds.random.share());
        let context = || format!("go on after kill {killed}, {:.3} s later", wait.as_secs_f64());
        // One that has ended by then was not killed, and is not counted as a round.
        let was_killed = rounds.kill_after(wait).or_fail(context)?;
        let missing = rounds.check().or_fail(context)?;
        partials += rounds.partials()?.len();
        killed += u32::from(was_killed);
        ended += u32::from(!was_killed);
        if missing == 0 {
            rounds.clear()?;
        }
    }
    rounds.in_peace()?;
    println!(
        "{killed} killed, {ended} more had ended by then; {partials} partial files on the way, none under a final name\n\
         the run in peace after them: every byte right, nothing left over; {:.0} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Four large files and many small ones.
fn files() -> Vec<Sample> {
    let large = [20, 24, 32, 64].into_iter().zip(1..);
    let large =
        large.map(|(mebibytes, n)| Sample::new(format!("checkpoints/{n}.bin"), noise(n, mebibytes << 20)));
    let small = (0..36).map(|n| Sample::new(format!("media/{n:02}.bin"), noise(100 + n, 4001 * n as usize)));
    large.chain(small).collect()
}

struct Rounds<'a> {
    files: &'a [Sample],
    get: &'a dyn Fn() -> Sh,
    root: &'a Path,
    log: PathBuf,
    random: Random,
    /// What was compared already, as it was then.
    seen: HashMap<&'a str, Stamp>,
}

type Stamp = (u64, Option<SystemTime>);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.modified().ok())
}

impl<'a> Rounds<'a> {
    /// A download that nobody disturbs; how long it took.
    fn in_peace(&mut self) -> Result<Duration> {
        let start = Instant::now();
        self.ends_well(Running::start((self.get)(), &self.log)?.wait(HANG)?)?;
        let took = start.elapsed();
        let mut wrongs = sample::differences(self.files, self.root)?;
        wrongs.extend(self.partials()?.iter().map(|path| {
            let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
            format!("{} is left over, {length} bytes", path.display())
        }));
        if wrongs.is_empty() {
            Ok(took)
        } else {
            Err(Failure::new(format!(
                "after a run in peace: {}",
                wrongs.join("; ")
            )))
        }
    }

    /// Whether it had to be killed.
    fn kill_after(&mut self, wait: Duration) -> Result<bool> {
        let mut running = Running::start((self.get)(), &self.log)?;
        let status = running.wait(wait)?;
        if status.is_none() {
            return Ok(true);
        }
        self.ends_well(status).map(|()| false)
    }

    fn ends_well(&self, status: Option<std::process::ExitStatus>) -> Result<()> {
        if status.is_some_and(|status| status.success()) {
            return Ok(());
        }
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        Err(Failure::new(format!("wbf ended with {status:?}\n{said}")))
    }

    /// How many files are missing; an error if one that is there is not whole and right.
    fn check(&mut self) -> Result<usize> {
        let mut missing = 0;
        for file in self.files {
            let path = self.root.join(&file.name);
            let Ok(metadata) = fs::metadata(&path) else {
                missing += 1;
                continue;
            };
            let stamp = stamp(&metadata);
            if self.seen.get(file.name.as_str()) == Some(&stamp) {
                continue;
            }
            let bytes = fs::read(&path).or_fail(|| format!("read {}", path.display()))?;
            if bytes != file.bytes {
                let lengths = format!("{} of {} bytes", bytes.len(), file.bytes.len());
                return Err(Failure::new(format!(
                    "{} is short or wrong: {lengths}",
                    file.name
                )));
            }
            let file: &'a Sample = file;
            self.seen.insert(&file.name, stamp);
        }
        Ok(missing)
    }

    /// Files in the root that have no final name.
    fn partials(&self) -> Result<Vec<PathBuf>> {
        let mut there = if self.root.exists() {
            sample::walk(self.root)?
        } else {
            Vec::new()
        };
        let names: Vec<PathBuf> = self.files.iter().map(|file| self.root.join(&file.name)).collect();
        there.retain(|path| !names.contains(path));
        Ok(there)
    }

    fn clear(&mut self) -> Result<()> {
        self.seen.clear();
        fs::remove_dir_all(self.root).or_fail(|| format!("remove {}", self.root.display()))
    }
}
