//! Where it was measured, and with what.

use std::path::Path;

use serde_json::{Value, json};

use crate::error::Result;
use crate::python::VERSIONS;
use crate::sh::Sh;

/// Lines that say it.
#[derive(Default, Clone, PartialEq)]
pub(super) struct Machine {
    pub(super) lines: Vec<String>,
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
        json!({"lines": self.lines})
    }

    pub(super) fn parse(value: &Value) -> Option<Self> {
        let lines = value["lines"].as_array()?.iter();
        Some(Self {
            lines: lines.filter_map(|line| Some(line.as_str()?.to_owned())).collect(),
        })
    }
}

/// What stands behind the first `name:` of a file of the system.
fn field(path: impl AsRef<Path>, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
