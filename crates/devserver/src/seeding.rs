//! Fills a server with more than the files of runs: runs of which something is known, sweeps, artifacts.

use crate::artifact_home::{self, MANIFEST};
use crate::artifact_spec::Content;
use crate::manifest::{Entry, Manifest};
use crate::store::{ArtifactRow, NewArtifact, RunChanges, RunOrigin, SweepRow, now};
use crate::{ArtifactEntry, ArtifactSpec, DevServer, Error, RunSpec, SweepSpec};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};
use std::path::Path;

impl DevServer {
    /// Adds a project, with its entity where that is missing. One that is there is left alone.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn add_project(&self, entity: &str, project: &str) -> Result<(), Error> {
        self.state.store.ensure_project(entity, project).await.map(drop)
    }

    /// Adds a run of which something is known, with its entity and project where they are missing. One that is there
    /// gets what the specification says and keeps the rest.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn add_run_with(
        &self,
        entity: &str,
        project: &str,
        run: &str,
        spec: RunSpec,
    ) -> Result<(), Error> {
        let store = &self.state.store;
        let (_, run, _) = store.ensure_run(entity, project, run).await?;
        let heartbeat_at = spec.heartbeat_at.or(spec.created_at);
        let origin = RunOrigin {
            username: spec.username,
            created_at: spec.created_at,
            updated_at: spec.updated_at.or(heartbeat_at),
            heartbeat_at,
        };
        let changes = RunChanges {
            display_name: spec.display_name,
            state: spec.state,
            config: (!spec.config.is_null()).then(|| wrapped(spec.config).to_string()),
            summary: (!spec.summary.is_null()).then(|| spec.summary.to_string()),
            notes: spec.notes,
            run_group: spec.group,
            job_type: spec.job_type,
            tags: (!spec.tags.is_empty()).then(|| json!(spec.tags).to_string()),
            host: spec.host,
            sweep: spec.sweep,
            description: None,
        };
        store.change_run(run.id, changes).await?;
        store.set_run_origin(run.id, origin).await
    }

    /// Adds a sweep, or replaces the one of that name; its runs are those whose specification names it. Adds the
    /// project where it is missing.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn add_sweep(
        &self,
        entity: &str,
        project: &str,
        name: &str,
        spec: SweepSpec,
    ) -> Result<(), Error> {
        let store = &self.state.store;
        let (project, _) = store.ensure_project(entity, project).await?;
        let sweep = SweepRow {
            name: name.to_owned(),
            display_name: spec.display_name,
            description: spec.description,
            method: spec.method.unwrap_or_else(|| "random".to_owned()),
            state: spec.state.unwrap_or_else(|| "RUNNING".to_owned()),
            // JSON is YAML.
            config: match spec.config {
                Value::Null => "{}".to_owned(),
                config => config.to_string(),
            },
            best_loss: spec.best_loss,
            run_count_expected: spec.expected_runs,
            created_at: spec.created_at.unwrap_or_else(now),
            updated_at: spec.updated_at,
            ..SweepRow::default()
        };
        store.put_sweep(project.id, sweep).await
    }

    /// Adds the next version of an artifact and gives its index, which counts from 0. Adds the project, the type and
    /// the collection where they are missing; a collection keeps the type that it was made with.
    ///
    /// # Errors
    /// When the database or the disk refuses it.
    pub async fn add_artifact(
        &self,
        entity: &str,
        project: &str,
        artifact_type: &str,
        collection: &str,
        spec: ArtifactSpec,
    ) -> Result<u32, Error> {
        let store = &self.state.store;
        let created_at = spec.created_at.unwrap_or_else(now);
        let (row, _) = store.ensure_project(entity, project).await?;
        let collection = store
            .ensure_collection(row.id, artifact_type, collection, created_at)
            .await?;
        let run_id = match &spec.logged_by {
            Some(run) => Some(store.ensure_run(entity, project, run).await?.1.id),
            None => None,
        };
        let mut manifest = Manifest::new(spec.entries.iter().map(entry).collect());
        let artifact = NewArtifact {
            digest: manifest.digest(),
            description: spec.description,
            metadata: (!spec.metadata.is_null()).then(|| spec.metadata.to_string()),
            tags: spec.tags,
            aliases: spec.aliases,
            client_id: None,
            run_id,
            created_at: Some(created_at),
        };
        let artifact = store.add_artifact(collection.id, artifact).await?;
        for entry in manifest
            .contents
            .values_mut()
            .filter(|entry| entry.reference.is_none())
        {
            entry.birth_artifact_id = Some(artifact_home::global_id(artifact.id));
        }
        self.store_artifact(&artifact, &manifest, spec.entries).await?;
        self.state
            .settle_artifact(&artifact, &manifest, created_at)
            .await?;
        for run in &spec.used_by {
            let (_, run, _) = store.ensure_run(entity, project, run).await?;
            store.use_artifact(run.id, artifact.id).await?;
        }
        Ok(artifact.version.unsigned_abs())
    }

    /// Stores the bytes of a version, and its manifest.
    async fn store_artifact(
        &self,
        artifact: &ArtifactRow,
        manifest: &Manifest,
        entries: Vec<ArtifactEntry>,
    ) -> Result<(), Error> {
        let home = self.state.artifact_home(artifact).await?;
        for ArtifactEntry { name, content } in entries {
            if let Content::Bytes(bytes) = content {
                let bytes = stream::iter([Ok(bytes)]);
                self.put(home.files.id, &name, bytes, Path::new(&name)).await?;
            }
        }
        let text = stream::iter([Ok(Bytes::from(json!(manifest).to_string()))]);
        self.put(home.manifest.id, MANIFEST, text, Path::new(MANIFEST))
            .await
    }
}

fn entry(entry: &ArtifactEntry) -> (String, Entry) {
    let (digest, reference, size) = match &entry.content {
        Content::Bytes(bytes) => (
            STANDARD.encode(Md5::digest(bytes)),
            None,
            Some(bytes.len() as u64),
        ),
        Content::Reference { uri, digest, size } => (digest.clone(), Some(uri.clone()), *size),
    };
    let entry_of = Entry {
        digest,
        birth_artifact_id: None,
        reference,
        size,
        extra: Map::new(),
    };
    (entry.name.clone(), entry_of)
}

/// A config as the SDK uploads it: each entry is an object with the value under `value`.
fn wrapped(config: Value) -> Value {
    match config {
        Value::Object(entries) => {
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key, json!({ "desc": null, "value": value })));
            Value::Object(Map::from_iter(entries))
        }
        other => other,
    }
}
