#![doc = include_str!("../README.md")]

mod artifact_info;
mod by_name;
mod nodes;

pub use artifact_info::ArtifactInfo;
pub use by_name::artifact;
pub use wandb_queries::scalars::{DateTime, InvalidJson, Json};
