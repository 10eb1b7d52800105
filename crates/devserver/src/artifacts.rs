//! How a version of an artifact gets its files.

use crate::Error;
use crate::artifact_home::{self, MANIFEST};
use crate::file_path::{FilePath, decode};
use crate::manifest::Manifest;
use crate::mimetype;
use crate::signing::from_hex;
use crate::state::State;
use crate::store::{ArtifactRow, FileRow, NewFile, ProjectRow, RunRow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The rows that keep the files of a version.
pub(crate) struct Home {
    pub(crate) project: ProjectRow,
    pub(crate) files: RunRow,
    pub(crate) manifest: RunRow,
}

impl State {
    /// Where the files of a version are, made where it is missing.
    pub(crate) async fn artifact_home(&self, artifact: &ArtifactRow) -> Result<Home, Error> {
        let entity = artifact_home::entity(&artifact.entity);
        let ensure = async |run: String| self.store.ensure_run(&entity, &artifact.project, &run).await;
        let (_, manifest, _) = ensure(artifact_home::manifest(artifact.id)).await?;
        let (project, files, _) = ensure(artifact_home::files(artifact.id)).await?;
        Ok(Home {
            project,
            files,
            manifest,
        })
    }

    /// Lists the files of a manifest as those of its version, and commits that. Bytes that the version does not have
    /// itself are those of the version that the manifest names for them. The name of a file that has none anywhere
    /// comes back; nothing has changed then.
    pub(crate) async fn settle_artifact(
        &self,
        artifact: &ArtifactRow,
        manifest: &Manifest,
        at: i64,
    ) -> Result<Option<String>, Error> {
        let home = self.artifact_home(artifact).await?;
        let mut own = self.store.uploaded_files(home.files.id).await?;
        let entity = artifact_home::entity(&artifact.entity);
        let mut files = Vec::with_capacity(manifest.contents.len());
        for (name, entry) in &manifest.contents {
            let mut file = NewFile {
                md5: Some(entry.digest.clone()),
                mimetype: Some(mimetype::of(name).to_owned()),
                updated_at: Some(at),
                reference: entry.reference.clone(),
                ..NewFile::new(name, entry.size.unwrap_or_default())
            };
            if file.reference.is_none() {
                let found = match own
                    .remove(name)
                    .filter(|file| file.md5 == Some(entry.digest.clone()))
                {
                    Some(file) => Some(file),
                    None => {
                        self.born_elsewhere(&entity, entry.birth_artifact_id.as_deref(), &entry.digest)
                            .await?
                    }
                };
                let Some(found) = found else {
                    return Ok(Some(name.clone()));
                };
                file.size = u64::try_from(found.size).unwrap_or_default();
                file.object = found.object;
            }
            files.push(file);
        }
        let size = files.iter().map(|file| file.size).sum();
        let count = files.len();
        let before = self.store.replace_files(home.files.id, files).await?;
        self.forget(before).await?;
        self.store.commit_artifact(artifact, size, count, at).await?;
        Ok(None)
    }

    async fn born_elsewhere(
        &self,
        entity: &str,
        birth: Option<&str>,
        digest: &str,
    ) -> Result<Option<FileRow>, Error> {
        let Some(birth) = birth.and_then(artifact_home::local_number) else {
            return Ok(None);
        };
        match self.artifact_file(entity, Some(birth), digest).await? {
            Some(path) => self.store.file(&path).await,
            None => Ok(None),
        }
    }

    /// The file that an address of the API leads to: `/artifactsV2/REGION/ENTITY/ARTIFACT/MD5`, the same with the
    /// project and the collection before the artifact and a name at the end, or `/artifacts/ENTITY/MD5`. The SDK asks
    /// for all three (`wandb_storage_policy.py`).
    pub(crate) async fn artifact_at(&self, path: &str) -> Result<Option<FilePath>, Error> {
        let parts: Option<Vec<String>> = path.split('/').skip(1).map(decode).collect();
        let parts: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
        let (entity, artifact, md5) = match parts[..] {
            ["artifactsV2", _, entity, artifact, md5]
            | ["artifactsV2", _, entity, _, _, artifact, md5, _] => {
                match artifact_home::local_number(artifact) {
                    Some(number) => (entity, Some(number), md5),
                    None => return Ok(None),
                }
            }
            ["artifacts", entity, md5] => (entity, None, md5),
            _ => return Ok(None),
        };
        match from_hex(md5) {
            Some(md5) => {
                let entity = artifact_home::entity(entity);
                self.artifact_file(&entity, artifact, &STANDARD.encode(md5)).await
            }
            None => Ok(None),
        }
    }

    /// The path of a file with this base64 md5 among the files that an entity keeps for artifacts: in one version, or
    /// in any.
    pub(crate) async fn artifact_file(
        &self,
        entity: &str,
        artifact: Option<i64>,
        md5: &str,
    ) -> Result<Option<FilePath>, Error> {
        let run = artifact.map(artifact_home::files);
        let found = self.store.file_with_md5(entity, run.as_deref(), md5).await?;
        Ok(found.map(|(project, run, name)| FilePath {
            entity: entity.to_owned(),
            project,
            run,
            name,
        }))
    }
}

/// The path of the manifest of a version.
pub(crate) fn manifest_path(artifact: &ArtifactRow) -> FilePath {
    FilePath {
        entity: artifact_home::entity(&artifact.entity),
        project: artifact.project.clone(),
        run: artifact_home::manifest(artifact.id),
        name: MANIFEST.to_owned(),
    }
}
