//! What is known of every file: a database, SQLite or PostgreSQL.

mod address;
mod batches;
mod entries;
mod error;
mod holds;
mod listed;
mod progress;
mod record;
mod rows;

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, PgPool, SqlitePool};

use address::{Place, of_address};
pub(crate) use batches::{Taken, Task};
pub(crate) use entries::Line;
pub use entries::{Failure, LedgerEntries};
pub use error::LedgerError;
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
