//! A server, a folder, and `wbf` between them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use wandb_devserver::DevServer;

pub(crate) struct Setup {
    pub(crate) server: DevServer,
    pub(crate) folder: TempDir,
}

pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Setup {
    /// A server with the run `e/p/r` that holds these files.
    pub(crate) async fn new(files: &[(&str, &[u8])]) -> Self {
        Self::with(DevServer::start().await.unwrap(), files).await
    }

    pub(crate) async fn with(server: DevServer, files: &[(&str, &[u8])]) -> Self {
        server.add_run("e", "p", "r").await.unwrap();
        for (name, content) in files {
            server.add_file("e", "p", "r", name, content).await.unwrap();
        }
        Self {
            server,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// `wbf` with this server's address and key, in the folder, and no other environment.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wbf"));
        command
            .args(args)
            .current_dir(self.root())
            .env_clear()
            .env("HOME", self.root())
            .env("WANDB_BASE_URL", self.server.url())
            .env("WANDB_API_KEY", self.server.api_key())
            .stdin(Stdio::null());
        command
    }

    pub(crate) async fn wbf<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Outcome {
        run(self.command(args)).await
    }

    /// What `wbf` printed, with what varies from run to run replaced.
    pub(crate) fn stable(&self, text: &str) -> String {
        text.replace(self.server.url(), "[URL]")
            .replace(self.server.storage_url(), "[STORAGE]")
            .replace(self.root().to_str().unwrap(), "[ROOT]")
    }
}

pub(crate) async fn run(mut command: Command) -> Outcome {
    let output = command.output().await.unwrap();
    Outcome {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The objects of ndjson.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
