//! Packages of Debian that a check needs.

use crate::error::Result;
use crate::sh::Sh;

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
