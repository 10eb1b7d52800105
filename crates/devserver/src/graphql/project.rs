use super::artifact::Artifact;
use super::artifact_collection::{ArtifactCollection, ArtifactCollectionMembership, ArtifactSequence, list};
use super::artifact_type::ArtifactType;
use super::connection::{PageInfo, Paging};
use super::edges::{Connection, Counted};
use super::file::{global_id, state};
use super::run::Run;
use super::runs::{RunConnection, Selection};
use super::scalars::{DateTime, JsonString};
use super::sweep::{Sweep, SweepConnection};
use super::user::User;
use crate::store::ProjectRow;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;

pub(crate) struct Project {
    row: Arc<ProjectRow>,
}

impl Project {
    pub(crate) fn new(row: Arc<ProjectRow>) -> Self {
        Self { row }
    }

    async fn find(&self, context: &Context<'_>, name: &str) -> Result<Option<Run>> {
        let found = state(context)?.store.run(self.row.id, name).await?;
        Ok(found.map(|run| Run::new(&self.row, run)))
    }
}

#[Object]
impl Project {
    async fn id(&self) -> ID {
        global_id(&format!("Project:v1:{}:{}", self.row.name, self.row.entity))
    }

    async fn internal_id(&self) -> ID {
        global_id(&format!("ProjectInternalId:{}", self.row.id))
    }

    async fn name(&self) -> &str {
        &self.row.name
    }

    async fn entity_name(&self) -> &str {
        &self.row.entity
    }

    async fn entity(&self) -> Entity {
        Entity {
            name: self.row.entity.clone(),
        }
    }

    async fn description(&self) -> Option<&str> {
        self.row.description.as_deref()
    }

    async fn access(&self) -> Option<&str> {
        Some("PRIVATE")
    }

    async fn views(&self) -> Option<JsonString> {
        None
    }

    async fn created_at(&self, context: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(state(context)?.time(self.row.created_at)))
    }

    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        Ok(Some(User::new(state(context)?)))
    }

    async fn is_benchmark(&self) -> bool {
        false
    }

    async fn read_only(&self) -> Option<bool> {
        Some(false)
    }

    async fn run(&self, context: &Context<'_>, name: String) -> Result<Option<Run>> {
        self.find(context, &name).await
    }

    async fn bucket(
        &self,
        context: &Context<'_>,
        #[graphql(name = "desc")] _desc: Option<String>,
        name: String,
        #[graphql(name = "missingOk")] _missing_ok: Option<bool>,
    ) -> Result<Option<Run>> {
        self.find(context, &name).await
    }

    async fn run_count(&self, context: &Context<'_>, filters: Option<JsonString>) -> Result<i32> {
        Selection::read(filters, None)?
            .count(state(context)?, &self.row)
            .await
    }

    async fn runs(
        &self,
        context: &Context<'_>,
        filters: Option<JsonString>,
        order: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<RunConnection>> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        let selection = Selection::read(filters, order.as_deref())?;
        selection.page(state, &self.row, paging).await.map(Some)
    }

    async fn total_sweeps(&self, context: &Context<'_>) -> Result<i32> {
        Ok(i32::try_from(
            state(context)?.store.sweep_count(self.row.id).await?,
        )?)
    }

    async fn sweeps(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<SweepConnection>> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        SweepConnection::page(state, &self.row, paging).await.map(Some)
    }

    async fn artifact_types(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<ArtifactType>> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        ArtifactType::page(state, &self.row, paging).await
    }

    async fn artifact_type(&self, context: &Context<'_>, name: String) -> Result<Option<ArtifactType>> {
        ArtifactType::find(state(context)?, &self.row, &name).await
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
        list(state, &self.row, None, filters, order.as_deref(), paging)
            .await
            .map(Some)
    }

    async fn artifact_collection(
        &self,
        context: &Context<'_>,
        name: String,
    ) -> Result<Option<ArtifactCollection>> {
        let found = ArtifactSequence::find(state(context)?, &self.row, &name).await?;
        Ok(found.map(Into::into))
    }

    async fn artifact(
        &self,
        context: &Context<'_>,
        name: String,
        #[graphql(name = "enableTracking")] _enable_tracking: Option<bool>,
    ) -> Result<Option<Artifact>> {
        Artifact::named(state(context)?, self.row.id, &name).await
    }

    async fn artifact_collection_membership(
        &self,
        context: &Context<'_>,
        name: String,
    ) -> Result<Option<ArtifactCollectionMembership>> {
        let found = Artifact::named(state(context)?, self.row.id, &name).await?;
        Ok(found.map(ArtifactCollectionMembership::new))
    }

    async fn sweep(&self, context: &Context<'_>, sweep_name: String) -> Result<Option<Sweep>> {
        Sweep::find(state(context)?, &self.row, &sweep_name).await
    }
}

#[derive(SimpleObject)]
pub(crate) struct ProjectEdge {
    node: Option<Project>,
    cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct ProjectConnection {
    page_info: PageInfo,
    edges: Vec<ProjectEdge>,
}

impl ProjectConnection {
    pub(crate) fn new(paging: Paging, rows: Vec<ProjectRow>) -> Self {
        let (items, page_info) = paging.page(rows);
        let edges = items
            .into_iter()
            .map(|(cursor, row)| ProjectEdge {
                node: Some(Project::new(Arc::new(row))),
                cursor,
            })
            .collect();
        Self { page_info, edges }
    }
}

pub(crate) struct Entity {
    pub(crate) name: String,
}

#[Object]
impl Entity {
    async fn id(&self) -> ID {
        global_id(&format!("Entity:{}", self.name))
    }

    async fn name(&self) -> &str {
        &self.name
    }

    /// None: entities of this server belong to nobody.
    async fn organization(&self) -> Option<Organization> {
        None
    }

    /// Artifacts have their digests in md5.
    async fn xxhash_digests_enabled(&self) -> bool {
        false
    }
}

/// What the SDK asks for of it while a run begins.
#[derive(SimpleObject)]
struct Organization {
    name: String,
    core_weave_organization_id: Option<String>,
    org_entity: Option<Entity>,
}

#[derive(SimpleObject)]
pub(crate) struct EntityEdge {
    pub(crate) node: Option<Entity>,
    pub(crate) cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct EntityConnection {
    pub(crate) edges: Vec<EntityEdge>,
}
