//! Pieces of work: files of one run that one task of the queue moves.

use std::fmt;

use apalis::prelude::TaskBuilder;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};
use wandb_client::RunPath;

use super::{Db, Ledger, LedgerError, now, on};

/// A task is tried again until its files are dealt with: each of them keeps count of its own tries.
const ATTEMPTS: usize = 1_000_000;

/// In minutes.
const DAY: i64 = 24 * 60;

/// What the queue holds of a batch: its number, under which the ledger has the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) batch: i64,
}

impl Task {
    fn payload<T: From<Vec<u8>>>(self) -> Result<T, sqlx::Error> {
        match serde_json::to_vec(&self) {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => Err(sqlx::Error::Encode(Box::new(error))),
        }
    }
}

/// A connection to a database with apalis' tables.
pub(super) trait Push {
    /// Queues tasks within what transaction there is.
    async fn push(&mut self, queue: &str, tasks: &[Task]) -> Result<(), sqlx::Error>;
}

impl Push for SqliteConnection {
    async fn push(&mut self, queue: &str, tasks: &[Task]) -> Result<(), sqlx::Error> {
        let mut built = Vec::with_capacity(tasks.len());
        for task in tasks {
            built.push(TaskBuilder::new(task.payload()?).max_attempts(ATTEMPTS).build());
        }
        apalis_sqlite::queries::push_tasks(self, queue, &built)
            .await
            .map_err(|error| match error {
                apalis_sqlite::Error::Database(error) => error,
                error => sqlx::Error::Protocol(error.to_string()),
            })
    }
}

impl Push for PgConnection {
    async fn push(&mut self, queue: &str, tasks: &[Task]) -> Result<(), sqlx::Error> {
        let mut built = Vec::with_capacity(tasks.len());
        for task in tasks {
            built.push(TaskBuilder::new(task.payload()?).max_attempts(ATTEMPTS).build());
        }
        apalis_postgres::queries::push_tasks(self, queue, built)
            .await
            .map_err(|error| match error {
                apalis_postgres::Error::Database(error) => error,
                error => sqlx::Error::Protocol(error.to_string()),
            })
    }
}

/// A batch that this process works on.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) batch: i64,
    /// What tells this process from another one that takes the batch over.
    pub(crate) holder: i64,
    pub(crate) mirror: i64,
    pub(crate) destination: String,
    pub(crate) run: i64,
    pub(crate) path: RunPath,
    /// Names and keys.
    pub(crate) files: Vec<(String, String)>,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "batch {} of {} files of {}",
            self.batch,
            self.files.len(),
            self.path
        )
    }
}

impl Ledger {
    /// Takes a batch, from whoever had it. `None` if nothing of it is left to do.
    pub(crate) async fn take(&self, batch: i64) -> Result<Option<Taken>, LedgerError> {
        type Row = (i64, i64, String, String, String, String);
        let holder = fastrand::i64(1..);
        let taken = on!(&self.db, pool => {
            sqlx::query("UPDATE wbf_batches SET holder = $2 WHERE id = $1")
                .bind(batch)
                .bind(holder)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        });
        if taken.map_err(|error| self.error("write to", error))? == 0 {
            return Ok(None);
        }
        let found: Result<Option<Row>, _> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT r.id, m.id, m.destination, r.entity, r.project, r.run
                 FROM wbf_batches b JOIN wbf_runs r ON r.id = b.run JOIN wbf_mirrors m ON m.id = r.mirror
                 WHERE b.id = $1",
            )
            .bind(batch)
            .fetch_optional(pool)
            .await
        });
        let Some((run, mirror, destination, entity, project, name)) =
            found.map_err(|error| self.error("read", error))?
        else {
            return Ok(None);
        };
        let files = on!(&self.db, pool => {
            sqlx::query_as("SELECT name, key FROM wbf_files WHERE batch = $1 AND state = 'pending'")
                .bind(batch)
                .fetch_all(pool)
                .await
        });
        Ok(Some(Taken {
            batch,
            holder,
            mirror,
            destination,
            run,
            path: RunPath::new(entity, project, name),
            files: files.map_err(|error| self.error("read", error))?,
        }))
    }

    /// Frees the files of batches that the queue has no task for (any more), so that they are queued anew when they are listed;
    /// and forgets tasks that are done, workers that are long gone, and how much was moved before yesterday.
    pub(crate) async fn tidy(&self, queue: &str) -> Result<(), LedgerError> {
        let (batch_of, tasks, workers, seen) = match &self.db {
            Db::Sqlite(_) => (
                "CAST(job AS TEXT) ->> 'batch'",
                "Jobs",
                "Workers",
                "last_seen < unixepoch() - 86400",
            ),
            Db::Postgres(_) => (
                "(convert_from(job, 'UTF8')::json ->> 'batch')::bigint",
                "apalis.jobs",
                "apalis.workers",
                "last_seen < now() - interval '1 day'",
            ),
        };
        let of_queue = [
            format!(
                "DELETE FROM wbf_batches WHERE id NOT IN (
                     SELECT {batch_of} FROM {tasks} WHERE job_type = $1 AND status NOT IN ('Done', 'Killed')
                 ) AND run IN (
                     SELECT r.id FROM wbf_runs r JOIN wbf_mirrors m ON m.id = r.mirror WHERE 'wbf-mirror ' || m.server = $1
                 )"
            ),
            format!("DELETE FROM {tasks} WHERE job_type = $1 AND status IN ('Done', 'Killed')"),
            format!(
                "DELETE FROM {workers} WHERE worker_type = $1 AND {seen}
                     AND id NOT IN (SELECT lock_by FROM {tasks} WHERE lock_by IS NOT NULL)"
            ),
        ];
        let freed = "UPDATE wbf_files SET batch = NULL
             WHERE batch IS NOT NULL AND NOT EXISTS (SELECT 1 FROM wbf_batches b WHERE b.id = wbf_files.batch)";
        let done: Result<(), sqlx::Error> = on!(&self.db, pool => {
            async {
                let mut transaction = pool.begin().await?;
                for statement in of_queue {
                    sqlx::query(AssertSqlSafe(statement)).bind(queue).execute(&mut *transaction).await?;
                }
                sqlx::query(freed).execute(&mut *transaction).await?;
                sqlx::query("DELETE FROM wbf_moved WHERE minute < $1")
                    .bind(now() / 60_000 - DAY)
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await
            }
            .await
        });
        done.map_err(|error| self.error("write to", error))
    }

    /// Forgets a batch that is done with, unless another has taken it over.
    pub(crate) async fn close(&self, batch: &Taken) -> Result<(), LedgerError> {
        let done = on!(&self.db, pool => {
            sqlx::query("DELETE FROM wbf_batches WHERE id = $1 AND holder = $2")
                .bind(batch.batch)
                .bind(batch.holder)
                .execute(pool)
                .await
                .map(drop)
        });
        done.map_err(|error| self.error("write to", error))
    }

    /// Whether a batch is still this process's.
    pub(crate) async fn holds_batch(&self, batch: &Taken) -> Result<bool, LedgerError> {
        let holder: Result<Option<Option<i64>>, _> = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT holder FROM wbf_batches WHERE id = $1")
                .bind(batch.batch)
                .fetch_optional(pool)
                .await
        });
        let holder = holder.map_err(|error| self.error("read", error))?;
        Ok(holder.flatten() == Some(batch.holder))
    }

    /// Whether anything of a server is to be done.
    pub(crate) async fn is_busy(&self, server: &str) -> Result<bool, LedgerError> {
        let found: Result<Option<i64>, _> = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT b.id FROM wbf_batches b JOIN wbf_runs r ON r.id = b.run JOIN wbf_mirrors m ON m.id = r.mirror
                 WHERE m.server = $1 LIMIT 1",
            )
            .bind(server)
            .fetch_optional(pool)
            .await
        });
        Ok(found.map_err(|error| self.error("read", error))?.is_some())
    }

    /// Whether anything of one mirror is to be done.
    pub(crate) async fn is_mirror_busy(&self, mirror: i64) -> Result<bool, LedgerError> {
        let found: Result<Option<i64>, _> = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT b.id FROM wbf_batches b JOIN wbf_runs r ON r.id = b.run WHERE r.mirror = $1 LIMIT 1",
            )
            .bind(mirror)
            .fetch_optional(pool)
            .await
        });
        Ok(found.map_err(|error| self.error("read", error))?.is_some())
    }
}
