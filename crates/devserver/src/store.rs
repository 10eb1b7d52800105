//! The metadata, in SQLite.

mod artifacts;
mod logs;
mod runs;

pub(crate) use artifacts::{ArtifactChanges, ArtifactRow, ArtifactTypeRow, CollectionRow, NewArtifact, Part};
pub(crate) use logs::Log;
pub(crate) use runs::{RunBrief, RunOrigin, SweepRow};

use crate::Error;
use crate::file_path::FilePath;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{FromRow, SqlitePool};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// So many files go into the database with one statement.
const BULK: usize = 10_000;

/// The rows of the largest page that clients ask for, and more.
const PAGE_OF_ROWS: usize = 1100;

#[derive(Clone, Debug, FromRow)]
pub(crate) struct ProjectRow {
    pub(crate) id: i64,
    pub(crate) entity: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: i64,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) state: String,
    pub(crate) config: String,
    pub(crate) summary: String,
    pub(crate) notes: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) run_group: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) tags: String,
    pub(crate) username: Option<String>,
    pub(crate) sweep: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: Option<i64>,
    pub(crate) heartbeat_at: Option<i64>,
}

/// The fields of a run that a client may set; None leaves a field as it is.
#[derive(Debug, Default)]
pub(crate) struct RunChanges {
    pub(crate) display_name: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) config: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) run_group: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) tags: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) sweep: Option<String>,
}

#[derive(Clone, Debug, FromRow)]
pub(crate) struct FileRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) size: i64,
    pub(crate) md5: Option<String>,
    pub(crate) mimetype: Option<String>,
    pub(crate) updated_at: Option<i64>,
    pub(crate) reference: Option<String>,
    pub(crate) object: Option<String>,
}

impl FileRow {
    /// A file of which only the name and the digest are known as yet.
    pub(crate) fn announced(name: String, md5: String) -> Self {
        Self {
            id: 0,
            name,
            size: 0,
            md5: Some(md5),
            mimetype: None,
            updated_at: None,
            reference: None,
            object: None,
        }
    }
}

/// What is written about one file.
#[derive(Debug, Default, Serialize)]
pub(crate) struct NewFile {
    pub(crate) name: String,
    pub(crate) folded: String,
    pub(crate) size: u64,
    pub(crate) md5: Option<String>,
    pub(crate) mimetype: Option<String>,
    pub(crate) updated_at: Option<i64>,
    pub(crate) reference: Option<String>,
    pub(crate) object: Option<String>,
}

impl NewFile {
    pub(crate) fn new(name: impl Into<String>, size: u64) -> Self {
        let name = name.into();
        Self {
            folded: name.to_lowercase(),
            name,
            size,
            ..Self::default()
        }
    }
}

/// A part of a listing, counted from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) skip: i64,
    pub(crate) take: i64,
}

/// One connection, so that an in-memory database is the same for everyone and no writer has to wait for a lock.
pub(crate) struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the database at `path`, or one in memory, and makes its tables where they are missing.
    pub(crate) async fn open(path: Option<&Path>) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new();
        let options = match path {
            Some(path) => options
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal),
            None => options.in_memory(true),
        };
        let failed = Error::database("opening it");
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            // It is in this process: it cannot have gone away.
            .test_before_acquire(false)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(
                options
                    .synchronous(SqliteSynchronous::Normal)
                    .foreign_keys(true)
                    // A page comes from the database's thread in one go, and not with a change of threads for every few rows.
                    .row_buffer_size(PAGE_OF_ROWS),
            )
            .await
            .map_err(&failed)?;
        sqlx::raw_sql(include_str!("schema.sql"))
            .execute(&pool)
            .await
            .map_err(failed)?;
        Ok(Self { pool })
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// The project, made where it is missing; true when it was.
    pub(crate) async fn ensure_project(&self, entity: &str, name: &str) -> Result<(ProjectRow, bool), Error> {
        let made = sqlx::query(
            "INSERT INTO projects (entity, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(entity)
        .bind(name)
        .bind(now())
        .execute(&self.pool)
        .await
        .map_err(Error::database("adding a project"))?;
        let project = sqlx::query_as("SELECT * FROM projects WHERE entity = ? AND name = ?")
            .bind(entity)
            .bind(name)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("reading a project"))?;
        Ok((project, made.rows_affected() > 0))
    }

    pub(crate) async fn describe_project(&self, id: i64, description: &str) -> Result<(), Error> {
        sqlx::query("UPDATE projects SET description = ? WHERE id = ?")
            .bind(description)
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(Error::database("describing a project"))?;
        Ok(())
    }

    pub(crate) async fn project(&self, entity: &str, name: &str) -> Result<Option<ProjectRow>, Error> {
        sqlx::query_as("SELECT * FROM projects WHERE entity = ? AND name = ?")
            .bind(entity)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(Error::database("reading a project"))
    }

    pub(crate) async fn projects(&self, entity: &str, window: Window) -> Result<Vec<ProjectRow>, Error> {
        sqlx::query_as("SELECT * FROM projects WHERE entity = ? ORDER BY id LIMIT ? OFFSET ?")
            .bind(entity)
            .bind(window.take)
            .bind(window.skip)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("listing projects"))
    }

    /// The run, made where it is missing, with its project; true when it was.
    pub(crate) async fn ensure_run(
        &self,
        entity: &str,
        project: &str,
        run: &str,
    ) -> Result<(ProjectRow, RunRow, bool), Error> {
        let (project, _) = self.ensure_project(entity, project).await?;
        let made = sqlx::query(
            "INSERT INTO runs (project_id, name, display_name, created_at, heartbeat_at) VALUES (?1, ?2, ?2, ?3, ?3)
             ON CONFLICT DO NOTHING",
        )
        .bind(project.id)
        .bind(run)
        .bind(now())
        .execute(&self.pool)
        .await
        .map_err(Error::database("adding a run"))?;
        let row = sqlx::query_as("SELECT * FROM runs WHERE project_id = ? AND name = ?")
            .bind(project.id)
            .bind(run)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("reading a run"))?;
        Ok((project, row, made.rows_affected() > 0))
    }

    pub(crate) async fn run(&self, project_id: i64, name: &str) -> Result<Option<RunRow>, Error> {
        sqlx::query_as("SELECT * FROM runs WHERE project_id = ? AND name = ?")
            .bind(project_id)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(Error::database("reading a run"))
    }

    /// The number of the run that a path leads to.
    pub(crate) async fn run_at(&self, path: &FilePath) -> Result<Option<i64>, Error> {
        sqlx::query_scalar(
            "SELECT runs.id FROM projects JOIN runs ON runs.project_id = projects.id
             WHERE projects.entity = ? AND projects.name = ? AND runs.name = ?",
        )
        .bind(&path.entity)
        .bind(&path.project)
        .bind(&path.run)
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("reading a run"))
    }

    pub(crate) async fn run_count(&self, project_id: i64) -> Result<i64, Error> {
        sqlx::query_scalar("SELECT count(*) FROM runs WHERE project_id = ?")
            .bind(project_id)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("counting runs"))
    }

    pub(crate) async fn change_run(&self, id: i64, changes: RunChanges) -> Result<RunRow, Error> {
        sqlx::query_as(
            "UPDATE runs SET
                display_name = coalesce(?, display_name), state = coalesce(?, state),
                config = coalesce(?, config), summary = coalesce(?, summary),
                notes = coalesce(?, notes), description = coalesce(?, description),
                run_group = coalesce(?, run_group), job_type = coalesce(?, job_type),
                tags = coalesce(?, tags), host = coalesce(?, host), sweep = coalesce(?, sweep), updated_at = ?
             WHERE id = ? RETURNING *",
        )
        .bind(changes.display_name)
        .bind(changes.state)
        .bind(changes.config)
        .bind(changes.summary)
        .bind(changes.notes)
        .bind(changes.description)
        .bind(changes.run_group)
        .bind(changes.job_type)
        .bind(changes.tags)
        .bind(changes.host)
        .bind(changes.sweep)
        .bind(now())
        .bind(id)
        .fetch_one(&self.pool)
        .await
        .map_err(Error::database("changing a run"))
    }

    /// Takes note that the run is alive.
    pub(crate) async fn beat(&self, run_id: i64) -> Result<(), Error> {
        sqlx::query("UPDATE runs SET heartbeat_at = ? WHERE id = ?")
            .bind(now())
            .bind(run_id)
            .execute(&self.pool)
            .await
            .map_err(Error::database("noting that a run is alive"))?;
        Ok(())
    }

    /// Takes out a run with its files. Gives back the objects that these had.
    pub(crate) async fn delete_run(&self, id: i64) -> Result<Vec<String>, Error> {
        let failed = Error::database("deleting a run");
        let mut step = self.pool.begin().await.map_err(&failed)?;
        let objects: Vec<Option<String>> =
            sqlx::query_scalar("DELETE FROM files WHERE run_id = ? RETURNING object")
                .bind(id)
                .fetch_all(&mut *step)
                .await
                .map_err(&failed)?;
        sqlx::query("DELETE FROM runs WHERE id = ?")
            .bind(id)
            .execute(&mut *step)
            .await
            .map_err(&failed)?;
        step.commit().await.map_err(failed)?;
        Ok(objects.into_iter().flatten().collect())
    }

    /// How many files the run lists.
    pub(crate) async fn file_count(&self, run_id: i64) -> Result<i64, Error> {
        self.close_gaps(run_id).await?;
        sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM files WHERE run_id = ?")
            .bind(run_id)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("counting files"))
    }

    /// Files in the order in which they were added.
    pub(crate) async fn files(&self, run_id: i64, window: Window) -> Result<Vec<FileRow>, Error> {
        self.close_gaps(run_id).await?;
        sqlx::query_as("SELECT * FROM files WHERE run_id = ? AND position > ? ORDER BY position LIMIT ?")
            .bind(run_id)
            .bind(window.skip)
            .bind(window.take)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("listing files"))
    }

    /// The files whose names match a LIKE pattern as `MySQL` reads it: `%` and `_`, a backslash before either
    /// takes it literally, and case does not count.
    pub(crate) async fn files_like(
        &self,
        run_id: i64,
        pattern: &str,
        window: Window,
    ) -> Result<Vec<FileRow>, Error> {
        sqlx::query_as(
            r"SELECT * FROM files WHERE run_id = ? AND position > 0 AND folded LIKE ? ESCAPE '\'
              ORDER BY position LIMIT ? OFFSET ?",
        )
        .bind(run_id)
        .bind(folded_pattern(pattern))
        .bind(window.take)
        .bind(window.skip)
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("listing files by a pattern"))
    }

    /// Those of the names that match a pattern, as in [`Store::files_like`].
    pub(crate) async fn names_like(&self, pattern: &str, names: &[String]) -> Result<Vec<String>, Error> {
        let folded: Vec<(String, &String)> = names.iter().map(|name| (name.to_lowercase(), name)).collect();
        sqlx::query_scalar(r"SELECT value ->> 1 FROM json_each(?) WHERE value ->> 0 LIKE ? ESCAPE '\'")
            .bind(json(&folded))
            .bind(folded_pattern(pattern))
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("comparing names with a pattern"))
    }

    /// The listed files of these names, by name.
    pub(crate) async fn files_named(
        &self,
        run_id: i64,
        names: &[&str],
    ) -> Result<HashMap<String, FileRow>, Error> {
        let rows: Vec<FileRow> = sqlx::query_as(
            "SELECT files.* FROM json_each(?2) AS wanted
             JOIN files ON files.run_id = ?1 AND files.name = wanted.value WHERE files.position > 0",
        )
        .bind(run_id)
        .bind(json(&names))
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("looking up files by name"))?;
        Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
    }

    /// One file, listed or not.
    pub(crate) async fn file(&self, path: &FilePath) -> Result<Option<FileRow>, Error> {
        sqlx::query_as(
            "SELECT files.* FROM projects JOIN runs ON runs.project_id = projects.id
             JOIN files ON files.run_id = runs.id
             WHERE projects.entity = ? AND projects.name = ? AND runs.name = ? AND files.name = ?",
        )
        .bind(&path.entity)
        .bind(&path.project)
        .bind(&path.run)
        .bind(&path.name)
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("looking up a file"))
    }

    /// Adds a file or replaces it in its place. Gives back the object that it had before.
    pub(crate) async fn put_file(
        &self,
        run_id: i64,
        file: NewFile,
        listed: bool,
    ) -> Result<Option<String>, Error> {
        let failed = Error::database("storing a file");
        let mut step = self.pool.begin().await.map_err(&failed)?;
        let before: Option<Option<String>> =
            sqlx::query_scalar("SELECT object FROM files WHERE run_id = ? AND name = ?")
                .bind(run_id)
                .bind(&file.name)
                .fetch_optional(&mut *step)
                .await
                .map_err(&failed)?;
        sqlx::query(
            "INSERT INTO files (run_id, name, folded, size, md5, mimetype, updated_at, reference, object, position)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
                CASE WHEN ?10 THEN (SELECT coalesce(max(position), 0) + 1 FROM files WHERE run_id = ?1) END)
             ON CONFLICT (run_id, name) DO UPDATE SET
                size = excluded.size, md5 = excluded.md5, mimetype = excluded.mimetype,
                updated_at = excluded.updated_at, reference = excluded.reference, object = excluded.object,
                position = coalesce(position, excluded.position)",
        )
        .bind(run_id)
        .bind(file.name)
        .bind(file.folded)
        .bind(signed(file.size))
        .bind(file.md5)
        .bind(file.mimetype)
        .bind(file.updated_at)
        .bind(file.reference)
        .bind(file.object)
        .bind(listed)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        step.commit().await.map_err(failed)?;
        Ok(before.flatten())
    }

    /// Adds many files at once. A file that was there already keeps its place and its bytes.
    pub(crate) async fn add_listing(
        &self,
        run_id: i64,
        files: impl IntoIterator<Item = NewFile>,
    ) -> Result<(), Error> {
        let failed = Error::database("adding a listing");
        let mut step = self.pool.begin().await.map_err(&failed)?;
        let mut files = files.into_iter();
        loop {
            let batch: Vec<NewFile> = files.by_ref().take(BULK).collect();
            if batch.is_empty() {
                break;
            }
            sqlx::query(
                "INSERT INTO files (run_id, name, folded, size, md5, mimetype, updated_at, object, position)
                 SELECT ?1, value ->> 'name', value ->> 'folded', value ->> 'size', value ->> 'md5',
                    value ->> 'mimetype', value ->> 'updated_at', value ->> 'object',
                    key + 1 + (SELECT coalesce(max(position), 0) FROM files WHERE run_id = ?1)
                 FROM json_each(?2) WHERE true ORDER BY key
                 ON CONFLICT (run_id, name) DO UPDATE SET
                    size = excluded.size, md5 = excluded.md5, mimetype = excluded.mimetype,
                    updated_at = excluded.updated_at, position = coalesce(position, excluded.position)",
            )
            .bind(run_id)
            .bind(json(&batch))
            .execute(&mut *step)
            .await
            .map_err(&failed)?;
        }
        // A name that came twice left a hole in the positions.
        sqlx::query(
            "UPDATE runs SET gaps = (SELECT count(position) < coalesce(max(position), 0) FROM files WHERE run_id = ?1)
             WHERE id = ?1",
        )
        .bind(run_id)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        step.commit().await.map_err(failed)
    }

    /// Lists files that were uploaded before.
    pub(crate) async fn list_uploaded(&self, run_id: i64, names: &[String]) -> Result<(), Error> {
        let failed = Error::database("listing uploaded files");
        let mut step = self.pool.begin().await.map_err(&failed)?;
        for name in names {
            sqlx::query(
                "UPDATE files SET position = (SELECT coalesce(max(position), 0) + 1 FROM files WHERE run_id = ?1)
                 WHERE run_id = ?1 AND name = ?2 AND position IS NULL",
            )
            .bind(run_id)
            .bind(name)
            .execute(&mut *step)
            .await
            .map_err(&failed)?;
        }
        step.commit().await.map_err(failed)
    }

    /// The projects that the files of these numbers belong to.
    pub(crate) async fn projects_of_files(&self, ids: &[i64]) -> Result<HashSet<i64>, Error> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT DISTINCT runs.project_id FROM json_each(?) AS wanted
             JOIN files ON files.id = wanted.value JOIN runs ON runs.id = files.run_id",
        )
        .bind(json(&ids))
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("looking up files by id"))?;
        Ok(ids.into_iter().collect())
    }

    /// Takes out the files of these numbers, and gives back those that there were.
    pub(crate) async fn delete_files(&self, ids: &[i64]) -> Result<Vec<FileRow>, Error> {
        let failed = Error::database("deleting files");
        let ids = json(&ids);
        let mut step = self.pool.begin().await.map_err(&failed)?;
        sqlx::query(
            "UPDATE runs SET gaps = 1
             WHERE id IN (SELECT run_id FROM files WHERE id IN (SELECT value FROM json_each(?)))",
        )
        .bind(&ids)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        let gone =
            sqlx::query_as("DELETE FROM files WHERE id IN (SELECT value FROM json_each(?)) RETURNING *")
                .bind(&ids)
                .fetch_all(&mut *step)
                .await
                .map_err(&failed)?;
        step.commit().await.map_err(failed)?;
        Ok(gone)
    }

    /// Those of the objects that no file has any more.
    pub(crate) async fn unnamed(&self, objects: &[String]) -> Result<Vec<String>, Error> {
        sqlx::query_scalar(
            "SELECT DISTINCT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM files WHERE object = value)",
        )
        .bind(json(&objects))
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("looking for objects without a name"))
    }

    /// Makes the positions dense again after files were taken out. It waits for the next listing, so that
    /// deleting a thousand files one by one does not move the rest a thousand times.
    async fn close_gaps(&self, run_id: i64) -> Result<(), Error> {
        let failed = Error::database("counting files anew");
        let gaps: Option<bool> = sqlx::query_scalar("SELECT gaps FROM runs WHERE id = ?")
            .bind(run_id)
            .fetch_optional(&self.pool)
            .await
            .map_err(&failed)?;
        if gaps != Some(true) {
            return Ok(());
        }
        let mut step = self.pool.begin().await.map_err(&failed)?;
        sqlx::query(
            "UPDATE files SET position = dense.position
             FROM (SELECT id, row_number() OVER (ORDER BY position) AS position
                   FROM files WHERE run_id = ?1 AND position > 0) AS dense
             WHERE files.id = dense.id AND files.position <> dense.position",
        )
        .bind(run_id)
        .execute(&mut *step)
        .await
        .map_err(&failed)?;
        sqlx::query("UPDATE runs SET gaps = 0 WHERE id = ?")
            .bind(run_id)
            .execute(&mut *step)
            .await
            .map_err(&failed)?;
        step.commit().await.map_err(failed)
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// SQLite counts in signed numbers; nothing that is stored comes near their end.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A pattern of `MySQL` for names in lower case, as `SQLite` reads it.
fn folded_pattern(pattern: &str) -> String {
    let mut pattern = pattern.to_lowercase();
    // MySQL takes a backslash at the very end literally; to SQLite it would be half an escape.
    if pattern.chars().rev().take_while(|&last| last == '\\').count() % 2 == 1 {
        pattern.push('\\');
    }
    pattern
}

/// A list as one bound value, for `json_each`.
fn json(list: &impl Serialize) -> String {
    serde_json::to_string(list).unwrap_or_default()
}
