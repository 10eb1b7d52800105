//! PostgreSQL, as Debian packages it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::launch::{Process, START, tied};
use crate::debian;
use crate::error::{Context, Failure, Result};
use crate::sh::Sh;

/// Where Debian has each release that is installed.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The user of the system that a server started by root runs as: PostgreSQL refuses to be root.
const SYSTEM_USER: &str = "postgres";
const ROLE: &str = "wbf";
const DATABASE: &str = "wbf_test";

/// Whether a commit waits for the disk. What is committed outlives a killed server either way, since the system
/// has it by then; only a crash of the whole machine is another matter. So tests do without, and measurements do not.
#[derive(Clone, Copy)]
pub(crate) enum Fsync {
    On,
    Off,
}

/// A server on a port and data of its own, which a later start finds again; dropping it stops it and removes the data.
pub(crate) struct Postgres {
    process: Process,
    bin: PathBuf,
    /// Who the server runs as, where that is not us.
    user: Option<&'static str>,
    fsync: Fsync,
    url: String,
}

impl Postgres {
    /// Installs PostgreSQL if there is none, and starts a server with an empty database.
    pub(crate) fn start(fsync: Fsync) -> Result<Self> {
        let bin = installed()?;
        let root = Sh::new("id").arg("-u").read()?.trim() == "0";
        let process = Process::new("PostgreSQL")?;
        let mut postgres = Self {
            url: address(process.port(), DATABASE),
            process,
            bin,
            user: root.then_some(SYSTEM_USER),
            fsync,
        };
        postgres.initialise()?;
        postgres.restart()?;
        let create = format!("CREATE DATABASE {DATABASE}");
        ask(&postgres.bin, &postgres.of_system(), &create)?;
        Ok(postgres)
    }

    /// The address of the empty database, as its superuser, without a password.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The id of its process, if it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Lets it end in good order: running transactions are rolled back, clients are told.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.process.stop()
    }

    /// Kills the server, -9, with all its processes.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again, stopped if it runs, on the same port and data.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.stop()?;
        let url = self.of_system();
        let begun = Instant::now();
        loop {
            let ready = || ask(&self.bin, &url, "SELECT 1").is_ok();
            match self.process.start(self.server(), &ready) {
                // What is left of a killed server holds on to its data for a moment.
                Err(_) if begun.elapsed() < START => std::thread::sleep(Duration::from_millis(100)),
                outcome => return outcome,
            }
        }
    }

    /// What the database answers, a line for each row, with `|` between the columns.
    pub(crate) fn query(&self, sql: &str) -> Result<String> {
        ask(&self.bin, &self.url, sql)
    }

    /// Makes a database beside the one that is there.
    pub(crate) fn database(&self, name: &str) -> Result<Database> {
        self.query(&format!("CREATE DATABASE {name}"))?;
        Ok(Database {
            bin: self.bin.clone(),
            url: address(self.process.port(), name),
        })
    }

    /// The address of the database that every server has.
    fn of_system(&self) -> String {
        address(self.process.port(), "postgres")
    }

    fn initialise(&self) -> Result<()> {
        if let Some(user) = self.user {
            Sh::new("chown").arg(user).arg(self.process.folder()).read()?;
        }
        let initdb = Sh::new(self.bin.join("initdb")).args(["-U", ROLE, "--auth", "trust", "--no-sync"]);
        let initdb = initdb.args(["--encoding", "UTF8", "--locale", "C", "-D"]);
        self.own(initdb.arg(self.data())).read().map(drop)
    }

    fn server(&self) -> Sh {
        let port = self.process.port().to_string();
        let fsync = match self.fsync {
            Fsync::On => "fsync=on",
            Fsync::Off => "fsync=off",
        };
        let server = Sh::new(self.bin.join("postgres")).arg("-D").arg(self.data());
        let server = server.args(["-p", &port, "-c", "listen_addresses=127.0.0.1"]);
        // No socket file: its usual folder is that of the system's own server.
        self.own(server.args(["-c", "unix_socket_directories=", "-c", fsync]))
    }

    /// `command` as the user that the data belong to, in a folder that this user may enter.
    fn own(&self, command: Sh) -> Sh {
        tied(command, self.user)
            .dir(self.process.folder())
            .without_env("PG")
    }

    fn data(&self) -> PathBuf {
        self.process.folder().join("data")
    }
}

/// One database of a server, whether that runs or not.
#[derive(Clone)]
pub(crate) struct Database {
    bin: PathBuf,
    url: String,
}

impl Database {
    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// As [`Postgres::query`].
    pub(crate) fn query(&self, sql: &str) -> Result<String> {
        ask(&self.bin, &self.url, sql)
    }
}

/// Stopped before its folder goes.
impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.stop());
    }
}

fn ask(bin: &Path, url: &str, sql: &str) -> Result<String> {
    let plain = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
    let psql = Sh::new(bin.join("psql")).args(plain);
    let said = psql.args(["-d", url, "-c", sql]).without_env("PG").read()?;
    Ok(said.trim_end().to_owned())
}

fn address(port: u16, database: &str) -> String {
    format!("postgres://{ROLE}@127.0.0.1:{port}/{database}")
}

/// The folder of the newest release's programs.
fn installed() -> Result<PathBuf> {
    if let Some(bin) = found() {
        return Ok(bin);
    }
    debian::install(&["postgresql"]).or_fail(|| {
        "install PostgreSQL; where this cannot, have its `initdb` and `pg_config` on the path".to_owned()
    })?;
    found().ok_or_else(|| Failure::new(format!("Debian's postgresql left no {DEBIAN}/*/bin/initdb")))
}

fn found() -> Option<PathBuf> {
    let releases = std::fs::read_dir(DEBIAN).ok().into_iter().flatten().flatten();
    let numbered = releases.filter_map(|release| {
        let number: u32 = release.file_name().to_str()?.parse().ok()?;
        Some((number, release.path().join("bin")))
    });
    let newest = numbered.filter(|(_, bin)| there(bin)).max();
    newest.map(|(_, bin)| bin).or_else(|| {
        let bin = PathBuf::from(Sh::new("pg_config").arg("--bindir").read().ok()?.trim());
        there(&bin).then_some(bin)
    })
}

fn there(bin: &Path) -> bool {
    ["initdb", "postgres", "psql"]
        .iter()
        .all(|program| bin.join(program).is_file())
}
