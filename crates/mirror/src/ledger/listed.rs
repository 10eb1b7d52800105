//! What a listing changes.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::AssertSqlSafe;
use wandb_client::RunPath;

use super::batches::Push as _;
use super::rows::Of;
use super::{Ledger, LedgerError, Task, now, on};
use crate::State;

/// A file as the server lists it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) file_id: Option<String>,
    pub(crate) size: i64,
    pub(crate) md5: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) key: String,
    /// The batch that moves it.
    pub(crate) batch: i64,
}

/// A file as the ledger knows it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) size: i64,
    pub(crate) md5: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) state: State,
    /// Whether a task is to move it already.
    pub(crate) queued: bool,
}

/// A piece of work for the queue.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NewBatch {
    pub(crate) id: i64,
}

impl Ledger {
    /// The number of the mirror of `server` at `destination`.
    pub(crate) async fn mirror(&self, server: &str, destination: &str) -> Result<i64, LedgerError> {
        let made = on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO wbf_mirrors (server, destination) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            )
            .bind(server)
            .bind(destination)
            .execute(pool)
            .await
            .map(drop)
        });
        made.map_err(|error| self.error("write to", error))?;
        let found = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT id FROM wbf_mirrors WHERE server = $1 AND destination = $2")
                .bind(server)
                .bind(destination)
                .fetch_one(pool)
                .await
        });
        found.map_err(|error| self.error("read", error))
    }

    /// The number of a run of a mirror.
    pub(crate) async fn run(&self, mirror: i64, run: &RunPath) -> Result<i64, LedgerError> {
        let made = on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO wbf_runs (mirror, entity, project, run) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(mirror)
            .bind(run.entity())
            .bind(run.project())
            .bind(run.run())
            .execute(pool)
            .await
            .map(drop)
        });
        made.map_err(|error| self.error("write to", error))?;
        Ok(self.known_run(mirror, run).await?.unwrap_or_default())
    }

    /// The number of a run of a mirror, if the ledger has it.
    pub(crate) async fn known_run(&self, mirror: i64, run: &RunPath) -> Result<Option<i64>, LedgerError> {
        let found = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT id FROM wbf_runs WHERE mirror = $1 AND entity = $2 AND project = $3 AND run = $4",
            )
            .bind(mirror)
            .bind(run.entity())
            .bind(run.project())
            .bind(run.run())
            .fetch_optional(pool)
            .await
        });
        found.map_err(|error| self.error("read", error))
    }

    /// The other server whose run of the same path this mirror's destination holds, if there is one: both have the same keys.
    pub(crate) async fn other_server_of(
        &self,
        mirror: i64,
        run: &RunPath,
    ) -> Result<Option<String>, LedgerError> {
        let found = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT other.server FROM wbf_mirrors m JOIN wbf_mirrors other ON other.destination = m.destination
                 JOIN wbf_runs r ON r.mirror = other.id
                 WHERE m.id = $1 AND other.id <> m.id AND r.entity = $2 AND r.project = $3 AND r.run = $4 LIMIT 1",
            )
            .bind(mirror)
            .bind(run.entity())
            .bind(run.project())
            .bind(run.run())
            .fetch_optional(pool)
            .await
        });
        found.map_err(|error| self.error("read", error))
    }

    /// What is known of those files of a run.
    pub(crate) async fn known(
        &self,
        run: i64,
        names: &[&str],
    ) -> Result<HashMap<String, Known>, LedgerError> {
        type Row = (String, i64, Option<String>, Option<String>, String, Option<i64>);
        let names: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({ "name": name }))
            .collect();
        let statement = format!(
            // CROSS, so that SQLite goes through the names and looks each of them up, and not through all names for each file.
            "SELECT f.name, f.size, f.md5, f.updated_at, f.state, f.batch FROM {} CROSS JOIN wbf_files f WHERE f.run = $2 AND f.name = r.name",
            self.db.rows(&[("name", Of::Text)])
        );
        let rows: Result<Vec<Row>, _> = on!(&self.db, pool => {
            sqlx::query_as(AssertSqlSafe(statement))
                .bind(serde_json::Value::from(names).to_string())
                .bind(run)
                .fetch_all(pool)
                .await
        });
        let rows = rows.map_err(|error| self.error("read", error))?;
        rows.into_iter()
            .map(|(name, size, md5, updated_at, state, batch)| {
                let state = state.parse().map_err(|error| self.misread(&error))?;
                let known = Known {
                    size,
                    md5,
                    updated_at,
                    state,
                    queued: batch.is_some(),
                };
                Ok((name, known))
            })
            .collect()
    }

    /// Notes files that are new or changed, and queues what moves them: all of it, or nothing. What another process has queued
    /// meanwhile stays with it.
    pub(crate) async fn enqueue(
        &self,
        queue: &str,
        run: i64,
        files: &[Listed],
        batches: &[NewBatch],
    ) -> Result<(), LedgerError> {
        if files.is_empty() {
            return Ok(());
        }
        let files_statement = format!(
            "INSERT INTO wbf_files (run, name, file_id, size, md5, updated_at, key, state, batch)
             SELECT $2, name, file_id, size, md5, updated_at, key, 'pending', batch FROM {} WHERE true
             ON CONFLICT (run, name) DO UPDATE SET file_id = excluded.file_id, size = excluded.size, md5 = excluded.md5,
                 updated_at = excluded.updated_at, key = excluded.key, state = 'pending', batch = excluded.batch,
                 tries = 0, error = NULL
             WHERE wbf_files.batch IS NULL",
            self.db.rows(&[
                ("name", Of::Text),
                ("file_id", Of::Text),
                ("size", Of::Number),
                ("md5", Of::Text),
                ("updated_at", Of::Text),
                ("key", Of::Text),
                ("batch", Of::Number),
            ])
        );
        let batches_statement = format!(
            "INSERT INTO wbf_batches (id, run) SELECT id, $2 FROM {}",
            self.db.rows(&[("id", Of::Number)])
        );
        let files = self.json(files)?;
        let new = self.json(batches)?;
        let tasks: Vec<Task> = batches.iter().map(|batch| Task { batch: batch.id }).collect();
        let done = on!(&self.db, pool => {
            async {
                let mut transaction = pool.begin().await?;
                sqlx::query(AssertSqlSafe(batches_statement))
                    .bind(new)
                    .bind(run)
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query(AssertSqlSafe(files_statement))
                    .bind(files)
                    .bind(run)
                    .execute(&mut *transaction)
                    .await?;
                transaction.push(queue, &tasks).await?;
                transaction.commit().await
            }
            .await
        });
        done.map_err(|error| self.error("write to", error))
    }

    /// Notes that a run's files were listed to the end.
    pub(crate) async fn listed(&self, run: i64) -> Result<(), LedgerError> {
        let done = on!(&self.db, pool => {
            sqlx::query("UPDATE wbf_runs SET listed_at = $2 WHERE id = $1")
                .bind(run)
                .bind(now())
                .execute(pool)
                .await
                .map(drop)
        });
        done.map_err(|error| self.error("write to", error))
    }

    /// The names and keys of a run's files that the server had when they were last listed.
    pub(crate) async fn present(&self, run: i64) -> Result<Vec<(String, String)>, LedgerError> {
        let rows = on!(&self.db, pool => {
            sqlx::query_as("SELECT name, key FROM wbf_files WHERE run = $1 AND state <> 'gone'")
                .bind(run)
                .fetch_all(pool)
                .await
        });
        rows.map_err(|error| self.error("read", error))
    }

    /// How many of a run's files the server had when they were last listed.
    pub(crate) async fn count_present(&self, run: i64) -> Result<i64, LedgerError> {
        let count = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT count(*) FROM wbf_files WHERE run = $1 AND state <> 'gone'")
                .bind(run)
                .fetch_one(pool)
                .await
        });
        count.map_err(|error| self.error("read", error))
    }

    /// Files that were gone when they were listed last: what `--delete` is to take away that an earlier call left.
    pub(crate) async fn gone(&self, run: i64) -> Result<Vec<(String, String)>, LedgerError> {
        let rows = on!(&self.db, pool => {
            sqlx::query_as("SELECT name, key FROM wbf_files WHERE run = $1 AND state = 'gone'")
                .bind(run)
                .fetch_all(pool)
                .await
        });
        rows.map_err(|error| self.error("read", error))
    }

    /// Notes that the server has these files of a run no more.
    pub(crate) async fn mark_gone(&self, run: i64, names: &[String]) -> Result<(), LedgerError> {
        let change = "UPDATE wbf_files SET state = 'gone', batch = NULL";
        self.of_names(change, run, names).await
    }

    /// Forgets these files of a run.
    pub(crate) async fn forget(&self, run: i64, names: &[String]) -> Result<(), LedgerError> {
        self.of_names("DELETE FROM wbf_files", run, names).await
    }

    /// Notes that files of a run are not at the destination as they should be, so that the next plan queues them.
    pub(crate) async fn mark_damaged(&self, run: i64, files: &[(String, String)]) -> Result<(), LedgerError> {
        let rows: Vec<_> = files
            .iter()
            .map(|(name, why)| serde_json::json!({ "name": name, "why": why }))
            .collect();
        let statement = format!(
            "UPDATE wbf_files AS f SET state = 'failed', error = r.why FROM {}
             WHERE f.run = $2 AND f.name = r.name AND f.state = 'done'",
            self.db.rows(&[("name", Of::Text), ("why", Of::Text)])
        );
        self.execute(statement, run, serde_json::Value::from(rows).to_string())
            .await
    }

    async fn of_names(&self, change: &str, run: i64, names: &[String]) -> Result<(), LedgerError> {
        let names: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({ "name": name }))
            .collect();
        let rows = self.db.rows(&[("name", Of::Text)]);
        let statement = format!("{change} WHERE run = $2 AND name IN (SELECT r.name FROM {rows})");
        self.execute(statement, run, serde_json::Value::from(names).to_string())
            .await
    }

    async fn execute(&self, statement: String, run: i64, rows: String) -> Result<(), LedgerError> {
        let done = on!(&self.db, pool => {
            sqlx::query(AssertSqlSafe(statement))
                .bind(rows)
                .bind(run)
                .execute(pool)
                .await
                .map(drop)
        });
        done.map_err(|error| self.error("write to", error))
    }

    /// The runs of a project that the ledger has.
    pub(crate) async fn runs_of(
        &self,
        mirror: i64,
        entity: &str,
        project: &str,
    ) -> Result<Vec<(i64, String)>, LedgerError> {
        let rows = on!(&self.db, pool => {
            sqlx::query_as("SELECT id, run FROM wbf_runs WHERE mirror = $1 AND entity = $2 AND project = $3")
                .bind(mirror)
                .bind(entity)
                .bind(project)
                .fetch_all(pool)
                .await
        });
        rows.map_err(|error| self.error("read", error))
    }

    pub(crate) fn json(&self, rows: &(impl Serialize + ?Sized)) -> Result<String, LedgerError> {
        serde_json::to_string(rows).map_err(|error| self.misread(&error))
    }
}
