#![doc = include_str!("../README.md")]

mod collections;
mod types;

pub use collections::{ArtifactCollectionInfo, ArtifactCollections};
pub use types::{ArtifactTypeInfo, ArtifactTypes};
pub use wandb_queries::scalars::DateTime;
