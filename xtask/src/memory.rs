//! `cargo xtask memory`: how much memory wbf takes at its peak, at default settings.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::bins::{self, Bins};
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::sample::{self, Sample, Scratch, noise};
use crate::sh::{self, Sh};

const RUN: &str = "memory/memory/run";

struct Workload {
    name: &'static str,
    /// In MiB.
    limit: f64,
    /// Arguments of the server, once what it needs lies in the folder.
    server: fn(&Path) -> Result<Vec<String>>,
    wbf: &'static [&'static str],
    /// Whether a folder follows the arguments of wbf.
    has_root: bool,
}

const WORKLOADS: &[Workload] = &[
    Workload {
        name: "get 20,000 files of 16 KiB",
        limit: 64.0,
        server: |folder| {
            let files: Vec<Sample> = (0..20_000)
                .map(|n| Sample::new(format!("media/{:03}/{n:05}.bin", n / 100), noise(n, 16 << 10)))
                .collect();
            sample::write(&files, folder)?;
            Ok(seeded(folder))
        },
        wbf: &["get", RUN, "--quiet", "--root"],
        has_root: true,
    },
    Workload {
        name: "get one file of 4 GiB",
        limit: 64.0,
        server: |folder| {
            let path = folder.join("model.bin");
            let file = File::create(&path).or_fail(|| format!("write {}", path.display()))?;
            file.set_len(4 << 30)
                .or_fail(|| format!("make {} long", path.display()))?;
            Ok(seeded(folder))
        },
        wbf: &["get", RUN, "--quiet", "--root"],
        has_root: true,
    },
    Workload {
        name: "ls --format ndjson of 200,000 files",
        limit: 40.0,
        server: |_| {
            Ok(["--synthetic", "200000", "--into", RUN]
                .map(ToOwned::to_owned)
                .into())
        },
        wbf: &["ls", RUN, "--format", "ndjson"],
        has_root: false,
    },
];

fn seeded(folder: &Path) -> Vec<String> {
    let folder = folder.to_string_lossy().into_owned();
    vec![
        "--seed-folder".to_owned(),
        folder,
        "--into".to_owned(),
        RUN.to_owned(),
    ]
}

/// Runs each workload in a release build, prints its peak, and fails where one is over its limit.
pub(crate) fn run() -> Result<()> {
    let bins = bins::release()?;
    println!("{:<40}{:>12}{:>12}{:>10}", "", "peak", "limit", "time");
    let mut over = 0;
    for workload in WORKLOADS {
        let Watched { peak, took } = measure(workload, &bins)?;
        let is_over = peak > workload.limit;
        over += usize::from(is_over);
        println!(
            "{:<40}{peak:>8.1} MiB{:>8.0} MiB{:>8.1} s{}",
            workload.name,
            workload.limit,
            took.as_secs_f64(),
            if is_over { "  OVER" } else { "" }
        );
    }
    println!("{} passed, {over} failed", WORKLOADS.len() - over);
    if over == 0 {
        Ok(())
    } else {
        Err(Failure::new("wbf took more memory than it may"))
    }
}

fn measure(workload: &Workload, bins: &Bins) -> Result<Watched> {
    let scratch = Scratch::new(sh::target()?.join("memory"))?;
    let seed = scratch.path().join("seed");
    fs::create_dir_all(&seed).or_fail(|| format!("make {}", seed.display()))?;
    let arguments = (workload.server)(&seed)?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = DevServer::start(&bins.devserver, &arguments, scratch.path())?;
    let mut command = Sh::new(&bins.wbf).args(workload.wbf);
    if workload.has_root {
        command = command.arg(scratch.path().join("root"));
    }
    watch(
        server.client(command),
        Stdio::null(),
        &scratch.path().join("wbf.log"),
    )
    .or_fail(|| format!("measure {}", workload.name))
}

/// What a process took.
pub(crate) struct Watched {
    /// The most memory at any time, in MiB.
    pub(crate) peak: f64,
    pub(crate) took: Duration,
}

/// Runs a command to its end, with its standard output in `stdout` and what it says on standard error in `log`; fails if the
/// command does.
pub(crate) fn watch(command: Sh, stdout: Stdio, log: &Path) -> Result<Watched> {
    let shown = command.to_string();
    let stderr = File::create(log).or_fail(|| format!("write {}", log.display()))?;
    let start = Instant::now();
    let mut child = command
        .into_command()
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .or_fail(|| format!("start `{shown}`"))?;
    // The system keeps the peak itself, but only as long as the process is there.
    let mut peak = 0.0_f64;
    let status = loop {
        peak = peak.max(high_water_mark(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait().or_fail(|| format!("wait for `{shown}`"))? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    if !status.success() {
        let said = fs::read_to_string(log).unwrap_or_default();
        return Err(Failure::new(format!("`{shown}` ended with {status}\n{said}")));
    }
    if peak == 0.0 {
        return Err(Failure::new("/proc does not tell how much memory a process took"));
    }
    let took = start.elapsed();
    Ok(Watched { peak, took })
}

/// Of a process so far, in seconds: what `/proc` has in hundredths.
pub(crate) fn processor_time(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// In MiB.
pub(crate) fn high_water_mark(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}
