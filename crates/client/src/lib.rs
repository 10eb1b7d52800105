#![doc = include_str!("../README.md")]

mod api;
mod artifact;
mod artifact_path;
mod base_url;
mod builder;
mod collections;
mod error;
mod identity;
mod ini;
mod key;
mod netrc;
mod path;
mod place;
mod run;
mod settings;
mod sources;

pub use api::Api;
pub use artifact::Artifact;
pub use artifact_path::{PartialArtifactPath, names_artifact, parse_artifact_path};
pub use builder::ApiBuilder;
pub use error::{Error, ErrorKind};
pub use identity::IdentityToken;
pub use path::{
    PartialProjectPath, PartialRunPath, PathError, names_project, parse_project_path, parse_run_path,
};
pub use place::{Place, parse_place};
pub use run::Run;
pub use settings::{Settings, USER_AGENT};
pub use sources::{Source, Sourced, Sources};
pub use wandb_artifact_files::ArtifactFiles;
pub use wandb_artifact_types::{
    ArtifactCollectionInfo, ArtifactCollections, ArtifactTypeInfo, ArtifactTypes,
};
pub use wandb_artifacts::{ArtifactInfo, Artifacts, RunArtifacts, artifact};
pub use wandb_files::{
    DeleteEvent, Deletions, File, FileDownloads, FileEvent, FileUploads, Files, FilesError, Globs, LeftOut,
    Local, LocalFile, LocalFiles, RunPath, Selection, ServerFeatures, Stored, Upload, UploadEvent, Via,
    delete_all, listing,
};
pub use wandb_http::{
    Anonymous, Backoff, ClientConfig, Credential, CredentialError, Credentials, Pace, RetryConfig, Secret,
};
pub use wandb_paginator::{
    ConvertErrorKind, Cursor, Items, Page, Pages, Paginator, PaginatorError, PaginatorErrorKind,
};
pub use wandb_projects::{ProjectInfo, Projects};
pub use wandb_runs::{DateTime, InvalidJson, RunInfo, Runs};
pub use wandb_selection::{
    ChosenRun, Field, FilesOfRuns, Filter, Found, FoundFiles, Sieve, Template, TemplateError,
};
pub use wandb_sweeps::{SweepInfo, Sweeps};
pub use wandb_transfer::{
    BulkOptions, Content, Downloaded, IfExists, Md5, Parts, Progress, Root, Slots, Status, Step, Transfer,
    TransferError, TransferErrorKind, Uploaded,
};
pub use wandb_transport::{HttpTransport, Retry, Transport, TransportError, TransportErrorKind, execute};
