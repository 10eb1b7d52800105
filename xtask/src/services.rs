//! Real servers for the tests: PostgreSQL, and one that speaks S3. Their data is gone with them.

mod check;
mod launch;
pub(crate) mod postgres;
pub(crate) mod s3;

pub(crate) use check::check;

use std::sync::{Mutex, mpsc};

use crate::error::{Context, Result};
use crate::sh::Sh;
use postgres::{Fsync, Postgres};
use s3::S3;

/// How `cargo xtask services` sets them up.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Have PostgreSQL wait for the disk, as in earnest: for measurements
    #[arg(long)]
    fsync: bool,
}

/// Both servers; dropping them stops them.
pub(crate) struct Services {
    pub(crate) postgres: Postgres,
    pub(crate) s3: S3,
}

impl Services {
    /// Installs what is missing and starts both.
    pub(crate) fn start(fsync: Fsync) -> Result<Self> {
        // One at a time in this process: a port is looked for, and is free until the server has it.
        static STARTING: Mutex<()> = Mutex::new(());
        let _starting = STARTING.lock();
        Ok(Self {
            postgres: Postgres::start(fsync)?,
            s3: S3::start()?,
        })
    }

    /// What leads tests to them: two addresses, and what `object_store` reads for any `s3://` address.
    fn variables(&self) -> [(&'static str, &str); 7] {
        [
            ("WBF_TEST_POSTGRES", self.postgres.url()),
            ("WBF_TEST_S3", self.s3.url()),
            ("AWS_ENDPOINT", self.s3.url()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", s3::REGION),
            ("AWS_ACCESS_KEY_ID", s3::KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", s3::SECRET),
        ]
    }

    /// `command` with the environment that leads it to these servers, and with no other keys of S3.
    pub(crate) fn client(&self, command: Sh) -> Sh {
        let mut command = command.without_env("AWS_");
        for (name, value) in self.variables() {
            command = command.env(name, value);
        }
        command
    }
}

/// `cargo xtask services`: both, until Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<()> {
    // Set before they start, so that no moment is left in which their data would stay behind.
    let (sender, receiver) = mpsc::channel();
    ctrlc::set_handler(move || _ = sender.send(())).or_fail(|| "wait for Ctrl-C".to_owned())?;
    let services = Services::start(if options.fsync { Fsync::On } else { Fsync::Off })?;
    for (name, value) in services.variables() {
        println!("export {name}={value}");
    }
    eprintln!("both run until Ctrl-C; their data goes with them");
    receiver.recv().or_fail(|| "wait for Ctrl-C".to_owned())
}
