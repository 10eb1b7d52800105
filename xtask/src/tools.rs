//! Programs from crates.io, each built once into the target folder.

use std::path::PathBuf;

use crate::error::{Context, Result};
use crate::sh::{self, Sh};

/// A program, in the one release that the checks use.
pub(crate) struct Tool {
    /// The crate, which its program is named after.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// What `cargo install` is told of its features.
    pub(crate) features: &'static [&'static str],
}

impl Tool {
    /// The path of the program, which is built if it is not there.
    pub(crate) fn installed(&self) -> Result<PathBuf> {
        let release = format!("{}-{}", self.name, self.version);
        let root = sh::target()?.join("tools").join(&release);
        let program = root.join("bin").join(self.name);
        if program.is_file() {
            return Ok(program);
        }
        println!("building {release}, once, into {}", root.display());
        let build = root.join("build");
        // Unoptimised and without debug info: what the checks ask of them takes less time than an optimised build.
        Sh::cargo()
            .args(["install", self.name, "--quiet", "--locked", "--debug"])
            .args(self.features)
            .args(["--version", self.version, "--root"])
            .arg(&root)
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0")
            .run()?;
        std::fs::remove_dir_all(&build).or_fail(|| format!("remove {}", build.display()))?;
        Ok(program)
    }
}
