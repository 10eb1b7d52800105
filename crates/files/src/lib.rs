#![doc = include_str!("../README.md")]

mod context;
mod error;
mod file;
mod files;
mod human;
mod path_uri;
mod run_path;

pub use context::Context;
pub use error::FilesError;
pub use file::File;
pub use files::Files;
pub use run_path::RunPath;
