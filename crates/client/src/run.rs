//! One run.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use futures::stream;
use wandb_artifacts::{ArtifactInfo, RunArtifacts};
use wandb_files::{Context, File, Files, LocalFile, RunPath, Stored, Upload, UploadEvent};
use wandb_paginator::Paginator;
use wandb_queries::run;
use wandb_transfer::Step;
use wandb_transport::{Transport, execute};

use crate::error::{Error, ErrorKind};

/// A run: the way to its files. Cheap to clone; asks for nothing by itself.
#[derive(Clone)]
pub struct Run {
    context: Context,
    path: RunPath,
}

impl Run {
    pub(crate) fn new(context: Context, path: RunPath) -> Self {
        Self { context, path }
    }

    /// Which run it is.
    #[must_use]
    pub fn path(&self) -> &RunPath {
        &self.path
    }

    /// Its files: every one, or those that the options of [`Files`] choose. Sends nothing before the first item is asked
    /// for.
    #[must_use]
    pub fn files(&self) -> Files {
        Files::new(self.context.clone(), self.path.clone())
    }

    /// The artifacts that it logged. Sends nothing before the first item is asked for. (SDK: `run.logged_artifacts`)
    #[must_use]
    pub fn logged_artifacts(&self) -> Paginator<ArtifactInfo> {
        self.artifacts().logged(self.transport())
    }

    /// The artifacts that it used, as [`logged_artifacts`](Self::logged_artifacts). (SDK: `run.used_artifacts`)
    #[must_use]
    pub fn used_artifacts(&self) -> Paginator<ArtifactInfo> {
        self.artifacts().used(self.transport())
    }

    fn artifacts(&self) -> RunArtifacts {
        RunArtifacts::new(self.path.entity(), self.path.project(), self.path.run())
    }

    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(self.context.server().clone())
    }

    /// Its file of this name, in one request.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where the run has no such file, or there is no such run; the SDK gives a file of size 0
    /// there, whose download fails. [`ErrorKind::Transport`] where the server cannot be asked.
    pub async fn file(&self, name: &str) -> Result<File, Error> {
        Ok(self.files().one(name).await?)
    }

    /// Uploads a local file, and returns it as the server lists it then. Its name in the run is its path relative to `root`; a
    /// file of that name is replaced. For many files at once, see [`Files::upload_all`].
    ///
    /// The SDK's `run.upload_file` (`apis/public/runs.py`), but for a file outside of `root`, which is refused, where the SDK
    /// stores it under `__/`.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] where there is no such file below `root`, [`ErrorKind::Transfer`] and [`ErrorKind::Transport`] where
    /// it cannot be sent, [`ErrorKind::Unconfirmed`] where the server does not list what was sent.
    pub async fn upload_file(&self, path: impl AsRef<Path>, root: impl AsRef<Path>) -> Result<File, Error> {
        let local = LocalFile::named(path.as_ref(), root.as_ref())?;
        let uploads = stream::once(async { Ok(Upload::from(local)) });
        let mut events = self.files().upload_all(uploads, 1);
        loop {
            match events.next().await {
                Some(UploadEvent::File(_, Step::Finished(Stored { file: Some(file), .. }))) => {
                    return Ok(file);
                }
                Some(UploadEvent::File(upload, Step::Finished(_))) => return self.file(upload.name()).await,
                Some(UploadEvent::File(_, Step::Failed(error)) | UploadEvent::Stopped(error)) => {
                    return Err(error.into());
                }
                Some(_) => {}
                None => {
                    return Err(Error::new(
                        ErrorKind::Listing,
                        "the upload ended without an outcome",
                    ));
                }
            }
        }
    }

    /// Asks the server at `base` whether there is such a run.
    pub(crate) async fn check(&self, transport: &Arc<dyn Transport>, base: &str) -> Result<(), Error> {
        let path = &self.path;
        let variables = run::Variables {
            entity: path.entity().to_owned(),
            project: path.project().to_owned(),
            name: path.run().to_owned(),
        };
        let answer = execute::<wandb_queries::Run>(&**transport, variables).await?;
        let help = "check the path, and whose key this is";
        let unseen = match answer.project {
            Some(project) if project.run.is_some() => return Ok(()),
            Some(_) => format!("no run {path} on {base}, or no permission to see it; {help}"),
            None => format!(
                "no project {}/{} on {base}, or no permission to see it, so no run {path}; {help}",
                path.entity(),
                path.project()
            ),
        };
        Err(Error::new(ErrorKind::NotFound, unseen))
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Run").field(&self.path.to_string()).finish()
    }
}
