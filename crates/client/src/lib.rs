#![doc = include_str!("../README.md")]

mod api;
mod base_url;
mod builder;
mod error;
mod identity;
mod ini;
mod key;
mod netrc;
mod path;
mod run;
mod settings;
mod sources;

pub use api::Api;
pub use builder::ApiBuilder;
pub use error::{Error, ErrorKind};
pub use identity::IdentityToken;
pub use path::{PartialRunPath, PathError, parse_run_path};
pub use run::Run;
pub use settings::{Settings, USER_AGENT};
pub use sources::{Source, Sourced, Sources};
pub use wandb_files::{
    DeleteEvent, Deletions, File, FileDownloads, FileEvent, FileUploads, Files, FilesError, Globs, LeftOut,
    Local, LocalFile, LocalFiles, RunPath, Selection, ServerFeatures, Stored, Upload, UploadEvent, Via,
    delete_all,
};
pub use wandb_http::{
    Anonymous, Backoff, ClientConfig, Credential, CredentialError, Credentials, Pace, RetryConfig, Secret,
};
pub use wandb_paginator::{
    ConvertErrorKind, Cursor, Items, Page, Pages, Paginator, PaginatorError, PaginatorErrorKind,
};
pub use wandb_transfer::{
    BulkOptions, Content, Downloaded, IfExists, Parts, Progress, Root, Status, Step, Transfer, TransferError,
    TransferErrorKind, Uploaded,
};
pub use wandb_transport::{HttpTransport, Retry, Transport, TransportError, TransportErrorKind, execute};
