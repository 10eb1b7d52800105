//! One version of an artifact.

use std::fmt;

use wandb_artifact::ArtifactInfo;
use wandb_artifact_files::ArtifactFiles;
use wandb_files::{Context, File};

use crate::error::Error;

/// A version of an artifact: what the server tells of it, and the way to its files. Cheap to clone but for what is told.
///
/// The counterpart of the SDK's `Artifact` (`sdk/artifacts/artifact.py`) that `Api.artifact` gives.
///
/// ```no_run
/// use wandb_client::{Api, IfExists};
///
/// # async fn example() -> Result<(), wandb_client::Error> {
/// let artifact = Api::from_env()?.artifact("my-team/my-project/resnet:best").await?;
/// println!("{}: {:?} bytes", artifact.info(), artifact.info().size);
/// let mut files = artifact.files().paginate()?;
/// while let Some(file) = files.next().await? {
///     file.download("resnet", IfExists::Keep).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Artifact {
    context: Context,
    info: ArtifactInfo,
}

impl Artifact {
    pub(crate) fn new(context: Context, info: ArtifactInfo) -> Self {
        Self { context, info }
    }

    /// What the server told of it.
    #[must_use]
    pub fn info(&self) -> &ArtifactInfo {
        &self.info
    }

    /// Its files: every one, or those that the options of [`ArtifactFiles`] choose. Sends nothing before the first item is
    /// asked for.
    #[must_use]
    pub fn files(&self) -> ArtifactFiles {
        let [entity, project, _] = &self.info.collection;
        ArtifactFiles::new(self.context.clone(), entity, project, &self.info.name())
    }

    /// Its file of this name, in one request.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) where it has no such file,
    /// [`ErrorKind::Transport`](crate::ErrorKind::Transport) where the server cannot be asked.
    pub async fn file(&self, name: &str) -> Result<File, Error> {
        Ok(self.files().one(name).await?)
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Artifact").field(&self.info.to_string()).finish()
    }
}
