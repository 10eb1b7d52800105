//! A server that speaks S3: Garage, alone on one machine.

use std::path::PathBuf;

use super::launch::{Process, tied};
use crate::debian;
use crate::error::{Context, Result};
use crate::http;
use crate::sh::Sh;
use crate::tools::Tool;

/// Without what only a cluster or an operator uses.
const GARAGE: Tool = Tool {
    name: "garage",
    version: "2.5.0",
    features: &["--no-default-features", "--features", "bundled-libs,sqlite"],
};

/// The bucket that is there from the start.
pub(crate) const BUCKET: &str = "wbf-test";
/// The id of the key that may do everything with it.
pub(super) const KEY_ID: &str = "wbf-test";
/// The key's secret: Garage takes none of less than 16 characters.
pub(super) const SECRET: &str = "wbf-test-wbf-test";
/// The region that requests have to be signed for.
pub(super) const REGION: &str = "us-east-1";

/// A server on a port and data of its own, which a later start finds again; dropping it stops it and removes the data.
pub(crate) struct S3 {
    process: Process,
    program: PathBuf,
    url: String,
}

impl S3 {
    /// Builds the server if it is not there, and starts it with an empty bucket.
    pub(crate) fn start() -> Result<Self> {
        // For the C library that it encrypts with.
        if Sh::new("make").arg("--version").output().is_err() {
            debian::install(&["make"])?;
        }
        let program = GARAGE.installed()?;
        let process = Process::new("Garage")?;
        let mut s3 = Self {
            url: format!("http://127.0.0.1:{}", process.port()),
            process,
            program,
        };
        let config = s3.config();
        std::fs::write(&config, s3.configuration()).or_fail(|| format!("write {}", config.display()))?;
        s3.restart()?;
        Ok(s3)
    }

    /// Its address, without the bucket.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets it end in good order.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.process.stop()
    }

    /// Kills it, -9.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again, stopped if it runs, on the same port and data.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.stop()?;
        let server = Sh::new(&self.program).arg("-c").arg(self.config());
        let server = tied(server.args(["server", "--single-node", "--default-bucket"]), None)
            .without_env("GARAGE_")
            .env("GARAGE_DEFAULT_BUCKET", BUCKET)
            .env("GARAGE_DEFAULT_ACCESS_KEY", KEY_ID)
            .env("GARAGE_DEFAULT_SECRET_KEY", SECRET)
            .env("RUST_LOG", "warn");
        // Any answer will do; that to a stranger is a refusal.
        let ready = || http::send("GET", &self.url, &[], "").is_ok();
        self.process.start(server, &ready)
    }

    fn config(&self) -> PathBuf {
        self.process.folder().join("garage.toml")
    }

    /// The port of the cluster is left to the system: nobody else is to find it, hence the secret that is none.
    fn configuration(&self) -> String {
        let (folder, port) = (self.process.folder().display(), self.process.port());
        let secret = "0".repeat(64);
        format!(
            "metadata_dir = '{folder}/meta'
data_dir = '{folder}/data'
db_engine = 'sqlite'
replication_factor = 1
rpc_bind_addr = '127.0.0.1:0'
rpc_public_addr = '127.0.0.1:0'
rpc_secret = '{secret}'
[s3_api]
s3_region = '{REGION}'
api_bind_addr = '127.0.0.1:{port}'
"
        )
    }
}

/// A request with curl to which its address is to be added, signed as S3 wants it.
pub(crate) fn curl() -> Sh {
    Sh::new("curl")
        .args(["--silent", "--show-error", "--fail-with-body", "--noproxy", "*"])
        .args(["--aws-sigv4", &format!("aws:amz:{REGION}:s3")])
        .args(["--user", &format!("{KEY_ID}:{SECRET}")])
        .args(["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"])
}

/// Killed before its folder goes: nobody will miss what it has not written yet.
impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.kill());
    }
}
