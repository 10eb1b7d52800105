//! The SDK, in a process of its own that plays what it is told.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use wandb_devserver::DevServer;

use crate::Result;

/// A running `judge.py`; it ends when this is dropped.
pub(crate) struct Python {
    _child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Python {
    /// Starts `script`, with an environment that leads to `server` and to nothing else; `home` is an empty folder.
    pub(crate) fn start(python: &Path, script: &Path, home: &Path, server: &DevServer) -> Result<Self> {
        let mut child = Command::new(python)
            .args(["-W", "ignore"])
            .arg(script)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", home)
            .env("TMPDIR", home)
            .env("WANDB_BASE_URL", server.url())
            .env("WANDB_API_KEY", server.api_key())
            .env("WANDB_DIR", home)
            .env("WANDB_ERROR_REPORTING", "false")
            .env("WANDB_SILENT", "true")
            .env("NO_PROXY", "127.0.0.1,localhost")
            .current_dir(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(home.join("sdk.log"))?)
            .kill_on_drop(true)
            .spawn()?;
        let to = child.stdin.take().ok_or("the SDK's process has no input")?;
        let from = child.stdout.take().ok_or("the SDK's process has no output")?;
        Ok(Self {
            _child: child,
            to,
            from: BufReader::new(from).lines(),
        })
    }

    /// What comes of one operation: an object with `value` or `raised`, and what is loaded.
    pub(crate) async fn play(&mut self, operation: &Value) -> Result<Value> {
        self.to.write_all(format!("{operation}\n").as_bytes()).await?;
        let line = self.from.next_line().await?;
        let line = line.ok_or_else(|| format!("the SDK's process ended at {operation}"))?;
        Ok(serde_json::from_str(&line)?)
    }

    /// The names of all that the open listing has loaded.
    pub(crate) async fn loaded(&mut self) -> Result<Value> {
        Ok(self.play(&json!({"do": "loaded"})).await?["value"].take())
    }
}
