//! What is known of every file: a database, SQLite or PostgreSQL.

mod batches;
mod entries;
mod holds;
mod listed;
mod progress;
mod record;
mod rows;

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, PgPool, SqlitePool};
use url::Url;

pub(crate) use batches::{Taken, Task};
pub(crate) use entries::Line;
pub use entries::{Failure, LedgerEntries};
pub(crate) use listed::{Known, Listed, NewBatch};
pub use progress::{Counts, Moved, Status};
pub(crate) use record::{Fate, Outcome};

/// Connections of a process: the queue, the listing, and what records.
const CONNECTIONS: u32 = 6;
/// How long a statement may wait for another one's lock on SQLite, which has one writer at a time.
const BUSY: Duration = Duration::from_secs(30);

/// The ledger of mirrors: which file, where it went, when, and how often that was tried; and the queue of what is to be
/// moved. Cheap to clone; the clones share connections.
///
/// SQLite for one process, in a file; PostgreSQL for as many as one likes. The queue of apalis lies in the same database,
/// so that a file is marked and its task queued in one transaction, or neither.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) db: Db,
    address: String,
}

/// A database, and what is said differently to each.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// The same for both databases: `$body` is compiled for each.
macro_rules! on {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::ledger::Db::Sqlite($pool) => $body,
            $crate::ledger::Db::Postgres($pool) => $body,
        }
    };
}
pub(crate) use on;

/// What is wrong with a ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The address names no database that can be used.
    #[error("{address:?} names no ledger: {why}; write a file's path, or postgres://USER@HOST/DATABASE")]
    Address {
        /// The address, without a password.
        address: String,
        /// Why not.
        why: String,
    },
    /// The database cannot be reached or refuses.
    #[error("cannot {doing} the ledger {address}: {source}")]
    Database {
        /// What was attempted.
        doing: &'static str,
        /// The ledger, without a password.
        address: String,
        /// What the database says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What the ledger holds makes no sense to this version.
    #[error("the ledger {address} holds what this version does not understand: {why}")]
    Content {
        /// The ledger, without a password.
        address: String,
        /// What.
        why: String,
    },
}

impl LedgerError {
    /// Whether waiting may help: the database is away, or too busy.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database { source, .. } => source.downcast_ref().is_some_and(is_outage),
            Self::Address { .. } | Self::Content { .. } => false,
        }
    }
}

pub(crate) fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Connection exceptions, too few resources, an operator's hand, a lost race; and SQLite's busy and locked.
            ["08", "53", "57P", "40"]
                .iter()
                .any(|class| code.starts_with(class))
                || matches!(code.as_ref(), "5" | "6" | "261" | "517")
        }),
        _ => false,
    }
}

impl Ledger {
    /// Opens the ledger at `address`, and makes it or brings it up to date where needed: `postgres://…`, or the path of a
    /// SQLite file, whose folder is made.
    ///
    /// # Errors
    /// [`LedgerError`]: the address names none, or the database cannot be used.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wandb_mirror::Ledger;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let ledger = Ledger::open(&folder.path().join("ledger.sqlite").to_string_lossy()).await?;
    /// assert_eq!(ledger.status().await?.counts.done.files, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(address: &str) -> Result<Self, LedgerError> {
        match of_address(address)? {
            Place::Postgres(options, shown) => {
                // A pool goes on trying for a while, and then does not say why it could not.
                let first = options.connect().await;
                first.map_err(|source| LedgerError::Database {
                    doing: "open",
                    address: shown.clone(),
                    source: source.into(),
                })?;
                let pool = PgPoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .acquire_timeout(BUSY)
                    .connect_lazy_with(*options);
                Self::prepared(Db::Postgres(pool), shown).await
            }
            Place::File(path) => {
                let shown = path.display().to_string();
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder).map_err(|error| LedgerError::Address {
                        address: shown.clone(),
                        why: format!("its folder cannot be made: {error}"),
                    })?;
                }
                let options = sqlite(
                    SqliteConnectOptions::new()
                        .filename(&path)
                        .create_if_missing(true),
                );
                let pool = SqlitePoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .acquire_timeout(BUSY)
                    .connect_lazy_with(options);
                Self::prepared(Db::Sqlite(pool), shown).await
            }
        }
    }

    /// A ledger that is forgotten with the process: for a dry run where there is none yet.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn in_memory() -> Result<Self, LedgerError> {
        // Each connection to memory is a database of its own.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(sqlite(SqliteConnectOptions::new().in_memory(true)));
        Self::prepared(Db::Sqlite(pool), "in memory".to_owned()).await
    }

    /// Whether there is a ledger at `address` already. PostgreSQL is not asked: there it counts as existing.
    ///
    /// # Errors
    /// [`LedgerError::Address`].
    pub fn exists(address: &str) -> Result<bool, LedgerError> {
        Ok(match of_address(address)? {
            Place::Postgres(..) => true,
            Place::File(path) => path.exists(),
        })
    }

    /// Where it is, without a password.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether other processes may work on it at the same time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.db, Db::Postgres(_))
    }

    /// Ends all connections, also those of clones. A SQLite file that nobody else has open is one file then.
    pub async fn disconnect(&self) {
        on!(&self.db, pool => pool.close().await);
    }

    async fn prepared(db: Db, address: String) -> Result<Self, LedgerError> {
        let ledger = Self { db, address };
        let prepared = match &ledger.db {
            Db::Sqlite(pool) => {
                let ours = sqlx::migrate!("migrations/sqlite");
                migrate(
                    ours,
                    apalis_sqlite::SqliteStorage::<()>::migrations(),
                    async |migrator| migrator.run(pool).await,
                )
                .await
            }
            Db::Postgres(pool) => {
                let ours = sqlx::migrate!("migrations/postgres");
                migrate(
                    ours,
                    apalis_postgres::PostgresStorage::<()>::migrations(),
                    async |migrator| migrator.run(pool).await,
                )
                .await
            }
        };
        prepared.map_err(|error| ledger.error("prepare", error.into()))?;
        Ok(ledger)
    }

    pub(crate) fn error(&self, doing: &'static str, source: sqlx::Error) -> LedgerError {
        LedgerError::Database {
            doing,
            address: self.address.clone(),
            source: source.into(),
        }
    }

    pub(crate) fn misread(&self, why: &dyn std::fmt::Display) -> LedgerError {
        LedgerError::Content {
            address: self.address.clone(),
            why: why.to_string(),
        }
    }
}

/// Ours and apalis' tables, each with a list of its own of what was applied.
async fn migrate(
    mut ours: Migrator,
    mut queue: Migrator,
    run: impl AsyncFn(&Migrator) -> Result<(), sqlx::migrate::MigrateError>,
) -> Result<(), sqlx::migrate::MigrateError> {
    ours.dangerous_set_table_name("wbf_migrations");
    run(&ours).await?;
    queue.set_ignore_missing(true);
    run(&queue).await
}

enum Place {
    Postgres(Box<PgConnectOptions>, String),
    File(PathBuf),
}

fn of_address(address: &str) -> Result<Place, LedgerError> {
    let bad = |shown: &str, why: &str| LedgerError::Address {
        address: shown.to_owned(),
        why: why.to_owned(),
    };
    if address.is_empty() {
        return Err(bad(address, "it is empty"));
    }
    let Some((scheme, rest)) = address.split_once("://") else {
        return Ok(Place::File(PathBuf::from(address)));
    };
    match scheme {
        "postgres" | "postgresql" => {
            let shown = without_password(address);
            let options =
                PgConnectOptions::from_str(address).map_err(|error| bad(&shown, &error.to_string()))?;
            Ok(Place::Postgres(
                Box::new(options.application_name("wbf mirror")),
                shown,
            ))
        }
        "sqlite" | "file" => Ok(Place::File(Path::new(rest).to_owned())),
        _ => Err(bad(&without_password(address), "its scheme is not known")),
    }
}

fn without_password(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) => {
            let _ = url.set_password(None);
            url.set_query(None);
            url.to_string()
        }
        Err(_) => address.split('@').next_back().unwrap_or_default().to_owned(),
    }
}

fn sqlite(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY)
        .foreign_keys(true)
}

/// Now, in ms since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_from_what_waiting_does_not_mend() {
        let error = |source: sqlx::Error| LedgerError::Database {
            doing: "ask",
            address: "postgres://db/mirrors".to_owned(),
            source: source.into(),
        };
        assert!(error(sqlx::Error::PoolTimedOut).is_outage());
        assert!(!error(sqlx::Error::RowNotFound).is_outage());
    }
}
