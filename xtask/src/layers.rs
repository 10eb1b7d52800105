//! `cargo xtask layers`: the walls between the crates, read from cargo's own dependency graph and from the sources.

mod graph;
mod sources;

use crate::error::{Failure, Result};

/// Checks every wall, prints one line for each that is broken, and fails if one is.
pub(crate) fn run() -> Result<()> {
    let mut broken = graph::broken()?;
    broken.extend(sources::broken()?);
    for line in &broken {
        println!("broken: {line}");
    }
    if broken.is_empty() {
        println!("{} rules hold", graph::RULES.len() + sources::RULES);
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{} broken rules between the layers",
            broken.len()
        )))
    }
}
