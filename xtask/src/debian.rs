//! Packages of Debian that a check needs.

use crate::error::Result;
use crate::sh::Sh;

/// Installs those of these programs that are missing, each from the package of its name.
pub(crate) fn ensure(programs: &[&str]) -> Result<()> {
    let is_missing = |program: &&str| Sh::new(program).arg("--version").output().is_err();
    let missing: Vec<&str> = programs.iter().copied().filter(is_missing).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        install(&missing)
    }
}

/// Installs packages, which takes root.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    println!("installing Debian's {}", packages.join(", "));
    Sh::new("apt-get").args(["-qq", "update"]).run()?;
    Sh::new("apt-get")
        .args(["-qq", "install", "--yes", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
}
