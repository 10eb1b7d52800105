use super::artifact::Artifact;
use super::artifact_collection::{ArtifactCollection, ArtifactSequence};
use super::connection::Paging;
use super::features::FEATURES;
use super::file::state;
use super::project::{Entity, Project, ProjectConnection};
use super::user::User;
use super::visible;
use crate::Feature;
use async_graphql::{Context, ID, Json, Object, Result, SimpleObject};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) struct Query;

#[Object]
impl Query {
    async fn viewer(&self, context: &Context<'_>) -> Result<Option<User>> {
        Ok(Some(User::new(state(context)?)))
    }

    async fn server_info(&self) -> Option<ServerInfo> {
        Some(ServerInfo)
    }

    async fn project(
        &self,
        context: &Context<'_>,
        name: Option<String>,
        entity_name: Option<String>,
    ) -> Result<Option<Project>> {
        find(context, name, entity_name).await
    }

    async fn model(
        &self,
        context: &Context<'_>,
        name: Option<String>,
        entity_name: Option<String>,
    ) -> Result<Option<Project>> {
        find(context, name, entity_name).await
    }

    async fn entity(&self, name: Option<String>) -> Option<Entity> {
        name.map(|name| Entity { name })
    }

    async fn artifact(&self, context: &Context<'_>, id: ID) -> Result<Option<Artifact>> {
        Artifact::find(state(context)?, &id).await
    }

    async fn artifact_collection(&self, context: &Context<'_>, id: ID) -> Result<Option<ArtifactCollection>> {
        let found = ArtifactSequence::with_id(state(context)?, &id).await?;
        Ok(found.map(Into::into))
    }

    async fn projects(
        &self,
        context: &Context<'_>,
        entity_name: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<ProjectConnection>> {
        list(context, entity_name, after, first).await.map(Some)
    }

    async fn models(
        &self,
        context: &Context<'_>,
        entity_name: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<ProjectConnection>> {
        list(context, entity_name, after, first).await.map(Some)
    }
}

async fn find(
    context: &Context<'_>,
    name: Option<String>,
    entity: Option<String>,
) -> Result<Option<Project>> {
    let state = state(context)?;
    let entity = entity.as_deref().unwrap_or(&state.behaviour.entity);
    let Some(name) = name else { return Ok(None) };
    let found = state.store.project(entity, &name).await?;
    Ok(found.map(|row| Project::new(Arc::new(row))))
}

async fn list(
    context: &Context<'_>,
    entity: Option<String>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<ProjectConnection> {
    let state = state(context)?;
    let entity = entity.as_deref().unwrap_or(&state.behaviour.entity);
    let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
    Ok(ProjectConnection::new(
        paging,
        state.store.projects(entity, paging.window()).await?,
    ))
}

struct ServerInfo;

#[Object]
impl ServerInfo {
    /// No client is too new or too old for this server.
    async fn cli_version_info(&self) -> Json<Value> {
        Json(json!({ "max_cli_version": "999.0.0", "min_cli_version": "0.0.0" }))
    }

    async fn latest_local_version_info(&self) -> Option<LocalVersionInfo> {
        None
    }

    /// What clients need not find out by introspection. Of what the real server tells of, this one has little.
    #[graphql(visible = "visible::server_info_features")]
    async fn features(&self, context: &Context<'_>) -> Result<Vec<Option<ServerFeature>>> {
        let without = &state(context)?.behaviour.without;
        let marks = !without.contains(&Feature::MarkRunFilesUploaded);
        let lacks = |name: &str| {
            let lacking = |feature| without.contains(&feature);
            name.starts_with("ARTIFACT_COLLECTION_MEMBERSHIP") && lacking(Feature::ArtifactMembershipFiles)
                || name == "ARTIFACT_DIGEST_ALGORITHM" && lacking(Feature::ArtifactDigestAlgorithm)
        };
        let features = [("MARK_RUN_FILES_UPLOADED", marks), ("FILESTREAM_GZIP", false)]
            .into_iter()
            .chain(FEATURES.iter().map(|name| (*name, !lacks(name))));
        let feature = |(name, is_enabled): (&str, bool)| {
            let name = name.to_owned();
            Some(ServerFeature { name, is_enabled })
        };
        Ok(features.map(feature).collect())
    }
}

#[derive(SimpleObject)]
struct LocalVersionInfo {
    out_of_date: bool,
    latest_version_string: String,
    version_on_this_instance_string: String,
}

#[derive(SimpleObject)]
struct ServerFeature {
    name: String,
    is_enabled: bool,
}
