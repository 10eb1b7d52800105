//! How far mirrors have got.

use serde::Serialize;

use super::{Ledger, LedgerError, now, on};
use crate::State;

/// The minutes that the rate is taken over, the one under way included.
const MINUTES: i64 = 5;

/// How far the mirrors of a ledger have got.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// Files and bytes by what has become of them.
    pub counts: Counts,
    /// Files moved a second, over the last minutes in which any were.
    pub files_per_second: f64,
    /// Bytes moved a second, likewise.
    pub bytes_per_second: f64,
    /// Processes that moved files in the last minutes.
    pub workers: u64,
    /// How long what is pending will take at this rate, in seconds; `None` where nothing moves.
    pub seconds_left: Option<f64>,
    /// How long requests are to wait at the server's word, in seconds: the longest wait of any host.
    pub held_for_seconds: f64,
}

/// Files and bytes by what has become of them.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Counts {
    /// To be moved.
    pub pending: Moved,
    /// At the destination.
    pub done: Moved,
    /// Could not be moved.
    pub failed: Moved,
    /// At the server no more; the destination has those that were moved before.
    pub gone: Moved,
}

/// A number of files, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Counts {
    fn of(&mut self, state: State) -> &mut Moved {
        match state {
            State::Pending => &mut self.pending,
            State::Done => &mut self.done,
            State::Failed => &mut self.failed,
            State::Gone => &mut self.gone,
        }
    }
}

impl Ledger {
    /// How far all mirrors of this ledger have got. It counts all files, which takes a second for some millions.
    ///
    /// # Errors
    /// [`LedgerError`]: the ledger cannot be read.
    pub async fn status(&self) -> Result<Status, LedgerError> {
        self.status_of(None).await
    }

    /// How far the mirrors to this destination have got.
    ///
    /// # Errors
    /// [`LedgerError`]: the ledger cannot be read.
    pub async fn status_at(&self, destination: &str) -> Result<Status, LedgerError> {
        self.status_of(Some(destination)).await
    }

    async fn status_of(&self, destination: Option<&str>) -> Result<Status, LedgerError> {
        let mut status = Status::default();
        let counted: Result<Vec<(String, i64, i64)>, _> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT state, count(*), CAST(COALESCE(sum(size), 0) AS BIGINT) FROM wbf_files
                 WHERE $1 IS NULL OR run IN (
                     SELECT r.id FROM wbf_runs r JOIN wbf_mirrors m ON m.id = r.mirror WHERE m.destination = $1)
                 GROUP BY state",
            )
            .bind(destination)
            .fetch_all(pool)
            .await
        });
        for (state, files, bytes) in counted.map_err(|error| self.error("read", error))? {
            let state = state.parse().map_err(|error| self.misread(&error))?;
            *status.counts.of(state) = Moved {
                files: files.unsigned_abs(),
                bytes: bytes.unsigned_abs(),
            };
        }
        let (files, bytes, workers, first): (i64, i64, i64, Option<i64>) = {
            let row = on!(&self.db, pool => {
                sqlx::query_as(
                    "SELECT CAST(COALESCE(sum(files), 0) AS BIGINT), CAST(COALESCE(sum(bytes), 0) AS BIGINT),
                         count(DISTINCT worker), min(minute) FROM wbf_moved
                     WHERE minute > $1
                         AND ($2 IS NULL OR mirror IN (SELECT id FROM wbf_mirrors WHERE destination = $2))",
                )
                .bind(now() / 60_000 - MINUTES)
                .bind(destination)
                .fetch_one(pool)
                .await
            });
            row.map_err(|error| self.error("read", error))?
        };
        if let Some(first) = first {
            let seconds = ((now() - first * 60_000) as f64 / 1000.0).max(1.0);
            status.files_per_second = files as f64 / seconds;
            status.bytes_per_second = bytes as f64 / seconds;
            status.workers = workers.unsigned_abs();
        }
        let pending = status.counts.pending.files;
        status.seconds_left = match pending {
            0 => Some(0.0),
            _ if status.files_per_second > 0.0 => Some(pending as f64 / status.files_per_second),
            _ => None,
        };
        let until: Result<Option<i64>, _> = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT max(until) FROM wbf_holds").fetch_one(pool).await
        });
        let until = until
            .map_err(|error| self.error("read", error))?
            .unwrap_or_default();
        status.held_for_seconds = ((until - now()).max(0)) as f64 / 1000.0;
        Ok(status)
    }
}
