#![doc = include_str!("../README.md")]

mod context;
mod downloads;
mod error;
mod file;
mod files;
mod human;
mod path_uri;
mod run_path;

pub use context::{Context, Via};
pub use downloads::{FileDownloads, FileEvent};
pub use error::FilesError;
pub use file::File;
pub use files::Files;
pub use run_path::RunPath;
