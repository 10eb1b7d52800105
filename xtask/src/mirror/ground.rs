//! What all parts are played on: a server with files, PostgreSQL, S3, and a folder.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Size;
use super::ledger::Ledger;
use super::seed::{self, ALL, Seed};
use super::store::Store;
use super::{equal, same};
use crate::bins::Bins;
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::sample::Scratch;
use crate::services::Services;
use crate::services::postgres::Fsync;
use crate::sh::{self, Sh};

pub(super) struct Ground<'a> {
    bins: &'a Bins,
    pub(super) size: &'a Size,
    pub(super) seed: u64,
    pub(super) server: DevServer,
    pub(super) files: Vec<Seed>,
    /// Some parts stop one of them for a while.
    pub(super) services: RefCell<Services>,
    scratch: Scratch,
}

/// What a server was asked.
pub(super) struct Asked {
    pub(super) graphql: usize,
    /// How often each file was fetched, by run and name.
    pub(super) fetched: HashMap<String, usize>,
}

impl Asked {
    /// Fetches of files besides the first one.
    pub(super) fn again(&self) -> usize {
        self.fetched.values().map(|times| times - 1).sum()
    }
}

impl<'a> Ground<'a> {
    /// Starts the servers, that of W&B with `arguments`; `name` is that of the folder below the target folder.
    pub(super) fn new(
        bins: &'a Bins,
        size: &'a Size,
        seed: u64,
        name: &str,
        fsync: Fsync,
        arguments: &[&str],
    ) -> Result<Self> {
        let scratch = Scratch::new(sh::target()?.join("mirror").join(name))?;
        let services = Services::start(fsync)?;
        let (server, files) = seed::serve(bins, size.shape, seed, arguments, scratch.path())?;
        let bytes: usize = files.iter().map(|file| file.size).sum();
        let runs = size.shape.runs;
        println!(
            "seed {seed}: {} files of {runs} runs, {} MiB",
            files.len(),
            bytes >> 20
        );
        Ok(Self {
            bins,
            size,
            seed,
            server,
            files,
            services: RefCell::new(services),
            scratch,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// `wbf` with these arguments, led to the server and the services.
    pub(super) fn wbf<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Sh {
        let wbf = Sh::new(&self.bins.wbf).args(args);
        let ours = self.folder().join("data");
        self.server
            .client(self.services.borrow().client(wbf))
            .env("XDG_DATA_HOME", ours)
    }

    /// A ledger on a database of its own.
    pub(super) fn postgres(&self, name: &str) -> Result<Ledger> {
        Ok(Ledger::Postgres(self.services.borrow().postgres.database(name)?))
    }

    pub(super) fn bucket(&self, prefix: &str) -> Store {
        Store::Bucket {
            server: self.services.borrow().s3.url().to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    /// A folder as a destination.
    pub(super) fn beside(&self, name: &str) -> (PathBuf, Store) {
        let path = self.folder().join(name);
        (path.clone(), Store::Folder(path))
    }

    /// What the server was asked since it was told to forget.
    pub(super) fn asked(&self) -> Result<Asked> {
        let requests = self.server.requests()?;
        let mut fetched = HashMap::new();
        for request in requests.iter().filter(|request| request["listener"] == "storage") {
            let path = request["path"].as_str().unwrap_or_default();
            let file = path.split_once(ALL).map_or(path, |(_, file)| file);
            *fetched.entry(file.to_owned()).or_default() += 1;
        }
        let graphql = requests.iter().filter(|request| request["operation"].is_string());
        Ok(Asked {
            graphql: graphql.count(),
            fetched,
        })
    }

    /// That all files arrived and the ledger knows it, each counted once; then that another call moves nothing.
    pub(super) fn settled(&self, store: &Store, ledger: &Ledger) -> Result<()> {
        same("the destination", &store.differences(&self.files, self.folder())?)?;
        same("the ledger", &ledger.differences(&self.files)?)?;
        equal("open batches", &ledger.batches()?, &"0".to_owned())?;
        equal(
            "files counted as moved",
            &ledger.counted()?,
            &self.files.len().to_string(),
        )?;
        let count = self.files.len();
        println!(
            "  {count} objects read: every md5 is right, nothing else is there, the ledger has each file once, as done"
        );
        let begun = store.begun()?;
        println!(
            "  begun and never ended: {} files, {} uploads in parts",
            begun.len(),
            store.uploads()?
        );
        for path in &begun {
            make_old(path)?;
        }
        let before = ledger.lines()?;
        self.server.forget_requests()?;
        self.mirror(store, ledger, &[])?;
        let asked = self.asked()?;
        equal("files that a second call fetched", &asked.fetched.len(), &0)?;
        equal("the ledger after a second call", &ledger.lines()?, &before)?;
        equal(
            "files begun long ago, after a second call",
            &store.begun()?.len(),
            &0,
        )?;
        println!("  a second call moves 0 files, in {} requests", asked.graphql);
        Ok(())
    }

    /// The command that mirrors all files.
    pub(super) fn command(&self, store: &Store, ledger: &Ledger) -> Sh {
        let jobs = self.size.jobs.to_string();
        self.wbf([
            "mirror",
            ALL,
            &store.address(),
            "--state",
            &ledger.address(),
            "--jobs",
            &jobs,
        ])
    }

    /// The command of a worker that takes what is queued in a ledger, so many files at a time.
    pub(super) fn worker(&self, ledger: &Ledger, jobs: usize) -> Sh {
        let jobs = jobs.to_string();
        self.wbf(["mirror", "work", "--state", &ledger.address(), "--jobs", &jobs])
    }

    /// Mirrors once, in peace; what it said on standard output.
    pub(super) fn mirror(&self, store: &Store, ledger: &Ledger, more: &[&str]) -> Result<String> {
        let output = self.command(store, ledger).args(more).output()?;
        if output.code != Some(0) {
            let said = format!("wbf mirror ended with {:?}\n{}", output.code, output.stderr);
            return Err(Failure::new(said));
        }
        String::from_utf8(output.stdout).or_fail(|| "read what wbf mirror said".to_owned())
    }
}

/// Older than what any living process writes.
fn make_old(path: &Path) -> Result<()> {
    let days_ago = SystemTime::now() - Duration::from_secs(48 * 3600);
    let file = File::options().write(true).open(path);
    let made = file.and_then(|file| file.set_modified(days_ago));
    made.or_fail(|| format!("make {} old", path.display()))
}
