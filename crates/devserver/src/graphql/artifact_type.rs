use super::artifact::Artifact;
use super::artifact_collection::{ArtifactCollection, ArtifactSequence, list};
use super::connection::Paging;
use super::edges::{Connection, Counted};
use super::file::{global_id, state};
use super::project::Project;
use super::scalars::{DateTime, JsonString};
use crate::state::State;
use crate::store::{ArtifactTypeRow, ProjectRow};
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

pub(crate) struct ArtifactType {
    project: Arc<ProjectRow>,
    row: ArtifactTypeRow,
}

impl ArtifactType {
    pub(crate) fn new(project: Arc<ProjectRow>, row: ArtifactTypeRow) -> Self {
        Self { project, row }
    }

    pub(crate) async fn find(state: &State, project: &Arc<ProjectRow>, name: &str) -> Result<Option<Self>> {
        let found = state.store.artifact_type(project.id, name).await?;
        Ok(found.map(|row| Self::new(Arc::clone(project), row)))
    }

    pub(crate) async fn page(
        state: &State,
        project: &Arc<ProjectRow>,
        paging: Paging,
    ) -> Result<Connection<Self>> {
        let rows = state.store.artifact_types(project.id, paging.window()).await?;
        let types = rows.into_iter().map(|row| Self::new(Arc::clone(project), row));
        Ok(Connection::new(paging, types.collect()))
    }

    async fn sequence(&self, state: &State, name: &str) -> Result<Option<ArtifactSequence>> {
        let found = ArtifactSequence::find(state, &self.project, name).await?;
        Ok(found.filter(|sequence| sequence.type_id() == self.row.id))
    }
}

#[Object]
impl ArtifactType {
    async fn id(&self) -> ID {
        global_id(&format!("ArtifactType:{}", self.row.id))
    }

    async fn name(&self) -> &str {
        &self.row.name
    }

    async fn description(&self) -> Option<&str> {
        self.row.description.as_deref()
    }

    async fn created_at(&self, context: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(state(context)?.time(self.row.created_at)))
    }

    async fn project(&self) -> Project {
        Project::new(Arc::clone(&self.project))
    }

    async fn artifact(&self, context: &Context<'_>, name: String) -> Result<Option<Artifact>> {
        let found = Artifact::named(state(context)?, self.project.id, &name).await?;
        Ok(found.filter(|artifact| artifact.row().type_id == self.row.id))
    }

    async fn artifact_collection(
        &self,
        context: &Context<'_>,
        name: String,
    ) -> Result<Option<ArtifactCollection>> {
        Ok(self.sequence(state(context)?, &name).await?.map(Into::into))
    }

    async fn artifact_sequence(
        &self,
        context: &Context<'_>,
        name: String,
    ) -> Result<Option<ArtifactSequence>> {
        self.sequence(state(context)?, &name).await
    }

    async fn artifact_collections(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
        filters: Option<JsonString>,
    ) -> Result<Option<Counted<ArtifactCollection>>> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        list(
            state,
            &self.project,
            Some(self.row.id),
            filters,
            order.as_deref(),
            paging,
        )
        .await
        .map(Some)
    }
}
