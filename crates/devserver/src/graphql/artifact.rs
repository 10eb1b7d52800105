use super::artifact_collection::{ArtifactCollection, ArtifactCollectionMembership, ArtifactSequence};
use super::artifact_type::ArtifactType;
use super::connection::{PageInfo, Paging};
use super::edges::{Connection, Counted};
use super::file::{File, FileConnection, Wanted, global_id, state};
use super::run::Run;
use super::runs::RunConnection;
use super::scalars::{DateTime, Int64, JsonString};
use super::user::User;
use super::visible;
use crate::artifact_home;
use crate::artifacts::manifest_path;
use crate::state::State;
use crate::store::{ArtifactRow, Part};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Union};
use std::sync::Arc;

/// A version of an artifact.
pub(crate) struct Artifact {
    row: ArtifactRow,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum ArtifactState {
    Pending,
    Committed,
    Deleted,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum ArtifactDigestAlgorithm {
    #[graphql(name = "MANIFEST_MD5")]
    ManifestMd5,
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is read at once"
)]
#[derive(Union)]
pub(crate) enum Initiator {
    Run(Run),
    User(User),
}

impl Artifact {
    pub(crate) fn new(row: ArtifactRow) -> Self {
        Self { row }
    }

    pub(crate) async fn find(state: &State, id: &str) -> Result<Option<Self>> {
        match artifact_home::local_number(id) {
            Some(number) => Ok(state.store.artifact(number).await?.map(Self::new)),
            None => Ok(None),
        }
    }

    /// The version that `COLLECTION:ALIAS` names in a project; the latest where there is no alias.
    pub(crate) async fn named(state: &State, project_id: i64, name: &str) -> Result<Option<Self>> {
        let (collection, alias) = name.split_once(':').unwrap_or((name, "latest"));
        let Some(collection) = state.store.collection(project_id, collection).await? else {
            return Ok(None);
        };
        let found = state.store.artifact_called(collection.id, alias).await?;
        Ok(found.map(Self::new))
    }

    pub(crate) async fn files_page(
        &self,
        state: &State,
        names: Option<Vec<String>>,
        paging: Paging,
    ) -> Result<FileConnection> {
        let home = state.artifact_home(&self.row).await?;
        let names = names.map(|names| names.into_iter().map(Some).collect());
        let total = self.row.file_count;
        let page = Wanted::new(names, None)
            .page(state, &home.project, &home.files, paging)
            .await?;
        Ok(page.counted(total))
    }

    pub(crate) fn is_committed(&self) -> bool {
        self.row.state == "COMMITTED"
    }

    pub(crate) fn aliases_now(&self) -> Vec<ArtifactAlias> {
        let names: Vec<String> = serde_json::from_str(&self.row.aliases).unwrap_or_default();
        names
            .into_iter()
            .map(|alias| ArtifactAlias {
                alias,
                artifact: self.row.clone(),
            })
            .collect()
    }

    pub(crate) fn row(&self) -> &ArtifactRow {
        &self.row
    }
}

#[Object]
impl Artifact {
    async fn id(&self) -> ID {
        ID(artifact_home::global_id(self.row.id))
    }

    async fn digest(&self) -> &str {
        &self.row.digest
    }

    #[graphql(visible = "visible::artifact_digest_algorithm")]
    async fn digest_algorithm(&self) -> ArtifactDigestAlgorithm {
        ArtifactDigestAlgorithm::ManifestMd5
    }

    async fn description(&self) -> Option<&str> {
        self.row.description.as_deref()
    }

    async fn commit_hash(
        &self,
        #[graphql(name = "artifactCollectionName")] _collection: Option<String>,
    ) -> Option<String> {
        self.is_committed()
            .then(|| self.row.digest.chars().take(20).collect())
    }

    async fn version_index(
        &self,
        #[graphql(name = "artifactCollectionName")] _collection: Option<String>,
    ) -> Option<i32> {
        Some(self.row.version)
    }

    async fn aliases(
        &self,
        #[graphql(name = "artifactCollectionName")] _collection: Option<String>,
    ) -> Vec<ArtifactAlias> {
        self.aliases_now()
    }

    #[graphql(visible = "visible::artifact_tags")]
    async fn tags(&self) -> Vec<Tag> {
        let names: Vec<String> = serde_json::from_str(&self.row.tags).unwrap_or_default();
        names.into_iter().map(Tag::new).collect()
    }

    async fn metadata(&self) -> Option<JsonString> {
        self.row.metadata.clone().map(JsonString)
    }

    /// A negative number says that a version stays for ever.
    async fn ttl_duration_seconds(&self) -> Int64 {
        Int64::Number(-1)
    }

    async fn ttl_is_inherited(&self) -> bool {
        true
    }

    async fn history_step(&self) -> Option<Int64> {
        None
    }

    async fn state(&self) -> ArtifactState {
        match self.row.state.as_str() {
            "COMMITTED" => ArtifactState::Committed,
            "DELETED" => ArtifactState::Deleted,
            _ => ArtifactState::Pending,
        }
    }

    async fn size(&self, context: &Context<'_>) -> Result<Int64> {
        Ok(Int64::of(state(context)?, self.row.size))
    }

    async fn storage_bytes(&self, context: &Context<'_>) -> Result<Int64> {
        Ok(Int64::of(state(context)?, self.row.size))
    }

    async fn file_count(&self, context: &Context<'_>) -> Result<Int64> {
        Ok(Int64::of(state(context)?, self.row.file_count))
    }

    async fn artifact_type(&self, context: &Context<'_>) -> Result<ArtifactType> {
        let state = state(context)?;
        let project = Arc::new(state.store.project_numbered(self.row.project_id).await?);
        let row = state.store.artifact_type_numbered(self.row.type_id).await?;
        Ok(ArtifactType::new(project, row))
    }

    async fn artifact_sequence(&self, context: &Context<'_>) -> Result<ArtifactSequence> {
        ArtifactSequence::numbered(state(context)?, self.row.collection_id).await
    }

    async fn artifact_collections(&self, context: &Context<'_>) -> Result<Counted<ArtifactCollection>> {
        let sequence = ArtifactSequence::numbered(state(context)?, self.row.collection_id).await?;
        Counted::new(1, Paging::all(), vec![sequence.into()])
    }

    async fn artifact_memberships(&self) -> Connection<ArtifactCollectionMembership> {
        let membership = ArtifactCollectionMembership::new(Self::new(self.row.clone()));
        Connection::new(Paging::all(), vec![membership])
    }

    async fn created_at(&self, context: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(state(context)?.time(self.row.created_at)))
    }

    async fn updated_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let state = state(context)?;
        Ok(self.row.updated_at.map(|seconds| DateTime(state.time(seconds))))
    }

    async fn created_by(&self, context: &Context<'_>) -> Result<Initiator> {
        let state = state(context)?;
        let run = match self.row.run_id {
            Some(id) => state.store.runs_numbered(&[id]).await?.pop(),
            None => None,
        };
        Ok(match run {
            Some(run) => {
                let project = Arc::new(state.store.project_numbered(run.project_id).await?);
                Initiator::Run(Run::new(&project, run))
            }
            None => Initiator::User(User::new(state)),
        })
    }

    async fn used_by(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<RunConnection> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        let rows = state
            .store
            .users_of_artifact(self.row.id, paging.window())
            .await?;
        RunConnection::of_users(state, &self.row, paging, rows).await
    }

    /// The document that lists the version's files with their digests.
    async fn current_manifest(&self) -> Option<ArtifactManifest> {
        self.is_committed().then(|| ArtifactManifest {
            artifact: self.row.clone(),
        })
    }

    async fn files(
        &self,
        context: &Context<'_>,
        names: Option<Vec<String>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<FileConnection> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        self.files_page(state, names, paging).await
    }
}

/// A name of a version. Its version is beside it, since a page of versions brings the aliases of each.
pub(crate) struct ArtifactAlias {
    pub(crate) alias: String,
    pub(crate) artifact: ArtifactRow,
}

#[Object]
impl ArtifactAlias {
    async fn id(&self) -> ID {
        global_id(&format!(
            "ArtifactAlias:{}:{}",
            self.artifact.collection_id, self.alias
        ))
    }

    async fn alias(&self) -> &str {
        &self.alias
    }

    async fn artifact(&self) -> Option<Artifact> {
        Some(Artifact::new(self.artifact.clone()))
    }

    async fn artifact_collection_name(&self) -> &str {
        &self.artifact.collection
    }

    async fn artifact_collection(&self, context: &Context<'_>) -> Result<Option<ArtifactCollection>> {
        let sequence = ArtifactSequence::numbered(state(context)?, self.artifact.collection_id).await?;
        Ok(Some(sequence.into()))
    }
}

pub(crate) struct Tag {
    name: String,
}

impl Tag {
    pub(crate) fn new(name: String) -> Self {
        Self { name }
    }
}

#[Object]
impl Tag {
    async fn id(&self) -> ID {
        global_id(&format!("Tag:{}", self.name))
    }

    async fn name(&self) -> &str {
        &self.name
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum ArtifactManifestType {
    Full,
    Patch,
    Incremental,
}

pub(crate) struct ArtifactManifest {
    pub(crate) artifact: ArtifactRow,
}

#[Object]
impl ArtifactManifest {
    async fn id(&self) -> ID {
        global_id(&format!("ArtifactManifest:{}", self.artifact.id))
    }

    async fn r#type(&self) -> ArtifactManifestType {
        ArtifactManifestType::Full
    }

    async fn digest(&self) -> &str {
        &self.artifact.digest
    }

    async fn created_at(&self, context: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(state(context)?.time(self.artifact.created_at)))
    }

    async fn artifact(&self) -> Artifact {
        Artifact::new(self.artifact.clone())
    }

    async fn file(&self, context: &Context<'_>) -> Result<File> {
        let state = state(context)?;
        let path = manifest_path(&self.artifact);
        let row = state.store.file(&path).await?;
        Ok(File::at(path, row))
    }
}

/// The artifacts that a run logged.
pub(crate) async fn logged(state: &State, run_id: i64, paging: Paging) -> Result<Counted<Artifact>> {
    let (rows, total) = state
        .store
        .artifacts_of_run(run_id, Part::Logged, paging.window())
        .await?;
    Counted::new(total, paging, rows.into_iter().map(Artifact::new).collect())
}

#[derive(SimpleObject)]
pub(crate) struct InputArtifactEdge {
    node: Option<Artifact>,
    cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct InputArtifactConnection {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<InputArtifactEdge>,
}

/// The artifacts that a run used.
pub(crate) async fn used(state: &State, run_id: i64, paging: Paging) -> Result<InputArtifactConnection> {
    let (rows, total) = state
        .store
        .artifacts_of_run(run_id, Part::Used, paging.window())
        .await?;
    let (items, page_info) = paging.page(rows);
    let edges = items
        .into_iter()
        .map(|(cursor, row)| InputArtifactEdge {
            node: Some(Artifact::new(row)),
            cursor,
        })
        .collect();
    Ok(InputArtifactConnection {
        total_count: i32::try_from(total)?,
        page_info,
        edges,
    })
}

/// One version on the page of a collection.
#[derive(SimpleObject)]
pub(crate) struct VersionedArtifactEdge {
    node: Artifact,
    /// Such as `v3`.
    version: String,
    cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct VersionedArtifactConnection {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<VersionedArtifactEdge>,
}

impl VersionedArtifactConnection {
    pub(crate) fn new(total: usize, paging: Paging, rows: Vec<ArtifactRow>) -> Result<Self> {
        let (items, page_info) = paging.page(rows);
        let edges = items
            .into_iter()
            .map(|(cursor, row)| VersionedArtifactEdge {
                version: format!("v{}", row.version),
                node: Artifact::new(row),
                cursor,
            })
            .collect();
        Ok(Self {
            total_count: i32::try_from(total)?,
            page_info,
            edges,
        })
    }
}
