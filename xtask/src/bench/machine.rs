//! Where it was measured, and with what.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::error::Result;
use crate::python::VERSIONS;
use crate::sh::Sh;

/// How many bytes are hashed to see how fast that goes.
const HASHED: usize = 256 << 20;

/// Lines that say it.
#[derive(Default, Clone)]
pub(super) struct Machine {
    pub(super) lines: Vec<String>,
    pub(super) cores: usize,
    /// How many bytes of MD5 one core hashes in a second, with what wbf hashes with.
    pub(super) hash_rate: f64,
}

/// It does not differ in what a second measurement of the same would.
impl PartialEq for Machine {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Machine {
    pub(super) fn read(rounds: usize) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let processor =
            field("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned());
        let memory = field("/proc/meminfo", "MemTotal").and_then(|text| {
            let kibibytes: u64 = text.split_whitespace().next()?.parse().ok()?;
            Some(format!("{} GiB", kibibytes.div_ceil(1 << 20)))
        });
        let kernel = Sh::new("uname").args(["-sr"]).read()?;
        let file_system = Sh::new("stat").args(["-f", "-c", "%T", "."]).read()?;
        let first_line = |program: &str| -> Result<String> {
            let output = Sh::new(program).arg("--version").output()?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr;
            Ok(text.lines().next().unwrap_or_default().to_owned())
        };
        let nginx = Sh::new("nginx").arg("-v").output()?;
        let python = Sh::new("python3").arg("--version").read()?;
        Ok(Self {
            cores,
            hash_rate: hash_rate(),
            lines: vec![
                format!(
                    "{cores} cores of {processor}, {} of memory, {}, {}",
                    memory.unwrap_or_default(),
                    kernel.trim(),
                    file_system.trim()
                ),
                format!("wbf: release build, {}", first_line("rustc")?),
                format!(
                    "{}; {}",
                    first_line("curl")?.split(" libcurl").next().unwrap_or_default(),
                    first_line("aria2c")?
                ),
                format!(
                    "{}; the SDKs {} on {}",
                    nginx.stderr.trim(),
                    VERSIONS.join(" and "),
                    python.trim()
                ),
                format!("{rounds} rounds"),
            ],
        })
    }
}

impl Machine {
    pub(super) fn json(&self) -> Value {
        json!({"lines": self.lines, "cores": self.cores, "hash_rate": self.hash_rate})
    }

    pub(super) fn parse(value: &Value) -> Option<Self> {
        let lines = value["lines"].as_array()?.iter();
        Some(Self {
            lines: lines.filter_map(|line| Some(line.as_str()?.to_owned())).collect(),
            cores: usize::try_from(value["cores"].as_u64()?).ok()?,
            hash_rate: value["hash_rate"].as_f64()?,
        })
    }
}

/// The best of three times.
fn hash_rate() -> f64 {
    let piece = vec![7; 1 << 20];
    let times = (0..3).map(|_| {
        let begun = Instant::now();
        let mut hasher = md5_many::Md5State::new();
        for _ in 0..HASHED / piece.len() {
            hasher.update(&piece);
        }
        std::hint::black_box(hasher.finalize());
        begun.elapsed().as_secs_f64()
    });
    HASHED as f64 / times.fold(f64::INFINITY, f64::min)
}

/// What stands behind the first `name:` of a file of the system.
fn field(path: impl AsRef<Path>, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
