//! Artifacts: their types, collections and versions, and which runs logged and used them.

use super::{FileRow, NewFile, ProjectRow, RunRow, Store, Window, json, now, signed};
use crate::Error;
use sqlx::FromRow;
use std::collections::HashMap;

#[derive(Clone, Debug, FromRow)]
pub(crate) struct ArtifactTypeRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: i64,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct CollectionRow {
    pub(crate) id: i64,
    pub(crate) type_id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: Option<i64>,
}

/// A version of an artifact, with the names of what it is in.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct ArtifactRow {
    pub(crate) id: i64,
    pub(crate) collection_id: i64,
    pub(crate) version: i32,
    pub(crate) digest: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) tags: String,
    pub(crate) state: String,
    pub(crate) size: i64,
    pub(crate) file_count: i64,
    pub(crate) run_id: Option<i64>,
    /// Aliases that it gets once it is committed, as a JSON array.
    pub(crate) wanted: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: Option<i64>,
    pub(crate) type_id: i64,
    pub(crate) project_id: i64,
    pub(crate) entity: String,
    pub(crate) project: String,
    pub(crate) collection: String,
    /// As a JSON array.
    pub(crate) aliases: String,
}

/// What is known of a version before it has its files.
#[derive(Debug, Default)]
pub(crate) struct NewArtifact {
    pub(crate) digest: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) run_id: Option<i64>,
    pub(crate) created_at: Option<i64>,
}

/// What is said anew of a version; None leaves a field as it is.
#[derive(Debug)]
pub(crate) struct ArtifactChanges {
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) tags: Vec<String>,
}

/// The versions that a run logged, or used.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Logged,
    Used,
}

impl Store {
    pub(crate) async fn artifact_types(
        &self,
        project_id: i64,
        window: Window,
    ) -> Result<Vec<ArtifactTypeRow>, Error> {
        sqlx::query_as("SELECT * FROM artifact_types WHERE project_id = ? ORDER BY id LIMIT ? OFFSET ?")
            .bind(project_id)
            .bind(window.take)
            .bind(window.skip)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("listing artifact types"))
    }

    pub(crate) async fn artifact_type(
        &self,
        project_id: i64,
        name: &str,
    ) -> Result<Option<ArtifactTypeRow>, Error> {
        sqlx::query_as("SELECT * FROM artifact_types WHERE project_id = ? AND name = ?")
            .bind(project_id)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(Error::database("reading an artifact type"))
    }

    pub(crate) async fn artifact_type_numbered(&self, id: i64) -> Result<ArtifactTypeRow, Error> {
        sqlx::query_as("SELECT * FROM artifact_types WHERE id = ?")
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("reading an artifact type"))
    }

    /// All collections of a project, or those of one type, by their age.
    pub(crate) async fn collections(
        &self,
        project_id: i64,
        type_id: Option<i64>,
    ) -> Result<Vec<CollectionRow>, Error> {
        sqlx::query_as(
            "SELECT * FROM artifact_collections WHERE project_id = ?1 AND (?2 IS NULL OR type_id = ?2) ORDER BY id",
        )
        .bind(project_id)
        .bind(type_id)
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("listing artifact collections"))
    }

    pub(crate) async fn collection(
        &self,
        project_id: i64,
        name: &str,
    ) -> Result<Option<CollectionRow>, Error> {
        sqlx::query_as("SELECT * FROM artifact_collections WHERE project_id = ? AND name = ?")
            .bind(project_id)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(Error::database("reading an artifact collection"))
    }

    pub(crate) async fn collection_numbered(
        &self,
        id: i64,
    ) -> Result<Option<(ProjectRow, CollectionRow)>, Error> {
        let failed = Error::database("reading an artifact collection");
        let found: Option<CollectionRow> = sqlx::query_as("SELECT * FROM artifact_collections WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(&failed)?;
        let Some(collection) = found else {
            return Ok(None);
        };
        let project = sqlx::query_as(
            "SELECT * FROM projects WHERE id = (SELECT project_id FROM artifact_collections WHERE id = ?)",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        Ok(Some((project, collection)))
    }

    /// The collection, made where it is missing, with its type.
    pub(crate) async fn ensure_collection(
        &self,
        project_id: i64,
        type_name: &str,
        name: &str,
        created_at: i64,
    ) -> Result<CollectionRow, Error> {
        let failed = Error::database("adding an artifact collection");
        let mut step = self.pool.begin().await.map_err(&failed)?;
        sqlx::query(
            "INSERT INTO artifact_types (project_id, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(project_id)
        .bind(type_name)
        .bind(created_at)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        sqlx::query(
            "INSERT INTO artifact_collections (project_id, type_id, name, created_at)
             VALUES (?1, (SELECT id FROM artifact_types WHERE project_id = ?1 AND name = ?2), ?3, ?4)
             ON CONFLICT DO NOTHING",
        )
        .bind(project_id)
        .bind(type_name)
        .bind(name)
        .bind(created_at)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        let collection =
            sqlx::query_as("SELECT * FROM artifact_collections WHERE project_id = ? AND name = ?")
                .bind(project_id)
                .bind(name)
                .fetch_one(&mut *step)
                .await
                .map_err(&failed)?;
        step.commit().await.map_err(failed)?;
        Ok(collection)
    }

    /// The aliases of a collection, each with the number of its version.
    pub(crate) async fn aliases(
        &self,
        collection_id: i64,
        window: Window,
    ) -> Result<Vec<(String, i64)>, Error> {
        sqlx::query_as(
            "SELECT alias, artifact_id FROM artifact_aliases WHERE collection_id = ? ORDER BY alias
             LIMIT ? OFFSET ?",
        )
        .bind(collection_id)
        .bind(window.take)
        .bind(window.skip)
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("listing aliases"))
    }

    /// Adds the next version of a collection, which has no files yet.
    pub(crate) async fn add_artifact(
        &self,
        collection_id: i64,
        artifact: NewArtifact,
    ) -> Result<ArtifactRow, Error> {
        let failed = Error::database("adding an artifact");
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO artifacts (collection_id, version, digest, description, metadata, tags, wanted,
                client_id, run_id, created_at)
             VALUES (?1, (SELECT coalesce(max(version), -1) + 1 FROM artifacts WHERE collection_id = ?1),
                ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             RETURNING id",
        )
        .bind(collection_id)
        .bind(artifact.digest)
        .bind(artifact.description)
        .bind(artifact.metadata)
        .bind(json(&artifact.tags))
        .bind(json(&artifact.aliases))
        .bind(artifact.client_id)
        .bind(artifact.run_id)
        .bind(artifact.created_at.unwrap_or_else(now))
        .fetch_one(&self.pool)
        .await
        .map_err(&failed)?;
        sqlx::query_as("SELECT * FROM artifact_versions WHERE id = ?")
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .map_err(failed)
    }

    /// Makes a version one that can be used: says how much is in it, and moves its aliases and `latest` to it.
    pub(crate) async fn commit_artifact(
        &self,
        artifact: &ArtifactRow,
        size: u64,
        file_count: usize,
        at: i64,
    ) -> Result<(), Error> {
        let failed = Error::database("committing an artifact");
        let mut step = self.pool.begin().await.map_err(&failed)?;
        sqlx::query(
            "UPDATE artifacts SET state = 'COMMITTED', size = ?, file_count = ?, updated_at = ?, wanted = '[]'
             WHERE id = ?",
        )
        .bind(signed(size))
        .bind(signed(file_count as u64))
        .bind(at)
        .bind(artifact.id)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        sqlx::query(
            "INSERT INTO artifact_aliases (collection_id, alias, artifact_id)
             SELECT ?1, value, ?2 FROM (SELECT value FROM json_each(?3) UNION SELECT 'latest') WHERE true
             ON CONFLICT (collection_id, alias) DO UPDATE SET artifact_id = excluded.artifact_id",
        )
        .bind(artifact.collection_id)
        .bind(artifact.id)
        .bind(&artifact.wanted)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        sqlx::query("UPDATE artifact_collections SET updated_at = ? WHERE id = ?")
            .bind(at)
            .bind(artifact.collection_id)
            .execute(&mut *step)
            .await
            .map_err(&failed)?;
        step.commit().await.map_err(failed)
    }

    /// Gives names to a version, which other versions of its collection lose.
    pub(crate) async fn add_aliases(&self, artifact: &ArtifactRow, aliases: &[String]) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO artifact_aliases (collection_id, alias, artifact_id)
             SELECT ?1, value, ?2 FROM json_each(?3) WHERE true
             ON CONFLICT (collection_id, alias) DO UPDATE SET artifact_id = excluded.artifact_id",
        )
        .bind(artifact.collection_id)
        .bind(artifact.id)
        .bind(json(&aliases))
        .execute(&self.pool)
        .await
        .map_err(Error::database("adding aliases"))?;
        Ok(())
    }

    pub(crate) async fn delete_aliases(&self, artifact_id: i64, aliases: &[String]) -> Result<(), Error> {
        sqlx::query(
            "DELETE FROM artifact_aliases WHERE artifact_id = ? AND alias IN (SELECT value FROM json_each(?))",
        )
        .bind(artifact_id)
        .bind(json(&aliases))
        .execute(&self.pool)
        .await
        .map_err(Error::database("deleting aliases"))?;
        Ok(())
    }

    pub(crate) async fn change_artifact(&self, id: i64, changes: ArtifactChanges) -> Result<(), Error> {
        sqlx::query(
            "UPDATE artifacts SET description = coalesce(?, description), metadata = coalesce(?, metadata),
                tags = ?, updated_at = ? WHERE id = ?",
        )
        .bind(changes.description)
        .bind(changes.metadata)
        .bind(json(&changes.tags))
        .bind(now())
        .bind(id)
        .execute(&self.pool)
        .await
        .map_err(Error::database("changing an artifact"))?;
        Ok(())
    }

    /// Marks a version as deleted and takes away its aliases. Where it was the latest, the one before is that now.
    pub(crate) async fn delete_artifact(&self, artifact: &ArtifactRow) -> Result<(), Error> {
        let failed = Error::database("deleting an artifact");
        let mut step = self.pool.begin().await.map_err(&failed)?;
        sqlx::query("UPDATE artifacts SET state = 'DELETED', size = 0, file_count = 0 WHERE id = ?")
            .bind(artifact.id)
            .execute(&mut *step)
            .await
            .map_err(&failed)?;
        sqlx::query("DELETE FROM artifact_aliases WHERE artifact_id = ?")
            .bind(artifact.id)
            .execute(&mut *step)
            .await
            .map_err(&failed)?;
        sqlx::query(
            "INSERT INTO artifact_aliases (collection_id, alias, artifact_id)
             SELECT collection_id, 'latest', id FROM artifacts
             WHERE collection_id = ? AND state = 'COMMITTED' ORDER BY version DESC LIMIT 1
             ON CONFLICT DO NOTHING",
        )
        .bind(artifact.collection_id)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        step.commit().await.map_err(failed)
    }

    pub(crate) async fn artifact(&self, id: i64) -> Result<Option<ArtifactRow>, Error> {
        sqlx::query_as("SELECT * FROM artifact_versions WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(Error::database("reading an artifact"))
    }

    /// The version of a collection that an alias, a version such as `v3`, or a digest leads to.
    pub(crate) async fn artifact_called(
        &self,
        collection_id: i64,
        alias: &str,
    ) -> Result<Option<ArtifactRow>, Error> {
        let version: Option<i64> = alias.strip_prefix('v').and_then(|version| version.parse().ok());
        sqlx::query_as(
            "SELECT * FROM artifact_versions WHERE collection_id = ?1 AND state = 'COMMITTED' AND (
                id = (SELECT artifact_id FROM artifact_aliases WHERE collection_id = ?1 AND alias = ?2)
                OR version = ?3 OR digest = ?2)
             ORDER BY id DESC LIMIT 1",
        )
        .bind(collection_id)
        .bind(alias)
        .bind(version)
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("reading an artifact"))
    }

    /// The newest version of a collection that can be used.
    pub(crate) async fn latest_artifact(&self, collection_id: i64) -> Result<Option<ArtifactRow>, Error> {
        sqlx::query_as(
            "SELECT * FROM artifact_versions WHERE collection_id = ? AND state = 'COMMITTED'
             ORDER BY version DESC LIMIT 1",
        )
        .bind(collection_id)
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("reading an artifact"))
    }

    /// All versions of a collection, by their age.
    pub(crate) async fn artifacts(&self, collection_id: i64) -> Result<Vec<ArtifactRow>, Error> {
        sqlx::query_as("SELECT * FROM artifact_versions WHERE collection_id = ? ORDER BY version")
            .bind(collection_id)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("listing artifacts"))
    }

    /// The versions that a run logged or used, by their age, and how many there are.
    pub(crate) async fn artifacts_of_run(
        &self,
        run_id: i64,
        part: Part,
        window: Window,
    ) -> Result<(Vec<ArtifactRow>, i64), Error> {
        let (page, count) = match part {
            Part::Logged => (
                "SELECT * FROM artifact_versions WHERE run_id = ? AND state = 'COMMITTED'
                 ORDER BY id LIMIT ? OFFSET ?",
                "SELECT count(*) FROM artifacts WHERE run_id = ? AND state = 'COMMITTED'",
            ),
            Part::Used => (
                "SELECT artifact_versions.* FROM artifact_uses
                 JOIN artifact_versions ON artifact_versions.id = artifact_uses.artifact_id
                 WHERE artifact_uses.run_id = ? ORDER BY artifact_uses.rowid LIMIT ? OFFSET ?",
                "SELECT count(*) FROM artifact_uses WHERE run_id = ?",
            ),
        };
        let failed = Error::database("listing the artifacts of a run");
        let rows = sqlx::query_as(page)
            .bind(run_id)
            .bind(window.take)
            .bind(window.skip)
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        let count = sqlx::query_scalar(count)
            .bind(run_id)
            .fetch_one(&self.pool)
            .await
            .map_err(failed)?;
        Ok((rows, count))
    }

    pub(crate) async fn use_artifact(&self, run_id: i64, artifact_id: i64) -> Result<(), Error> {
        sqlx::query("INSERT INTO artifact_uses (run_id, artifact_id) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(run_id)
            .bind(artifact_id)
            .execute(&self.pool)
            .await
            .map_err(Error::database("using an artifact"))?;
        Ok(())
    }

    /// The runs that used a version.
    pub(crate) async fn users_of_artifact(
        &self,
        artifact_id: i64,
        window: Window,
    ) -> Result<Vec<RunRow>, Error> {
        sqlx::query_as(
            "SELECT runs.* FROM artifact_uses JOIN runs ON runs.id = artifact_uses.run_id
             WHERE artifact_uses.artifact_id = ? ORDER BY artifact_uses.rowid LIMIT ? OFFSET ?",
        )
        .bind(artifact_id)
        .bind(window.take)
        .bind(window.skip)
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("listing the runs that used an artifact"))
    }

    pub(crate) async fn count_users_of_artifact(&self, artifact_id: i64) -> Result<i64, Error> {
        sqlx::query_scalar("SELECT count(*) FROM artifact_uses WHERE artifact_id = ?")
            .bind(artifact_id)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("counting the runs that used an artifact"))
    }

    pub(crate) async fn project_numbered(&self, id: i64) -> Result<ProjectRow, Error> {
        sqlx::query_as("SELECT * FROM projects WHERE id = ?")
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("reading a project"))
    }

    /// All files of a run that have bytes, listed or not, by their names.
    pub(crate) async fn uploaded_files(&self, run_id: i64) -> Result<HashMap<String, FileRow>, Error> {
        let rows: Vec<FileRow> =
            sqlx::query_as("SELECT * FROM files WHERE run_id = ? AND object IS NOT NULL")
                .bind(run_id)
                .fetch_all(&self.pool)
                .await
                .map_err(Error::database("reading uploaded files"))?;
        Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
    }

    /// Puts other files in the place of all that a run lists. Gives back the objects that those had.
    pub(crate) async fn replace_files(&self, run_id: i64, files: Vec<NewFile>) -> Result<Vec<String>, Error> {
        let failed = Error::database("replacing files");
        let mut step = self.pool.begin().await.map_err(&failed)?;
        let before: Vec<Option<String>> =
            sqlx::query_scalar("DELETE FROM files WHERE run_id = ? RETURNING object")
                .bind(run_id)
                .fetch_all(&mut *step)
                .await
                .map_err(&failed)?;
        sqlx::query(
            "INSERT INTO files (run_id, name, folded, size, md5, mimetype, updated_at, reference, object, position)
             SELECT ?1, value ->> 'name', value ->> 'folded', value ->> 'size', value ->> 'md5',
                value ->> 'mimetype', value ->> 'updated_at', value ->> 'reference', value ->> 'object', key + 1
             FROM json_each(?2) ORDER BY key",
        )
        .bind(run_id)
        .bind(json(&files))
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        step.commit().await.map_err(failed)?;
        Ok(before.into_iter().flatten().collect())
    }

    /// The name of a file with this md5 and its bytes, in a run of an entity, and the run's project and name. The run
    /// may be left open.
    pub(crate) async fn file_with_md5(
        &self,
        entity: &str,
        run: Option<&str>,
        md5: &str,
    ) -> Result<Option<(String, String, String)>, Error> {
        sqlx::query_as(
            "SELECT projects.name, runs.name, files.name FROM projects
             JOIN runs ON runs.project_id = projects.id JOIN files ON files.run_id = runs.id
             WHERE projects.entity = ?1 AND (?2 IS NULL OR runs.name = ?2) AND files.md5 = ?3
                AND files.object IS NOT NULL
             LIMIT 1",
        )
        .bind(entity)
        .bind(run)
        .bind(md5)
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("looking up a file by its digest"))
    }
}
