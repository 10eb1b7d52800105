//! Runs by filter and order, and sweeps.

use super::{RunRow, Store, Window, json};
use crate::Error;
use sqlx::FromRow;

/// What filters and orders look at of a run.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct RunBrief {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) state: String,
    pub(crate) tags: String,
    pub(crate) run_group: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) sweep: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: Option<i64>,
    pub(crate) heartbeat_at: Option<i64>,
    pub(crate) config: Option<String>,
    pub(crate) summary: Option<String>,
}

/// Fields of a run that only the server itself sets; None leaves a field as it is.
#[derive(Debug, Default)]
pub(crate) struct RunOrigin {
    pub(crate) username: Option<String>,
    pub(crate) created_at: Option<i64>,
    pub(crate) updated_at: Option<i64>,
    pub(crate) heartbeat_at: Option<i64>,
}

#[derive(Clone, Debug, Default, FromRow)]
pub(crate) struct SweepRow {
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) method: String,
    pub(crate) state: String,
    pub(crate) config: String,
    pub(crate) best_loss: Option<f64>,
    pub(crate) run_count_expected: Option<i32>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: Option<i64>,
    pub(crate) run_count: i32,
}

impl Store {
    /// Runs by the time at which they were made.
    pub(crate) async fn runs_by_age(
        &self,
        project_id: i64,
        newest_first: bool,
        window: Window,
    ) -> Result<Vec<RunRow>, Error> {
        let statement = if newest_first {
            "SELECT * FROM runs WHERE project_id = ? ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?"
        } else {
            "SELECT * FROM runs WHERE project_id = ? ORDER BY created_at, id LIMIT ? OFFSET ?"
        };
        sqlx::query_as(statement)
            .bind(project_id)
            .bind(window.take)
            .bind(window.skip)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("listing runs"))
    }

    /// All runs of a project by their age, with the long columns only where they are wanted.
    pub(crate) async fn run_briefs(
        &self,
        project_id: i64,
        with_config: bool,
        with_summary: bool,
    ) -> Result<Vec<RunBrief>, Error> {
        sqlx::query_as(
            "SELECT id, name, display_name, state, tags, run_group, job_type, username, host, sweep,
                created_at, updated_at, heartbeat_at,
                CASE WHEN ?2 THEN config END AS config, CASE WHEN ?3 THEN summary END AS summary
             FROM runs WHERE project_id = ?1 ORDER BY created_at, id",
        )
        .bind(project_id)
        .bind(with_config)
        .bind(with_summary)
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("filtering runs"))
    }

    /// The runs of these numbers, in their order.
    pub(crate) async fn runs_numbered(&self, ids: &[i64]) -> Result<Vec<RunRow>, Error> {
        sqlx::query_as(
            "SELECT runs.* FROM json_each(?) AS wanted JOIN runs ON runs.id = wanted.value ORDER BY wanted.key",
        )
        .bind(json(&ids))
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("listing filtered runs"))
    }

    pub(crate) async fn set_run_origin(&self, id: i64, origin: RunOrigin) -> Result<(), Error> {
        sqlx::query(
            "UPDATE runs SET username = coalesce(?, username), created_at = coalesce(?, created_at),
                updated_at = coalesce(?, updated_at), heartbeat_at = coalesce(?, heartbeat_at)
             WHERE id = ?",
        )
        .bind(origin.username)
        .bind(origin.created_at)
        .bind(origin.updated_at)
        .bind(origin.heartbeat_at)
        .bind(id)
        .execute(&self.pool)
        .await
        .map_err(Error::database("dating a run"))?;
        Ok(())
    }

    /// Adds a sweep, or replaces the one of that name.
    pub(crate) async fn put_sweep(&self, project_id: i64, sweep: SweepRow) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO sweeps (project_id, name, display_name, description, method, state, config, best_loss,
                run_count_expected, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (project_id, name) DO UPDATE SET
                display_name = excluded.display_name, description = excluded.description,
                method = excluded.method, state = excluded.state, config = excluded.config,
                best_loss = excluded.best_loss, run_count_expected = excluded.run_count_expected,
                created_at = excluded.created_at, updated_at = excluded.updated_at",
        )
        .bind(project_id)
        .bind(sweep.name)
        .bind(sweep.display_name)
        .bind(sweep.description)
        .bind(sweep.method)
        .bind(sweep.state)
        .bind(sweep.config)
        .bind(sweep.best_loss)
        .bind(sweep.run_count_expected)
        .bind(sweep.created_at)
        .bind(sweep.updated_at)
        .execute(&self.pool)
        .await
        .map_err(Error::database("adding a sweep"))?;
        Ok(())
    }

    /// Sweeps by their age.
    pub(crate) async fn sweeps(&self, project_id: i64, window: Window) -> Result<Vec<SweepRow>, Error> {
        sqlx::query_as(
            "SELECT * FROM sweeps_with_runs WHERE project_id = ? ORDER BY created_at, id LIMIT ? OFFSET ?",
        )
        .bind(project_id)
        .bind(window.take)
        .bind(window.skip)
        .fetch_all(&self.pool)
        .await
        .map_err(Error::database("listing sweeps"))
    }

    pub(crate) async fn sweep_count(&self, project_id: i64) -> Result<i64, Error> {
        sqlx::query_scalar("SELECT count(*) FROM sweeps WHERE project_id = ?")
            .bind(project_id)
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("counting sweeps"))
    }

    pub(crate) async fn sweep(&self, project_id: i64, name: &str) -> Result<Option<SweepRow>, Error> {
        sqlx::query_as("SELECT * FROM sweeps_with_runs WHERE project_id = ? AND name = ?")
            .bind(project_id)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(Error::database("reading a sweep"))
    }
}
