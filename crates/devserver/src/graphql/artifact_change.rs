//! What can be changed of an artifact that is logged: its names, what is said of it, and that it is there.

use super::artifact::Artifact;
use super::artifact_mutation::{ArtifactAliasInput, TagInput, find};
use super::file::state;
use super::scalars::{Int64, JsonString};
use crate::store::ArtifactChanges;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

#[derive(Default)]
pub(crate) struct ArtifactChangeMutation;

#[derive(InputObject)]
struct ArtifactCollectionAliasInput {
    #[graphql(name = "entityName")]
    _entity: String,
    #[graphql(name = "projectName")]
    _project: String,
    #[graphql(name = "artifactCollectionName")]
    _collection: String,
    alias: String,
}

#[derive(InputObject)]
struct AddAliasesInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    aliases: Vec<ArtifactCollectionAliasInput>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct DeleteAliasesInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    aliases: Vec<ArtifactCollectionAliasInput>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct AddAliasesPayload {
    success: bool,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct DeleteAliasesPayload {
    success: bool,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct UpdateArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    description: Option<String>,
    metadata: Option<JsonString>,
    #[graphql(name = "labels")]
    _labels: Option<JsonString>,
    #[graphql(name = "ttlDurationSeconds")]
    _ttl_duration_seconds: Option<Int64>,
    tags_to_add: Option<Vec<TagInput>>,
    tags_to_delete: Option<Vec<TagInput>>,
    aliases: Option<Vec<ArtifactAliasInput>>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct UpdateArtifactPayload {
    artifact: Artifact,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct DeleteArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    #[graphql(default_with = "Some(false)")]
    delete_aliases: Option<bool>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct DeleteArtifactPayload {
    artifact: Artifact,
    client_mutation_id: Option<String>,
}

#[Object]
impl ArtifactChangeMutation {
    /// Gives names to a version, which other versions of its collection lose.
    async fn add_aliases(
        &self,
        context: &Context<'_>,
        input: AddAliasesInput,
    ) -> Result<Option<AddAliasesPayload>> {
        let state = state(context)?;
        let artifact = find(state, &input.artifact_id).await?;
        let aliases: Vec<String> = input.aliases.into_iter().map(|alias| alias.alias).collect();
        state.store.add_aliases(&artifact, &aliases).await?;
        Ok(Some(AddAliasesPayload {
            success: true,
            client_mutation_id: input.client_mutation_id,
        }))
    }

    async fn delete_aliases(
        &self,
        context: &Context<'_>,
        input: DeleteAliasesInput,
    ) -> Result<Option<DeleteAliasesPayload>> {
        let state = state(context)?;
        let artifact = find(state, &input.artifact_id).await?;
        let aliases: Vec<String> = input.aliases.into_iter().map(|alias| alias.alias).collect();
        state.store.delete_aliases(artifact.id, &aliases).await?;
        Ok(Some(DeleteAliasesPayload {
            success: true,
            client_mutation_id: input.client_mutation_id,
        }))
    }

    /// Changes what is said of a version. Aliases that are given here come to those that it has.
    async fn update_artifact(
        &self,
        context: &Context<'_>,
        input: UpdateArtifactInput,
    ) -> Result<Option<UpdateArtifactPayload>> {
        let state = state(context)?;
        let artifact = find(state, &input.artifact_id).await?;
        let gone: Vec<String> = names(input.tags_to_delete);
        let mut tags: Vec<String> = serde_json::from_str(&artifact.tags)?;
        for tag in names(input.tags_to_add) {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags.retain(|tag| !gone.contains(tag));
        let changes = ArtifactChanges {
            description: input.description,
            metadata: input.metadata.map(|JsonString(text)| text),
            tags,
        };
        state.store.change_artifact(artifact.id, changes).await?;
        let aliases = input.aliases.unwrap_or_default().into_iter();
        let aliases: Vec<String> = aliases.map(|alias| alias.alias).collect();
        state.store.add_aliases(&artifact, &aliases).await?;
        Ok(Some(UpdateArtifactPayload {
            artifact: Artifact::new(find(state, &input.artifact_id).await?),
            client_mutation_id: input.client_mutation_id,
        }))
    }

    /// Deletes a version with its files. One that has aliases stays, unless these are to go too.
    async fn delete_artifact(
        &self,
        context: &Context<'_>,
        input: DeleteArtifactInput,
    ) -> Result<Option<DeleteArtifactPayload>> {
        let state = state(context)?;
        let artifact = find(state, &input.artifact_id).await?;
        if artifact.aliases != "[]" && input.delete_aliases != Some(true) {
            return Err("an artifact with aliases is deleted only together with them".into());
        }
        let home = state.artifact_home(&artifact).await?;
        for run in [home.files.id, home.manifest.id] {
            let objects = state.store.replace_files(run, Vec::new()).await?;
            state.forget(objects).await?;
        }
        state.store.delete_artifact(&artifact).await?;
        Ok(Some(DeleteArtifactPayload {
            artifact: Artifact::new(find(state, &input.artifact_id).await?),
            client_mutation_id: input.client_mutation_id,
        }))
    }
}

fn names(tags: Option<Vec<TagInput>>) -> Vec<String> {
    let tags = tags.unwrap_or_default().into_iter();
    tags.map(|tag| tag.tag_name).collect()
}
