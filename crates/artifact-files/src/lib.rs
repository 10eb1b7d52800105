#![doc = include_str!("../README.md")]

mod artifact_files;
mod listed;
mod listing;

pub use artifact_files::ArtifactFiles;
pub use wandb_files::{File, FilesError};
