//! The embedded server as a process of its own, and clients that talk to it alone.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::error::{Context, Failure, Result};
use crate::sh::Sh;
use crate::{http, look};

/// How long the server may take to say where it listens, once it has taken in its files.
const START: Duration = Duration::from_secs(300);
/// How long it may take to end when it is asked to.
const STOP: Duration = Duration::from_secs(5);

/// A running `wandb-devserver`; dropping it stops it.
pub(crate) struct DevServer {
    child: Child,
    pub(crate) url: String,
    api_key: String,
    /// A folder that holds no settings: what the person has configured for W&B stays out of it.
    home: PathBuf,
}

impl DevServer {
    /// Starts `program` with `args`; its log goes to a file in `folder`.
    pub(crate) fn start(program: &Path, args: &[&str], folder: &Path) -> Result<Self> {
        Self::start_as(Sh::new(program), args, folder)
    }

    /// The same on one core, where it takes nothing of what is measured on the others.
    pub(crate) fn start_on_core(program: &Path, args: &[&str], folder: &Path, core: usize) -> Result<Self> {
        let taskset = Sh::new("taskset").args(["-c", &core.to_string()]);
        Self::start_as(taskset.arg(program), args, folder)
    }

    fn start_as(command: Sh, args: &[&str], folder: &Path) -> Result<Self> {
        let log = folder.join("devserver.log");
        let home = folder.join("home");
        std::fs::create_dir_all(&home).or_fail(|| format!("make {}", home.display()))?;
        let stderr = std::fs::File::create(&log).or_fail(|| format!("write {}", log.display()))?;
        let command = command.arg("--json").args(args).without_env("WANDB_");
        let shown = command.to_string();
        let mut child = command
            .into_command()
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .or_fail(|| format!("start `{shown}`"))?;
        let line = first_line(&mut child);
        // Made before the line is looked at, so that the process ends whatever the line says.
        let mut server = Self {
            child,
            url: String::new(),
            api_key: String::new(),
            home,
        };
        let said: Value = match line.as_deref().map(serde_json::from_str) {
            Some(Ok(said)) => said,
            _ => {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(Failure::new(format!(
                    "`{shown}` did not say where it listens\n{}",
                    log.trim_end()
                )));
            }
        };
        server.url = text(&said, "url")?;
        server.api_key = text(&said, "api_key")?;
        Ok(server)
    }

    /// `command` with the environment that leads it to this server and to nothing else.
    pub(crate) fn client(&self, command: Sh) -> Sh {
        command
            .without_env("WANDB_")
            .env("WANDB_BASE_URL", &self.url)
            .env("WANDB_API_KEY", &self.api_key)
            .env("WANDB_CONFIG_DIR", &self.home)
            .env("WANDB_DIR", &self.home)
            .env("WANDB_CACHE_DIR", &self.home)
            .env("WANDB_DATA_DIR", &self.home)
            // The SDK makes folders there, which stay when it is killed.
            .env("TMPDIR", &self.home)
            .env("WANDB_ERROR_REPORTING", "false")
            .env("WANDB_SILENT", "true")
            .env("NETRC", self.home.join("netrc"))
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("no_proxy", "127.0.0.1,localhost")
    }

    /// The key that it takes.
    pub(crate) fn api_key(&self) -> &str {
        &self.api_key
    }

    /// What the server was asked so far, oldest first.
    pub(crate) fn requests(&self) -> Result<Vec<Value>> {
        let body = self
            .ask("GET", "/_devserver/requests", "")
            .or_fail(|| "ask the server for its requests".to_owned())?;
        serde_json::from_str(&body).or_fail(|| "read the server's requests".to_owned())
    }

    /// Lets the server begin its record anew.
    pub(crate) fn forget_requests(&self) -> Result<()> {
        self.ask("DELETE", "/_devserver/requests", "")
            .map(drop)
            .or_fail(|| "have the server forget its requests".to_owned())
    }

    /// Puts these faults, written as for `--fault`, at the end of the server's queue.
    pub(crate) fn set_faults(&self, specs: &[String]) -> Result<()> {
        self.ask("POST", "/_devserver/faults", &specs.join("\n"))
            .map(drop)
            .or_fail(|| format!("set {} faults", specs.len()))
    }

    /// Takes out all faults.
    pub(crate) fn clear_faults(&self) -> Result<()> {
        self.ask("DELETE", "/_devserver/faults", "")
            .map(drop)
            .or_fail(|| "take out the faults".to_owned())
    }

    /// How many requests met a fault so far.
    pub(crate) fn met(&self) -> Result<u64> {
        let body = self.ask("GET", "/_devserver/faults", "");
        let body = body.or_fail(|| "ask the server for its faults".to_owned())?;
        let said: Value = serde_json::from_str(&body).or_fail(|| "read the server's faults".to_owned())?;
        Ok(said["met"].as_u64().unwrap_or_default())
    }

    /// What was deleted so far, with `id` and `name`, in the order in which it went.
    pub(crate) fn deletions(&self) -> Result<Vec<Value>> {
        let body = self.ask("GET", "/_devserver/deletions", "");
        let body = body.or_fail(|| "ask the server for its deletions".to_owned())?;
        serde_json::from_str(&body).or_fail(|| "read the server's deletions".to_owned())
    }

    /// What clients asked of GraphQL so far, oldest first; our own looks at what is there are left out.
    pub(crate) fn graphql_requests(&self) -> Result<Vec<Value>> {
        let mut requests = self.requests()?;
        requests.retain(|request| {
            let path = request["path"].as_str().unwrap_or_default();
            path.ends_with("/graphql") && request["operation"] != look::OPERATION
        });
        Ok(requests)
    }

    /// The answer to a query of our own.
    pub(crate) fn query(&self, query: &str, variables: &Value) -> std::io::Result<Value> {
        let headers = [
            ("Authorization", &*self.credential()),
            ("Content-Type", "application/json"),
        ];
        let body = json!({ "query": query, "variables": variables }).to_string();
        let reply = http::send("POST", &format!("{}/graphql", self.url), &headers, &body)?;
        Ok(serde_json::from_str(&reply.text()?)?)
    }

    /// The bytes behind an address of the API, which sends on to storage.
    pub(crate) fn fetch(&self, url: &str) -> std::io::Result<Vec<u8>> {
        let first = http::send("GET", url, &[("Authorization", &self.credential())], "")?;
        let reply = match &first.location {
            Some(location) => http::send("GET", location, &[], "")?,
            None => first,
        };
        match reply.status {
            200 => Ok(reply.body),
            status => Err(std::io::Error::other(format!("status {status}"))),
        }
    }

    fn credential(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("api:{}", self.api_key)))
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> std::io::Result<String> {
        http::send(method, &format!("{}{path}", self.url), &[], body)?.text()
    }
}

/// Asks the process to end, so that it can clear up, before it is made to.
impl Drop for DevServer {
    fn drop(&mut self) {
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        let start = Instant::now();
        while asked.is_ok() && start.elapsed() < STOP {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The first line that the process prints, if it comes in time; what follows is read and let go.
fn first_line(child: &mut Child) -> Option<String> {
    let mut stdout = BufReader::new(child.stdout.take()?);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        if stdout.read_line(&mut line).is_ok() && sender.send(line).is_ok() {
            drop(std::io::copy(&mut stdout, &mut std::io::sink()));
        }
    });
    receiver.recv_timeout(START).ok()
}

fn text(said: &Value, field: &str) -> Result<String> {
    match said[field].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(Failure::new(format!("wandb-devserver gave no {field} in {said}"))),
    }
}
