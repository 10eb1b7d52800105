//! The lines that a run streams while it is under way.

use super::{Store, json};
use crate::Error;

/// A log of a run, which grows line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// What the script logged, a JSON object for each step.
    History,
    /// What the machine was doing, a JSON object for each look at it.
    Events,
    /// What the script printed.
    Console,
}

impl Log {
    /// The log that clients stream under this name of a file.
    pub(crate) fn of(file: &str) -> Option<Self> {
        match file {
            "wandb-history.jsonl" => Some(Self::History),
            "wandb-events.jsonl" => Some(Self::Events),
            "output.log" => Some(Self::Console),
            _ => None,
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Events => "events",
            Self::Console => "console",
        }
    }
}

impl Store {
    /// Writes lines from the `offset`-th on; one that was there already is replaced.
    pub(crate) async fn put_lines(
        &self,
        run_id: i64,
        log: Log,
        offset: i64,
        lines: &[String],
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO run_lines (run_id, log, number, line)
             SELECT ?1, ?2, ?3 + key, value FROM json_each(?4) WHERE true
             ON CONFLICT DO UPDATE SET line = excluded.line",
        )
        .bind(run_id)
        .bind(log.key())
        .bind(offset)
        .bind(json(&lines))
        .execute(&self.pool)
        .await
        .map_err(Error::database("storing what a run logged"))?;
        Ok(())
    }

    /// All lines of a log, in their order.
    pub(crate) async fn lines(&self, run_id: i64, log: Log) -> Result<Vec<String>, Error> {
        sqlx::query_scalar("SELECT line FROM run_lines WHERE run_id = ? AND log = ? ORDER BY number")
            .bind(run_id)
            .bind(log.key())
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("reading what a run logged"))
    }

    /// How many lines a log has.
    pub(crate) async fn line_count(&self, run_id: i64, log: Log) -> Result<i32, Error> {
        sqlx::query_scalar("SELECT count(*) FROM run_lines WHERE run_id = ? AND log = ?")
            .bind(run_id)
            .bind(log.key())
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("counting what a run logged"))
    }

    /// The last line of a log.
    pub(crate) async fn last_line(&self, run_id: i64, log: Log) -> Result<Option<String>, Error> {
        sqlx::query_scalar(
            "SELECT line FROM run_lines WHERE run_id = ? AND log = ? ORDER BY number DESC LIMIT 1",
        )
        .bind(run_id)
        .bind(log.key())
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("reading what a run logged last"))
    }
}
