//! The two programs that the demo and the comparisons run.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::sh::{self, Sh};

/// Where the built programs lie.
pub(crate) struct Bins {
    pub(crate) wbf: PathBuf,
    pub(crate) devserver: PathBuf,
    folder: PathBuf,
}

impl Bins {
    /// An example of a crate, which only [`debug`] builds.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        program(&self.folder.join("examples"), name)
    }
}

fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Unoptimised ones, from the very build that the tests make: another choice of packages would choose other
/// features, and build most of the tree again.
pub(crate) fn debug() -> Result<Bins> {
    Sh::cargo()
        .args(["build", "--locked", "--workspace", "--all-targets"])
        .run()?;
    bins("debug")
}

/// The two programs and nothing that only tests need. Unoptimised: what takes time in them, the network and the digests
/// (optimised in every profile), is as fast, and the first build takes a third of the time.
pub(crate) fn programs() -> Result<Bins> {
    let build = [
        "build",
        "--locked",
        "--package",
        "wbf",
        "--package",
        "wandb-devserver",
        "--bins",
    ];
    Sh::cargo().args(build).run()?;
    bins("debug")
}

/// The two programs as they are released: for what is measured.
pub(crate) fn release() -> Result<Bins> {
    let build = [
        "build",
        "--locked",
        "--release",
        "--package",
        "wbf",
        "--package",
        "wandb-devserver",
        "--bins",
    ];
    Sh::cargo().args(build).run()?;
    bins("release")
}

fn bins(profile: &str) -> Result<Bins> {
    let folder = sh::target()?.join(profile);
    Ok(Bins {
        wbf: program(&folder, "wbf"),
        devserver: program(&folder, "wandb-devserver"),
        folder,
    })
}
