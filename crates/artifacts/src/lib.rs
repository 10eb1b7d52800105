#![doc = include_str!("../README.md")]

mod artifacts;
mod run_artifacts;

pub use artifacts::Artifacts;
pub use run_artifacts::RunArtifacts;
pub use wandb_artifact::{ArtifactInfo, artifact};
pub use wandb_queries::{Field, Filter};
