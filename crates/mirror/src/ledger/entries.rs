//! The ledger, line by line.

use std::collections::VecDeque;

use futures::stream::{BoxStream, StreamExt as _};
use serde::Serialize;
use wandb_client::RunPath;

use super::{Ledger, LedgerError, on};
use crate::{Entry, State};

/// So many lines are read at once.
const AT_ONCE: i64 = 5_000;

/// The lines of a ledger, from [`Ledger::entries`], in the order of runs and names.
pub type LedgerEntries = BoxStream<'static, Result<Entry, LedgerError>>;

/// Why some files could not be moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// The entity of the run.
    pub entity: String,
    /// The project of the run.
    pub project: String,
    /// The id of the run.
    pub run: String,
    /// The file's name.
    pub name: String,
    /// How often moving it was tried.
    pub tries: u32,
    /// Why it failed.
    pub error: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    run_number: i64,
    entity: String,
    project: String,
    run: String,
    name: String,
    file_id: Option<String>,
    size: i64,
    md5: Option<String>,
    updated_at: Option<String>,
    destination: String,
    key: String,
    state: String,
    tries: i64,
    error: Option<String>,
    etag: Option<String>,
    moved_at: Option<i64>,
}

const SELECT: &str =
    "SELECT f.run AS run_number, r.entity, r.project, r.run, f.name, f.file_id, f.size, f.md5, f.updated_at,
        m.destination, f.key, f.state, f.tries, f.error, f.etag, f.moved_at
    FROM wbf_files f JOIN wbf_runs r ON r.id = f.run JOIN wbf_mirrors m ON m.id = r.mirror";

impl Ledger {
    /// All lines, some thousand at a time: in the order of runs and names, of one destination or of all.
    #[must_use]
    pub fn entries(&self, destination: Option<&str>) -> LedgerEntries {
        self.entries_that("", destination)
    }

    /// The lines of all files that could not be moved, in the same way. [`failures`](Self::failures) has the first of them.
    #[must_use]
    pub fn failed_entries(&self, destination: Option<&str>) -> LedgerEntries {
        // In words, not as a parameter: so PostgreSQL sees that an index has them.
        self.entries_that("f.state = 'failed' AND", destination)
    }

    fn entries_that(&self, condition: &'static str, destination: Option<&str>) -> LedgerEntries {
        let reader = Reader {
            ledger: self.clone(),
            condition,
            destination: destination.map(str::to_owned),
            after: Some((i64::MIN, String::new())),
            read: VecDeque::new(),
        };
        futures::stream::try_unfold(reader, async |mut reader| {
            Ok(reader.next().await?.map(|entry| (entry, reader)))
        })
        .boxed()
    }

    /// The files that could not be moved, at most `limit` of them.
    ///
    /// # Errors
    /// [`LedgerError`]: the ledger cannot be read.
    pub async fn failures(&self, limit: u32) -> Result<Vec<Failure>, LedgerError> {
        self.failures_of(None, limit).await
    }

    /// The files that could not be moved to this destination, at most `limit` of them.
    ///
    /// # Errors
    /// [`LedgerError`]: the ledger cannot be read.
    pub async fn failures_at(&self, destination: &str, limit: u32) -> Result<Vec<Failure>, LedgerError> {
        self.failures_of(Some(destination), limit).await
    }

    async fn failures_of(&self, destination: Option<&str>, limit: u32) -> Result<Vec<Failure>, LedgerError> {
        type Failed = (String, String, String, String, i64, Option<String>);
        let rows: Result<Vec<Failed>, _> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT r.entity, r.project, r.run, f.name, f.tries, f.error FROM wbf_files f
                 JOIN wbf_runs r ON r.id = f.run JOIN wbf_mirrors m ON m.id = r.mirror
                 WHERE f.state = 'failed' AND ($2 IS NULL OR m.destination = $2) ORDER BY f.run, f.name LIMIT $1",
            )
            .bind(i64::from(limit))
            .bind(destination)
            .fetch_all(pool)
            .await
        });
        let rows = rows.map_err(|error| self.error("read", error))?;
        Ok(rows
            .into_iter()
            .map(|(entity, project, run, name, tries, error)| Failure {
                entity,
                project,
                run,
                name,
                tries: u32::try_from(tries).unwrap_or(u32::MAX),
                error: error.unwrap_or_default(),
            })
            .collect())
    }
}

/// What the ledger has of a file of a run that is known.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) md5: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) key: String,
    pub(crate) state: State,
    pub(crate) error: Option<String>,
    pub(crate) etag: Option<String>,
}

impl Ledger {
    /// The runs of a mirror.
    pub(crate) async fn runs(&self, mirror: i64) -> Result<Vec<(i64, RunPath)>, LedgerError> {
        let rows: Result<Vec<(i64, String, String, String)>, _> = on!(&self.db, pool => {
            sqlx::query_as("SELECT id, entity, project, run FROM wbf_runs WHERE mirror = $1 ORDER BY id DESC")
                .bind(mirror)
                .fetch_all(pool)
                .await
        });
        let rows = rows.map_err(|error| self.error("read", error))?;
        Ok(rows
            .into_iter()
            .map(|(id, entity, project, run)| (id, RunPath::new(entity, project, run)))
            .collect())
    }

    /// The lines of a run.
    pub(crate) async fn lines(&self, run: i64) -> Result<Vec<Line>, LedgerError> {
        type OfRun = (
            String,
            i64,
            Option<String>,
            Option<String>,
            String,
            String,
            Option<String>,
            Option<String>,
        );
        let rows: Result<Vec<OfRun>, _> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT name, size, md5, updated_at, key, state, error, etag FROM wbf_files WHERE run = $1 ORDER BY name",
            )
            .bind(run)
            .fetch_all(pool)
            .await
        });
        let rows = rows.map_err(|error| self.error("read", error))?;
        rows.into_iter()
            .map(|(name, size, md5, updated_at, key, state, error, etag)| {
                Ok(Line {
                    name,
                    size: size.unsigned_abs(),
                    md5,
                    updated_at,
                    key,
                    state: state.parse().map_err(|error| self.misread(&error))?,
                    error,
                    etag,
                })
            })
            .collect()
    }

    /// The mirrors of this ledger: server and destination of each.
    ///
    /// # Errors
    /// [`LedgerError`]: the ledger cannot be read.
    pub async fn mirrors(&self) -> Result<Vec<(String, String)>, LedgerError> {
        let rows = on!(&self.db, pool => {
            sqlx::query_as("SELECT server, destination FROM wbf_mirrors ORDER BY id").fetch_all(pool).await
        });
        rows.map_err(|error| self.error("read", error))
    }
}

struct Reader {
    ledger: Ledger,
    condition: &'static str,
    destination: Option<String>,
    /// The last line that was read; `None` once there are no more.
    after: Option<(i64, String)>,
    read: VecDeque<Row>,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Entry>, LedgerError> {
        if self.read.is_empty() {
            self.fill().await?;
        }
        let Some(line) = self.read.pop_front() else {
            return Ok(None);
        };
        let state: State = line.state.parse().map_err(|error| self.ledger.misread(&error))?;
        Ok(Some(Entry {
            entity: line.entity,
            project: line.project,
            run: line.run,
            name: line.name,
            file_id: line.file_id,
            size: line.size.unsigned_abs(),
            md5: line.md5,
            updated_at: line.updated_at,
            destination: line.destination,
            key: line.key,
            state,
            tries: u32::try_from(line.tries).unwrap_or(u32::MAX),
            error: line.error,
            etag: line.etag,
            moved_at: line.moved_at,
        }))
    }

    async fn fill(&mut self) -> Result<(), LedgerError> {
        let Some((run, name)) = self.after.take() else {
            return Ok(());
        };
        let condition = self.condition;
        let lines: Result<Vec<Row>, _> = on!(&self.ledger.db, pool => {
            sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "{SELECT} WHERE {condition} (f.run, f.name) > ($1, $2) AND ($3 IS NULL OR m.destination = $3)
                 ORDER BY f.run, f.name LIMIT $4"
            )))
            .bind(run)
            .bind(name)
            .bind(self.destination.as_deref())
            .bind(AT_ONCE)
            .fetch_all(pool)
            .await
        });
        self.read = lines.map_err(|error| self.ledger.error("read", error))?.into();
        self.after = self.read.back().map(|line| (line.run_number, line.name.clone()));
        Ok(())
    }
}
