//! How the SDK logs and uses artifacts: `createArtifact`, `createArtifactManifest`, `createArtifactFiles`, uploads,
//! `updateArtifactManifest`, another upload, `commitArtifact`.

use super::artifact::{Artifact, ArtifactDigestAlgorithm, ArtifactManifest, ArtifactManifestType};
use super::file::{File, FileConnection, local_id, state};
use super::mutation::find_run;
use super::run::Run;
use super::scalars::{Int64, JsonString};
use crate::artifact_home;
use crate::artifacts::manifest_path;
use crate::file_path::FilePath;
use crate::manifest::Manifest;
use crate::state::State;
use crate::store::{ArtifactRow, FileRow, NewArtifact, now};
use async_graphql::{Context, Enum, Error, ID, InputObject, Object, Result, SimpleObject};

#[derive(Default)]
pub(crate) struct ArtifactMutation;

#[derive(InputObject)]
pub(crate) struct ArtifactAliasInput {
    #[graphql(name = "artifactCollectionName")]
    _collection: String,
    pub(crate) alias: String,
}

#[derive(InputObject)]
pub(crate) struct TagInput {
    pub(crate) tag_name: String,
    #[graphql(name = "tagCategoryName")]
    _category: Option<String>,
    #[graphql(name = "attributes")]
    _attributes: Option<String>,
}

/// What the server has no use for is taken all the same, since clients send it.
#[derive(InputObject)]
struct CreateArtifactInput {
    entity_name: String,
    project_name: String,
    artifact_type_name: String,
    artifact_collection_name: Option<String>,
    artifact_collection_names: Option<Vec<String>>,
    run_name: Option<String>,
    digest: String,
    #[graphql(name = "digestAlgorithm")]
    _digest_algorithm: ArtifactDigestAlgorithm,
    description: Option<String>,
    #[graphql(name = "labels")]
    _labels: Option<JsonString>,
    aliases: Option<Vec<ArtifactAliasInput>>,
    tags: Option<Vec<TagInput>>,
    metadata: Option<JsonString>,
    #[graphql(name = "historyStep")]
    _history_step: Option<Int64>,
    #[graphql(name = "ttlDurationSeconds")]
    _ttl_duration_seconds: Option<Int64>,
    #[graphql(default_with = "Some(false)")]
    enable_digest_deduplication: Option<bool>,
    #[graphql(name = "storageRegion")]
    _storage_region: Option<String>,
    #[graphql(name = "distributedID")]
    _distributed_id: Option<String>,
    #[graphql(name = "clientID")]
    client_id: Option<ID>,
    #[graphql(name = "sequenceClientID")]
    _sequence_client_id: Option<ID>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct CreateArtifactPayload {
    artifact: Artifact,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct CreateArtifactManifestInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    #[graphql(name = "baseArtifactID")]
    _base_artifact_id: Option<ID>,
    #[graphql(name = "name")]
    _name: String,
    #[graphql(name = "digest")]
    _digest: String,
    #[graphql(name = "entityName")]
    _entity_name: String,
    #[graphql(name = "projectName")]
    _project_name: String,
    #[graphql(name = "runName")]
    _run_name: String,
    #[graphql(name = "type", default_with = "ArtifactManifestType::Full")]
    kind: ArtifactManifestType,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct UpdateArtifactManifestInput {
    #[graphql(name = "artifactManifestID")]
    artifact_manifest_id: ID,
    #[graphql(name = "baseArtifactID")]
    _base_artifact_id: Option<ID>,
    #[graphql(name = "digest")]
    _digest: Option<String>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "CreateArtifactManifestPayload")]
struct ManifestPayload {
    artifact_manifest: ArtifactManifest,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct UpdateArtifactManifestPayload {
    artifact_manifest: ArtifactManifest,
    client_mutation_id: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum ArtifactStorageLayout {
    V1,
    V2,
}

#[derive(InputObject)]
struct UploadPartsInput {
    #[graphql(name = "partNumber")]
    _part_number: Int64,
    #[graphql(name = "hexMD5")]
    _hex_md5: String,
}

#[derive(InputObject)]
struct CreateArtifactFileSpecInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    name: String,
    md5: String,
    #[graphql(name = "digest")]
    _digest: Option<String>,
    #[graphql(name = "mimetype")]
    _mimetype: Option<String>,
    #[graphql(name = "artifactManifestID")]
    _artifact_manifest_id: Option<ID>,
    #[graphql(name = "uploadPartsInput")]
    _upload_parts: Option<Vec<UploadPartsInput>>,
}

#[derive(InputObject)]
struct CreateArtifactFilesInput {
    artifact_files: Vec<CreateArtifactFileSpecInput>,
    #[graphql(name = "storageLayout", default_with = "ArtifactStorageLayout::V1")]
    _storage_layout: ArtifactStorageLayout,
    #[graphql(name = "digestAlgorithm")]
    _digest_algorithm: Option<ArtifactDigestAlgorithm>,
    #[graphql(name = "storageRegion")]
    _storage_region: Option<String>,
    #[graphql(name = "cloudRegionID")]
    _cloud_region_id: Option<ID>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct CreateArtifactFilesPayload {
    files: FileConnection,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct CommitArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct CommitArtifactPayload {
    artifact: Artifact,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct UseArtifactInput {
    entity_name: String,
    project_name: String,
    run_name: String,
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    #[graphql(name = "usedAs")]
    _used_as: Option<String>,
    #[graphql(name = "artifactEntityName")]
    _artifact_entity_name: Option<String>,
    #[graphql(name = "artifactProjectName")]
    _artifact_project_name: Option<String>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct UseArtifactPayload {
    run: Run,
    artifact: Artifact,
    client_mutation_id: Option<String>,
}

#[Object]
impl ArtifactMutation {
    /// Begins a version. One with the digest of the latest is that one, if the client wants it so.
    async fn create_artifact(
        &self,
        context: &Context<'_>,
        input: CreateArtifactInput,
    ) -> Result<Option<CreateArtifactPayload>> {
        let state = state(context)?;
        let names = input.artifact_collection_names.unwrap_or_default();
        let collection = input
            .artifact_collection_name
            .or_else(|| names.into_iter().next())
            .ok_or("artifactCollectionName is required")?;
        let (project, _) = state
            .store
            .ensure_project(&input.entity_name, &input.project_name)
            .await?;
        let collection = state
            .store
            .ensure_collection(project.id, &input.artifact_type_name, &collection, now())
            .await?;
        let latest = state.store.latest_artifact(collection.id).await?;
        let same = latest.filter(|latest| {
            input.enable_digest_deduplication == Some(true) && latest.digest == input.digest
        });
        let row = match same {
            Some(row) => row,
            None => {
                let run_id = match &input.run_name {
                    Some(run) => state.store.run(project.id, run).await?.map(|run| run.id),
                    None => None,
                };
                let aliases = input.aliases.unwrap_or_default().into_iter();
                let tags = input.tags.unwrap_or_default().into_iter();
                let artifact = NewArtifact {
                    digest: input.digest,
                    description: input.description,
                    metadata: input.metadata.map(|JsonString(text)| text),
                    tags: tags.map(|tag| tag.tag_name).collect(),
                    aliases: aliases.map(|alias| alias.alias).collect(),
                    client_id: input.client_id.map(|ID(id)| id),
                    run_id,
                    created_at: None,
                };
                state.store.add_artifact(collection.id, artifact).await?
            }
        };
        state.artifact_home(&row).await?;
        Ok(Some(CreateArtifactPayload {
            artifact: Artifact::new(row),
            client_mutation_id: input.client_mutation_id,
        }))
    }

    /// Gives the place for the manifest of a version.
    async fn create_artifact_manifest(
        &self,
        context: &Context<'_>,
        input: CreateArtifactManifestInput,
    ) -> Result<Option<ManifestPayload>> {
        if input.kind != ArtifactManifestType::Full {
            return Err("this server takes whole manifests only".into());
        }
        let artifact = find(state(context)?, &input.artifact_id).await?;
        Ok(Some(ManifestPayload {
            artifact_manifest: ArtifactManifest { artifact },
            client_mutation_id: input.client_mutation_id,
        }))
    }

    async fn update_artifact_manifest(
        &self,
        context: &Context<'_>,
        input: UpdateArtifactManifestInput,
    ) -> Result<Option<UpdateArtifactManifestPayload>> {
        let number = local_id(&input.artifact_manifest_id, "ArtifactManifest")
            .and_then(|number| number.parse().ok())
            .unwrap_or_default();
        let artifact = state(context)?.store.artifact(number).await?;
        Ok(Some(UpdateArtifactManifestPayload {
            artifact_manifest: ArtifactManifest {
                artifact: artifact.ok_or("artifact manifest not found")?,
            },
            client_mutation_id: input.client_mutation_id,
        }))
    }

    /// Gives addresses to upload files of a version to, in the order of the request. A file whose bytes are in the
    /// latest version already has none; what it has then is that version.
    async fn create_artifact_files(
        &self,
        context: &Context<'_>,
        input: CreateArtifactFilesInput,
    ) -> Result<Option<CreateArtifactFilesPayload>> {
        let state = state(context)?;
        let mut files = Vec::with_capacity(input.artifact_files.len());
        for file in input.artifact_files {
            let artifact = find(state, &file.artifact_id).await?;
            files.push(place(state, &artifact, file).await?);
        }
        Ok(Some(CreateArtifactFilesPayload {
            files: FileConnection::whole(state, files),
            client_mutation_id: input.client_mutation_id,
        }))
    }

    /// Makes a version one that can be used, with the files of its manifest. May be sent again.
    async fn commit_artifact(
        &self,
        context: &Context<'_>,
        input: CommitArtifactInput,
    ) -> Result<Option<CommitArtifactPayload>> {
        let state = state(context)?;
        let artifact = find(state, &input.artifact_id).await?;
        if artifact.state != "COMMITTED" {
            let manifest = uploaded_manifest(state, &artifact).await?;
            if let Some(name) = state.settle_artifact(&artifact, &manifest, now()).await? {
                return Err(Error::new(format!(
                    "{name} is in the manifest and was not uploaded"
                )));
            }
        }
        Ok(Some(CommitArtifactPayload {
            artifact: Artifact::new(find(state, &input.artifact_id).await?),
            client_mutation_id: input.client_mutation_id,
        }))
    }

    async fn use_artifact(
        &self,
        context: &Context<'_>,
        input: UseArtifactInput,
    ) -> Result<Option<UseArtifactPayload>> {
        let state = state(context)?;
        let artifact = find(state, &input.artifact_id).await?;
        let (project, run) =
            find_run(state, &input.entity_name, &input.project_name, &input.run_name).await?;
        state.store.use_artifact(run.id, artifact.id).await?;
        Ok(Some(UseArtifactPayload {
            run: Run::new(&project, run),
            artifact: Artifact::new(artifact),
            client_mutation_id: input.client_mutation_id,
        }))
    }
}

pub(crate) async fn find(state: &State, id: &str) -> Result<ArtifactRow> {
    let found = match artifact_home::local_number(id) {
        Some(number) => state.store.artifact(number).await?,
        None => None,
    };
    found.ok_or_else(|| Error::new(format!("artifact {id} not found")))
}

async fn place(state: &State, artifact: &ArtifactRow, file: CreateArtifactFileSpecInput) -> Result<File> {
    let entity = artifact_home::entity(&artifact.entity);
    if let Some(latest) = state.store.latest_artifact(artifact.collection_id).await?
        && let Some(path) = state.artifact_file(&entity, Some(latest.id), &file.md5).await?
    {
        let row = state.store.file(&path).await?;
        return Ok(File::at(path, row));
    }
    let path = FilePath {
        entity,
        project: artifact.project.clone(),
        run: artifact_home::files(artifact.id),
        name: file.name.clone(),
    };
    Ok(File::at(path, Some(FileRow::announced(file.name, file.md5))))
}

async fn uploaded_manifest(state: &State, artifact: &ArtifactRow) -> Result<Manifest> {
    let row = state.store.file(&manifest_path(artifact)).await?;
    let object = row
        .and_then(|row| row.object)
        .ok_or("the manifest was not uploaded")?;
    let text = state.objects.read_text(&object).await?;
    serde_json::from_str(&text).map_err(|error| Error::new(format!("the manifest cannot be read: {error}")))
}
