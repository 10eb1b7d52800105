//! A server with files, a destination, and ledgers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use tempfile::TempDir;
use wandb_client::{Api, RetryConfig};
use wandb_devserver::DevServer;
use wandb_mirror::{
    Change, Destination, Enough, Entry, Ledger, Mirror, PlanOptions, Planned, Source, Worker, WorkerOptions,
};

/// Which database a ledger is on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

pub(crate) const BOTH: [On; 2] = [On::Sqlite, On::Postgres];

pub(crate) struct Setup {
    pub(crate) server: DevServer,
    pub(crate) folder: TempDir,
    pub(crate) address: String,
}

impl Setup {
    pub(crate) async fn new(on: On) -> Self {
        Self::with(on, DevServer::start().await.unwrap()).await
    }

    pub(crate) async fn with(on: On, server: DevServer) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(std::io::stderr)
            .try_init();
        let folder = tempfile::tempdir().unwrap();
        let address = match on {
            On::Sqlite => folder.path().join("ledger.sqlite").display().to_string(),
            On::Postgres => fresh_database().await,
        };
        Self {
            server,
            folder,
            address,
        }
    }

    /// So many files in each of so many runs of `e/p`.
    pub(crate) async fn fill(&self, runs: usize, files: usize) {
        for run in 0..runs {
            for file in 0..files {
                let name = format!("media/{file:03}.txt");
                self.file(&format!("r{run}"), &name, &content(run, file)).await;
            }
        }
    }

    pub(crate) async fn file(&self, run: &str, name: &str, content: &[u8]) {
        self.server.add_file("e", "p", run, name, content).await.unwrap();
    }

    pub(crate) async fn delete(&self, run: &str, name: &str) {
        let run = self.api().run_unchecked(&format!("e/p/{run}")).await.unwrap();
        run.file(name).await.unwrap().delete().await.unwrap();
    }

    pub(crate) fn api(&self) -> Api {
        self.api_with(RetryConfig::default())
    }

    pub(crate) fn api_with(&self, retry: RetryConfig) -> Api {
        Api::builder()
            .base_url(self.server.url())
            .api_key(self.server.api_key())
            .retry(retry)
            .build()
            .unwrap()
    }

    pub(crate) async fn ledger(&self) -> Ledger {
        Ledger::open(&self.address).await.unwrap()
    }

    pub(crate) fn destination(&self) -> Destination {
        Destination::parse(&self.folder.path().join("mirrored").display().to_string()).unwrap()
    }

    pub(crate) async fn mirror(&self) -> Mirror {
        Mirror::open(self.api(), self.ledger().await, self.destination())
            .await
            .unwrap()
    }

    /// The whole project `e/p`.
    pub(crate) async fn source(&self) -> Source {
        Source::project(self.api().files_of_project("e/p/").await.unwrap(), "e", "p")
    }

    /// Plans, and says what changed.
    pub(crate) async fn plan(&self, options: PlanOptions) -> (Planned, Vec<String>) {
        let mut told = Vec::new();
        let planned = self
            .mirror()
            .await
            .plan(self.source().await, options, |change| told.push(shown(&change)))
            .await
            .unwrap();
        told.sort();
        (planned, told)
    }

    /// Moves what is queued.
    pub(crate) async fn work(&self) {
        let worker = Worker::new(self.api(), self.ledger().await, options());
        worker.run(Enough::Empty).await.unwrap();
    }

    /// The objects at the destination.
    pub(crate) async fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let destination = self.destination();
        let mut objects = BTreeMap::new();
        let mut listed = destination.list("");
        while let Some(object) = listed.next().await {
            let key = object.unwrap().key;
            let mut bytes = Vec::new();
            let mut pieces = destination.read(&key).await.unwrap();
            while let Some(piece) = pieces.next().await {
                bytes.extend_from_slice(&piece.unwrap());
            }
            objects.insert(key, bytes);
        }
        objects
    }

    pub(crate) async fn entries(&self) -> Vec<Entry> {
        let entries: Vec<_> = self.ledger().await.entries(None).collect().await;
        entries.into_iter().map(Result::unwrap).collect()
    }
}

/// No patience of the client's own, so that what waits is the worker.
pub(crate) fn impatient() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    }
}

pub(crate) fn options() -> WorkerOptions {
    let mut options = WorkerOptions::default();
    options.heartbeat = Duration::from_secs(1);
    options
}

pub(crate) fn content(run: usize, file: usize) -> Vec<u8> {
    format!("file {file} of run {run}\n")
        .repeat(1 + file % 5)
        .into_bytes()
}

fn shown(change: &Change) -> String {
    match change {
        Change::New { file, .. } => format!("new {file}"),
        Change::Again { file, .. } => format!("again {file}"),
        Change::Gone { file } => format!("gone {file}"),
        Change::Deleted { file } => format!("deleted {file}"),
        Change::Unusable { file, why } => format!("unusable {file}: {why}"),
        Change::Incomplete(error) => format!("incomplete: {error}"),
        _ => "something else".to_owned(),
    }
}

/// The address of a database that no other test uses.
async fn fresh_database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("WBF_TEST_POSTGRES")
        .expect("WBF_TEST_POSTGRES is not set: `cargo xtask services` starts PostgreSQL and prints it");
    let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let pool = sqlx::PgPool::connect(&server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&pool)
        .await
        .unwrap();
    let mut address: url::Url = server.parse().unwrap();
    address.set_path(&name);
    address.to_string()
}
