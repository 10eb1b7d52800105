#![doc = include_str!("../README.md")]

mod confirm;
mod context;
mod copies;
mod deletions;
mod downloads;
mod error;
mod file;
mod files;
mod globs;
mod human;
mod like;
mod listing;
mod local;
mod origin;
mod path_uri;
mod run_path;
mod upload;
mod upload_targets;
mod uploads;
mod wanted;

pub use context::{Context, Via};
pub use deletions::{DeleteEvent, Deletions, delete_all};
pub use downloads::{FileDownloads, FileEvent};
pub use error::FilesError;
pub use file::File;
pub use files::{Files, Selection};
pub use globs::Globs;
pub use like::Like;
pub use listing::listing;
pub use local::{LeftOut, Local, LocalFile, LocalFiles};
pub use origin::{Listed, Origin};
pub use run_path::RunPath;
pub use upload::{Stored, Upload};
pub use uploads::{FileUploads, UploadEvent};
pub use wandb_features::{Server, ServerFeatures};
