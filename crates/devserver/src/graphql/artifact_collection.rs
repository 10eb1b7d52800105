use super::artifact::{Artifact, ArtifactAlias, Tag, VersionedArtifactConnection};
use super::artifact_type::ArtifactType;
use super::connection::Paging;
use super::edges::{Connection, Counted};
use super::file::{FileConnection, global_id, local_id, state};
use super::project::Project;
use super::scalars::{DateTime, JsonString};
use super::visible;
use crate::artifact_field::{ArtifactField, CollectionField};
use crate::filter::Filter;
use crate::order::Order;
use crate::state::State;
use crate::store::{CollectionRow, ProjectRow};
use async_graphql::{Context, Enum, ID, Interface, Object, Result};
use std::sync::Arc;

/// The versions that were logged under one name.
pub(crate) struct ArtifactSequence {
    project: Arc<ProjectRow>,
    row: CollectionRow,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum ArtifactCollectionState {
    Ready,
    Deleted,
}

/// The real server has portfolios beside sequences, which link versions of others.
#[expect(
    clippy::duplicated_attributes,
    reason = "fields of an interface may have arguments of one name"
)]
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "name", ty = "&str"),
    field(name = "description", ty = "Option<&str>"),
    field(name = "created_at", ty = "DateTime"),
    field(name = "updated_at", ty = "Option<DateTime>"),
    field(name = "project", ty = "Project"),
    field(name = "state", ty = "ArtifactCollectionState"),
    field(name = "default_artifact_type", ty = "ArtifactType"),
    field(name = "tags", ty = "Connection<Tag>"),
    field(
        name = "artifacts",
        ty = "Option<VersionedArtifactConnection>",
        arg(name = "after", ty = "Option<String>"),
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "order", ty = "Option<String>"),
        arg(name = "filters", ty = "Option<JsonString>")
    ),
    field(
        name = "aliases",
        ty = "Connection<ArtifactAlias>",
        arg(name = "after", ty = "Option<String>"),
        arg(name = "first", ty = "Option<i32>")
    ),
    field(
        name = "artifact_membership",
        ty = "Option<ArtifactCollectionMembership>",
        arg(name = "alias_name", ty = "String")
    )
)]
pub(crate) enum ArtifactCollection {
    ArtifactSequence(ArtifactSequence),
}

impl ArtifactSequence {
    pub(crate) async fn find(state: &State, project: &Arc<ProjectRow>, name: &str) -> Result<Option<Self>> {
        let found = state.store.collection(project.id, name).await?;
        Ok(found.map(|row| Self {
            project: Arc::clone(project),
            row,
        }))
    }

    pub(crate) async fn with_id(state: &State, id: &str) -> Result<Option<Self>> {
        let number = local_id(id, "ArtifactCollection").and_then(|number| number.parse().ok());
        match number {
            Some(number) => Self::with_number(state, number).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn numbered(state: &State, number: i64) -> Result<Self> {
        let found = Self::with_number(state, number).await?;
        found.ok_or_else(|| "the collection is gone".into())
    }

    async fn with_number(state: &State, number: i64) -> Result<Option<Self>> {
        let found = state.store.collection_numbered(number).await?;
        Ok(found.map(|(project, row)| Self {
            project: Arc::new(project),
            row,
        }))
    }

    pub(crate) fn type_id(&self) -> i64 {
        self.row.type_id
    }
}

#[Object]
impl ArtifactSequence {
    async fn id(&self) -> ID {
        global_id(&format!("ArtifactCollection:{}", self.row.id))
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

    async fn updated_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let state = state(context)?;
        Ok(self.row.updated_at.map(|seconds| DateTime(state.time(seconds))))
    }

    async fn project(&self) -> Project {
        Project::new(Arc::clone(&self.project))
    }

    async fn state(&self) -> ArtifactCollectionState {
        ArtifactCollectionState::Ready
    }

    async fn default_artifact_type(&self, context: &Context<'_>) -> Result<ArtifactType> {
        let row = state(context)?
            .store
            .artifact_type_numbered(self.row.type_id)
            .await?;
        Ok(ArtifactType::new(Arc::clone(&self.project), row))
    }

    async fn tags(&self) -> Connection<Tag> {
        Connection::new(Paging::all(), Vec::new())
    }

    async fn latest_artifact(&self, context: &Context<'_>) -> Result<Option<Artifact>> {
        let latest = state(context)?.store.latest_artifact(self.row.id).await?;
        Ok(latest.map(Artifact::new))
    }

    /// Versions from the newest to the oldest unless another order is asked for.
    async fn artifacts(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
        filters: Option<JsonString>,
    ) -> Result<Option<VersionedArtifactConnection>> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        let filters = filters.map(|JsonString(text)| text);
        let filter: Filter<ArtifactField> = Filter::read(filters.as_deref())?;
        let order: Order<ArtifactField> = Order::read(order.as_deref(), "-versionIndex")?;
        let mut rows = state.store.artifacts(self.row.id).await?;
        rows.retain(|row| filter.passes(row));
        order.sort(&mut rows);
        let total = rows.len();
        VersionedArtifactConnection::new(total, paging, paging.cut(rows)).map(Some)
    }

    async fn aliases(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<ArtifactAlias>> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        let mut aliases = Vec::new();
        for (alias, artifact) in state.store.aliases(self.row.id, paging.window()).await? {
            if let Some(artifact) = state.store.artifact(artifact).await? {
                aliases.push(ArtifactAlias { alias, artifact });
            }
        }
        Ok(Connection::new(paging, aliases))
    }

    async fn artifact_membership(
        &self,
        context: &Context<'_>,
        alias_name: String,
    ) -> Result<Option<ArtifactCollectionMembership>> {
        let found = state(context)?
            .store
            .artifact_called(self.row.id, &alias_name)
            .await?;
        Ok(found.map(|row| ArtifactCollectionMembership::new(Artifact::new(row))))
    }
}

/// A version as one of a collection.
pub(crate) struct ArtifactCollectionMembership {
    artifact: Artifact,
}

impl ArtifactCollectionMembership {
    pub(crate) fn new(artifact: Artifact) -> Self {
        Self { artifact }
    }
}

#[Object]
impl ArtifactCollectionMembership {
    async fn id(&self) -> ID {
        let row = self.artifact.row();
        global_id(&format!(
            "ArtifactCollectionMembership:{}:{}",
            row.collection_id, row.id
        ))
    }

    async fn artifact_collection(&self, context: &Context<'_>) -> Result<Option<ArtifactCollection>> {
        let sequence = ArtifactSequence::numbered(state(context)?, self.artifact.row().collection_id).await?;
        Ok(Some(sequence.into()))
    }

    async fn artifact(&self) -> Option<Artifact> {
        Some(Artifact::new(self.artifact.row().clone()))
    }

    async fn created_at(&self, context: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(state(context)?.time(self.artifact.row().created_at)))
    }

    async fn version_index(&self) -> Option<i32> {
        Some(self.artifact.row().version)
    }

    async fn aliases(&self) -> Vec<ArtifactAlias> {
        self.artifact.aliases_now()
    }

    #[graphql(visible = "visible::artifact_membership_files")]
    async fn files(
        &self,
        context: &Context<'_>,
        names: Option<Vec<String>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<FileConnection> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        self.artifact.files_page(state, names, paging).await
    }
}

/// Collections of a project, or of one type. The newest come first unless another order is asked for, as the SDK's
/// documentation has it.
pub(crate) async fn list(
    state: &State,
    project: &Arc<ProjectRow>,
    type_id: Option<i64>,
    filters: Option<JsonString>,
    order: Option<&str>,
    paging: Paging,
) -> Result<Counted<ArtifactCollection>> {
    let filters = filters.map(|JsonString(text)| text);
    let filter: Filter<CollectionField> = Filter::read(filters.as_deref())?;
    let order: Order<CollectionField> = Order::read(order, "-id")?;
    let mut rows = state.store.collections(project.id, type_id).await?;
    rows.retain(|row| filter.passes(row));
    order.sort(&mut rows);
    let total = rows.len();
    let collections = paging.cut(rows).into_iter().map(|row| {
        let project = Arc::clone(project);
        ArtifactSequence { project, row }.into()
    });
    Counted::new(total, paging, collections.collect())
}
