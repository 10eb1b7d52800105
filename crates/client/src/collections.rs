//! What a server has beside the files of runs: each collection, by the path of what it belongs to.

use wandb_artifact_types::{ArtifactCollections, ArtifactTypes};
use wandb_artifacts::Artifacts;
use wandb_projects::Projects;
use wandb_runs::Runs;
use wandb_sweeps::Sweeps;

use crate::Api;
use crate::error::Error;
use crate::path::{PartialProjectPath, parse_project_path};

/// Each of these names a collection, of a project in any form that [`parse_project_path`] reads. None asks the server whether
/// there is such a project: the first page says so. They send nothing, but for one request in the life of this `Api` where
/// neither path nor settings name the entity. Options and `paginate` are the collection's own:
///
/// ```no_run
/// use std::sync::Arc;
/// use wandb_client::{Api, Filter};
///
/// # async fn example() -> Result<(), wandb_client::Error> {
/// let api = Api::from_env()?;
/// let runs = api.runs("my-team/mnist").await?.filters(Filter::state("finished"));
/// let mut runs = runs.paginate(Arc::clone(api.transport()));
/// while let Some(run) = runs.next().await? {
///     println!("{} {}", run.id(), run.name().unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Of all of them: [`ErrorKind::Path`](crate::ErrorKind::Path) where the path names no project, or there is no default
/// entity; [`ErrorKind::Transport`](crate::ErrorKind::Transport) where the default entity must be asked for and cannot.
impl Api {
    /// The runs of a project. (SDK: `Api.runs`)
    ///
    /// # Errors
    /// Where the path names no project, or the default entity cannot be had.
    pub async fn runs(&self, project: &str) -> Result<Runs, Error> {
        let [entity, project] = self.project(project).await?;
        Ok(Runs::new(&entity, &project))
    }

    /// The sweeps of a project. (SDK: `Project.sweeps`)
    ///
    /// # Errors
    /// As [`runs`](Self::runs).
    pub async fn sweeps(&self, project: &str) -> Result<Sweeps, Error> {
        let [entity, project] = self.project(project).await?;
        Ok(Sweeps::new(&entity, &project))
    }

    /// The projects of an entity; `None` is the default entity. (SDK: `Api.projects`)
    ///
    /// # Errors
    /// Where the default entity cannot be had.
    pub async fn projects(&self, entity: Option<&str>) -> Result<Projects, Error> {
        let entity = self.entity_or_default(entity.map(str::to_owned)).await?;
        Ok(Projects::new(&entity))
    }

    /// The artifact types of a project. (SDK: `Api.artifact_types`)
    ///
    /// # Errors
    /// As [`runs`](Self::runs).
    pub async fn artifact_types(&self, project: &str) -> Result<ArtifactTypes, Error> {
        let [entity, project] = self.project(project).await?;
        Ok(ArtifactTypes::new(&entity, &project))
    }

    /// The collections of an artifact type, such as `model`. (SDK: `Api.artifact_collections`)
    ///
    /// # Errors
    /// As [`runs`](Self::runs).
    pub async fn artifact_collections(
        &self,
        project: &str,
        artifact_type: &str,
    ) -> Result<ArtifactCollections, Error> {
        let [entity, project] = self.project(project).await?;
        Ok(ArtifactCollections::new(&entity, &project, artifact_type))
    }

    /// The versions in a collection of an artifact type. (SDK: `Api.artifacts`)
    ///
    /// # Errors
    /// As [`runs`](Self::runs).
    pub async fn artifacts(
        &self,
        project: &str,
        artifact_type: &str,
        collection: &str,
    ) -> Result<Artifacts, Error> {
        let [entity, project] = self.project(project).await?;
        Ok(Artifacts::new(&entity, &project, artifact_type, collection))
    }

    /// Entity and name of the project that `path` names, with the default entity where it names none.
    ///
    /// # Errors
    /// As [`runs`](Self::runs).
    pub async fn project(&self, path: &str) -> Result<[String; 2], Error> {
        let default = self.settings().entity.as_ref().map(|name| name.value.as_str());
        let PartialProjectPath {
            entity,
            project,
            host,
        } = parse_project_path(path, default)?;
        self.elsewhere(host, &project);
        Ok([self.entity_or_default(entity).await?, project])
    }
}
