//! What became of files that were moved.

use std::collections::HashSet;

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::rows::Of;
use super::{Ledger, LedgerError, now, on};

/// What became of a file, and of which batch.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome {
    pub(crate) mirror: i64,
    pub(crate) run: i64,
    pub(crate) name: String,
    pub(crate) batch: i64,
    pub(crate) holder: i64,
    pub(crate) fate: Fate,
}

/// What became of a file.
#[derive(Debug, Clone, Serialize)]
pub(crate) enum Fate {
    /// It is at the destination, as it was listed when it was moved.
    Moved {
        file_id: Option<String>,
        size: i64,
        md5: Option<String>,
        updated_at: Option<String>,
        etag: Option<String>,
    },
    /// It could not be moved.
    Failed(String),
    /// The server has it no more.
    Gone,
}

/// An outcome as the statement takes it.
#[derive(Serialize)]
struct Row<'a> {
    n: usize,
    run: i64,
    name: &'a str,
    batch: i64,
    holder: i64,
    state: &'static str,
    file_id: Option<&'a str>,
    size: Option<i64>,
    md5: Option<&'a str>,
    updated_at: Option<&'a str>,
    etag: Option<&'a str>,
    error: Option<String>,
    moved_at: Option<i64>,
}

impl<'a> Row<'a> {
    fn new(n: usize, outcome: &'a Outcome, now: i64) -> Self {
        let row = Self {
            n,
            run: outcome.run,
            name: &outcome.name,
            batch: outcome.batch,
            holder: outcome.holder,
            state: "done",
            file_id: None,
            size: None,
            md5: None,
            updated_at: None,
            etag: None,
            error: None,
            moved_at: None,
        };
        match &outcome.fate {
            Fate::Moved {
                file_id,
                size,
                md5,
                updated_at,
                etag,
            } => Self {
                file_id: file_id.as_deref(),
                size: Some(*size),
                md5: md5.as_deref(),
                updated_at: updated_at.as_deref(),
                etag: etag.as_deref(),
                moved_at: Some(now),
                ..row
            },
            Fate::Failed(error) => Self {
                state: "failed",
                // PostgreSQL has no place for this character, which may stand in what a server answered.
                error: Some(error.replace('\0', "\u{fffd}")),
                ..row
            },
            Fate::Gone => Self { state: "gone", ..row },
        }
    }
}

const COLUMNS: &[(&str, Of)] = &[
    ("n", Of::Number),
    ("run", Of::Number),
    ("name", Of::Text),
    ("batch", Of::Number),
    ("holder", Of::Number),
    ("state", Of::Text),
    ("file_id", Of::Text),
    ("size", Of::Number),
    ("md5", Of::Text),
    ("updated_at", Of::Text),
    ("etag", Of::Text),
    ("error", Of::Text),
    ("moved_at", Of::Number),
];

impl Ledger {
    /// Notes what became of files, all together, and says of each whether its batch was still this process's.
    pub(crate) async fn record(&self, worker: &str, outcomes: &[Outcome]) -> Result<Vec<bool>, LedgerError> {
        let now = now();
        let rows: Vec<Row<'_>> = outcomes
            .iter()
            .enumerate()
            .map(|(n, outcome)| Row::new(n, outcome, now))
            .collect();
        // What is known of a moved file is what was moved; a file that failed keeps what was listed of it.
        let statement = format!(
            "UPDATE wbf_files AS f SET state = r.state, batch = NULL, tries = f.tries + 1, error = r.error,
                 file_id = COALESCE(r.file_id, f.file_id), size = COALESCE(r.size, f.size),
                 md5 = CASE WHEN r.state = 'done' THEN r.md5 ELSE f.md5 END,
                 updated_at = CASE WHEN r.state = 'done' THEN r.updated_at ELSE f.updated_at END,
                 etag = COALESCE(r.etag, f.etag), moved_at = COALESCE(r.moved_at, f.moved_at)
             FROM {}
             WHERE f.run = r.run AND f.name = r.name AND f.batch = r.batch
                 AND EXISTS (SELECT 1 FROM wbf_batches AS b WHERE b.id = r.batch AND b.holder = r.holder)
             RETURNING {}",
            self.db.rows(COLUMNS),
            self.db.returned(),
        );
        let json = self.json(&rows)?;
        let done: Result<Vec<(i64, String)>, sqlx::Error> = on!(&self.db, pool => {
            async {
                let mut transaction = pool.begin().await?;
                let held: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(statement))
                    .bind(json)
                    .fetch_all(&mut *transaction)
                    .await?;
                for (mirror, files, bytes) in moved(outcomes, &held) {
                    sqlx::query(
                        "INSERT INTO wbf_moved AS m (mirror, minute, worker, files, bytes) VALUES ($1, $2, $3, $4, $5)
                         ON CONFLICT (mirror, minute, worker)
                         DO UPDATE SET files = m.files + excluded.files, bytes = m.bytes + excluded.bytes",
                    )
                    .bind(mirror)
                    .bind(now / 60_000)
                    .bind(worker)
                    .bind(files)
                    .bind(bytes)
                    .execute(&mut *transaction)
                    .await?;
                }
                transaction.commit().await?;
                Ok(held)
            }
            .await
        });
        let held = done.map_err(|error| self.error("write to", error))?;
        let held: HashSet<(i64, &str)> = held.iter().map(|(run, name)| (*run, name.as_str())).collect();
        Ok(outcomes
            .iter()
            .map(|outcome| held.contains(&(outcome.run, outcome.name.as_str())))
            .collect())
    }
}

/// Files and bytes that were moved, for each mirror.
fn moved(outcomes: &[Outcome], held: &[(i64, String)]) -> Vec<(i64, i64, i64)> {
    let held: HashSet<(i64, &str)> = held.iter().map(|(run, name)| (*run, name.as_str())).collect();
    let mut sums: Vec<(i64, i64, i64)> = Vec::new();
    for outcome in outcomes {
        let Fate::Moved { size, .. } = outcome.fate else {
            continue;
        };
        if !held.contains(&(outcome.run, outcome.name.as_str())) {
            continue;
        }
        match sums.iter_mut().find(|(mirror, ..)| *mirror == outcome.mirror) {
            Some((_, files, bytes)) => {
                *files += 1;
                *bytes += size;
            }
            None => sums.push((outcome.mirror, 1, size)),
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use wandb_client::RunPath;

    use super::*;
    use crate::State;
    use crate::ledger::{Db, Listed, NewBatch, Taken};

    fn moved(taken: &Taken, name: &str) -> Outcome {
        Outcome {
            mirror: taken.mirror,
            run: taken.run,
            name: name.to_owned(),
            batch: taken.batch,
            holder: taken.holder,
            fate: Fate::Moved {
                file_id: None,
                size: 7,
                md5: None,
                updated_at: None,
                etag: None,
            },
        }
    }

    fn listed(name: &str) -> Listed {
        Listed {
            name: name.to_owned(),
            file_id: None,
            size: 7,
            md5: None,
            updated_at: None,
            key: name.to_owned(),
            batch: 5,
        }
    }

    #[tokio::test]
    async fn a_task_that_is_lost_frees_its_files_and_what_is_done_is_forgotten() {
        let ledger = Ledger::in_memory().await.unwrap();
        let mirror = ledger.mirror("s", "/mirror").await.unwrap();
        let run = ledger.run(mirror, &RunPath::new("e", "p", "r")).await.unwrap();
        let queue = crate::worker::queue_of("s");
        ledger
            .enqueue(&queue, run, &[listed("a")], &[NewBatch { id: 5 }])
            .await
            .unwrap();
        ledger.tidy(&queue).await.unwrap();
        assert!(ledger.known(run, &["a"]).await.unwrap()["a"].queued);
        ledger.tidy(&crate::worker::queue_of("another")).await.unwrap();
        assert!(ledger.known(run, &["a"]).await.unwrap()["a"].queued);

        let Db::Sqlite(pool) = &ledger.db else {
            panic!("not SQLite")
        };
        sqlx::query("UPDATE Jobs SET status = 'Done'")
            .execute(pool)
            .await
            .unwrap();
        ledger.tidy(&queue).await.unwrap();
        assert!(!ledger.known(run, &["a"]).await.unwrap()["a"].queued);
        assert!(!ledger.is_mirror_busy(mirror).await.unwrap());
        let tasks: i64 = sqlx::query_scalar("SELECT count(*) FROM Jobs")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(tasks, 0);
    }

    #[tokio::test]
    async fn what_two_queue_at_once_is_moved_once() {
        let ledger = Ledger::in_memory().await.unwrap();
        let mirror = ledger.mirror("s", "/mirror").await.unwrap();
        let run = ledger.run(mirror, &RunPath::new("e", "p", "r")).await.unwrap();
        for id in [5, 6] {
            let files = ["a", "b"].map(|name| Listed {
                batch: id,
                ..listed(name)
            });
            let files = if id == 5 { &files[..1] } else { &files };
            ledger
                .enqueue("queue", run, files, &[NewBatch { id }])
                .await
                .unwrap();
        }
        let [first, second] =
            [ledger.take(5).await, ledger.take(6).await].map(|taken| taken.unwrap().unwrap());
        assert_eq!(first.files, [("a".to_owned(), "a".to_owned())]);
        assert_eq!(second.files, [("b".to_owned(), "b".to_owned())]);
    }

    #[tokio::test]
    async fn what_one_reports_that_has_lost_its_batch_does_not_count() {
        let ledger = Ledger::in_memory().await.unwrap();
        let mirror = ledger.mirror("http://server", "/mirror").await.unwrap();
        let run = ledger.run(mirror, &RunPath::new("e", "p", "r")).await.unwrap();
        let files = [listed("a"), listed("b")];
        ledger
            .enqueue("queue", run, &files, &[NewBatch { id: 5 }])
            .await
            .unwrap();
        let first = ledger.take(5).await.unwrap().unwrap();
        assert_eq!(ledger.record("w", &[moved(&first, "a")]).await.unwrap(), [true]);
        let second = ledger.take(5).await.unwrap().unwrap();
        assert_eq!(second.files, [("b".to_owned(), "b".to_owned())]);
        assert_eq!(ledger.record("w", &[moved(&first, "b")]).await.unwrap(), [false]);
        assert!(!ledger.holds_batch(&first).await.unwrap() && ledger.holds_batch(&second).await.unwrap());
        ledger.close(&first).await.unwrap();
        assert!(ledger.is_mirror_busy(mirror).await.unwrap());
        assert_eq!(ledger.record("w", &[moved(&second, "b")]).await.unwrap(), [true]);
        ledger.close(&second).await.unwrap();
        assert!(!ledger.is_mirror_busy(mirror).await.unwrap());
        assert!(ledger.take(5).await.unwrap().is_none());
        let status = ledger.status().await.unwrap();
        assert_eq!(
            (status.counts.done.files, status.counts.done.bytes, status.workers),
            (2, 14, 1)
        );
        for line in ledger.lines(run).await.unwrap() {
            assert_eq!(line.state, State::Done);
        }
    }
}
