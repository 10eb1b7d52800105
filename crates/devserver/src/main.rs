//! The command `wandb-devserver`: a [`DevServer`] that runs until it is interrupted.

mod duration;

use clap::Parser;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;
use wandb_devserver::{DevServer, Fault, Listed};

/// Run a server that speaks the W&B GraphQL and file protocol.
///
/// It prints a shell command that points a client at it, then serves until it is interrupted.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
struct Options {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port of the API; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The port of the object storage; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    storage_port: u16,
    /// Keep metadata and files in this folder; without it they are gone at the end
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The key that clients have to send, of 40 characters for the SDK; a random one if not given
    #[arg(
        long,
        value_name = "KEY",
        env = "WANDB_DEVSERVER_API_KEY",
        hide_env_values = true
    )]
    api_key: Option<String>,
    /// The user's name and default entity
    #[arg(long, default_value = "dev")]
    entity: String,
    /// A path before every path of the API, such as /wandb
    #[arg(long, value_name = "PATH", default_value = "")]
    prefix: String,
    /// The most files that a page holds
    #[arg(long, value_name = "N", default_value_t = 1000)]
    page_limit: u32,
    /// How many seconds a signed storage address holds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    url_ttl: u64,
    /// Send sizes as JSON strings instead of numbers
    #[arg(long)]
    int64_as_strings: bool,
    /// Add this run; may be given more than once
    #[arg(long = "run", value_name = "ENTITY/PROJECT/RUN")]
    runs: Vec<RunPath>,
    /// Upload all files of this folder to the run of --into
    #[arg(long, value_name = "DIR", requires = "into")]
    seed_folder: Option<PathBuf>,
    /// List this many files without contents in the run of --into
    #[arg(long, value_name = "N", requires = "into")]
    synthetic: Option<u64>,
    /// The run that --seed-folder and --synthetic fill
    #[arg(long, value_name = "ENTITY/PROJECT/RUN")]
    into: Option<RunPath>,
    /// Do this to the requests that it is for; may be given more than once
    #[arg(long = "fault", value_name = "SPEC", long_help = FAULT)]
    faults: Vec<Fault>,
    /// Let each request wait so long first, such as 30ms
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration::parse)]
    latency: Duration,
    /// Let each connection bring so many bytes a second; 0 is no limit
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    rate: u64,
    /// Remember all requests, tell of them at URL/_devserver/requests, and take faults at URL/_devserver/faults
    #[arg(long)]
    record: bool,
    /// Print one JSON object with the addresses and the key instead of the shell command
    #[arg(long)]
    json: bool,
}

const FAULT: &str = "\
Do this to the requests that it is for; may be given more than once. A request meets the first fault that is for it.

SPEC is TARGET:WHERE:SETTING,SETTING...
  TARGET   graphql, files (of the API) or storage
  WHERE    the operation's name, or a part of the path; empty for all
When (may be set off by a colon):
  times=N|always   so many requests, 1 if nothing is said    after=N   let so many pass first    method=GET
One of:
  reply=STATUS (with retry-after=, ratelimit-reset=, header=NAME:VALUE, and body=TEXT at the end)
  redirect=URL   expired   empty   html   close   truncate=BYTES   reset=BYTES   stall=BYTES
  length=BYTES (announced)   wrong-byte=PLACE   gzip
Beside it:
  delay=TIME   throttle=BYTES_PER_SECOND   ignore-range   shift-range=BYTES   swapped   header=NAME:VALUE";

const EXAMPLES: &str = "\
Examples:
  Serve the files of a folder as a run, and list them with the Python SDK:
    wandb-devserver --port 8080 --seed-folder ./results --into dev/demo/run-1
    # then, in another shell, the command that it printed:
    export WANDB_BASE_URL=http://127.0.0.1:8080 WANDB_API_KEY=...
    python -c 'import wandb; print(list(wandb.Api().run(\"dev/demo/run-1\").files()))'

  A run of 200000 files to try listings on:
    wandb-devserver --synthetic 200000 --into dev/demo/huge

  A storage that breaks off twice, behind an API that says once to come back in a second:
    wandb-devserver --seed-folder ./results --into dev/demo/run-1 \\
      --fault storage::times=2:truncate=1000 --fault graphql:RunFiles:reply=429,retry-after=1";

#[derive(Clone, Debug)]
struct RunPath {
    entity: String,
    project: String,
    run: String,
}

impl FromStr for RunPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split('/').collect::<Vec<_>>()[..] {
            [entity, project, run] if ![entity, project, run].contains(&"") => Ok(Self {
                entity: entity.into(),
                project: project.into(),
                run: run.into(),
            }),
            _ => Err("a run is written ENTITY/PROJECT/RUN"),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut message = format!("wandb-devserver: {error}");
            let mut cause = error.source();
            while let Some(source) = cause {
                message = format!("{message}: {source}");
                cause = source.source();
            }
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let interrupted = interruption()?;
    let mut builder = DevServer::builder()
        .host(options.host)
        .port(options.port)
        .storage_port(options.storage_port)
        .entity(&options.entity)
        .prefix(&options.prefix)
        .page_limit(options.page_limit)
        .url_ttl(Duration::from_secs(options.url_ttl))
        .int64_as_strings(options.int64_as_strings)
        .latency(options.latency)
        .rate(options.rate)
        .record(options.record);
    if let Some(folder) = &options.data_dir {
        builder = builder.data_dir(folder);
    }
    if let Some(key) = &options.api_key {
        builder = builder.api_key(key);
    }
    let server = builder.start().await?;
    fill(&server, &options).await?;
    for fault in options.faults {
        server.inject(fault);
    }
    announce(&server, options.json)?;
    interrupted.await;
    server.shutdown().await;
    Ok(())
}

async fn fill(server: &DevServer, options: &Options) -> Result<(), Box<dyn Error>> {
    for RunPath { entity, project, run } in options.runs.iter().chain(&options.into) {
        server.add_run(entity, project, run).await?;
    }
    let Some(RunPath { entity, project, run }) = &options.into else {
        return Ok(());
    };
    if let Some(folder) = &options.seed_folder {
        for (name, path) in files_below(folder)? {
            server.add_path(entity, project, run, &name, &path).await?;
        }
    }
    if let Some(count) = options.synthetic {
        server.add_listing(entity, project, run, synthetic(count)).await?;
    }
    Ok(())
}

/// The files of a folder and its subfolders with their names in the run, in the order of the names.
fn files_below(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let context = |path: &Path, error: io::Error| {
        io::Error::new(
            error.kind(),
            format!("cannot read the folder {}: {error}", path.display()),
        )
    };
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(&current).map_err(|error| context(&current, error))? {
            let path = entry.map_err(|error| context(&current, error))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
                files.push((parts.join("/"), path));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Files such as a long training leaves behind, always the same.
fn synthetic(count: u64) -> impl Iterator<Item = Listed> {
    (0..count).map(|number| Listed {
        name: format!("media/images/step_{number:06}.png"),
        size: 1024 + number % 4096,
        md5: Some("1B2M2Y8AsgTpgAmY7PhCfg==".to_owned()),
        mimetype: Some("image/png".to_owned()),
        updated_at: i64::try_from(1_714_566_896 + number).ok(),
    })
}

fn announce(server: &DevServer, as_json: bool) -> io::Result<()> {
    let (url, key) = (server.url(), server.api_key());
    let line = if as_json {
        let line = serde_json::json!({ "url": url, "storage_url": server.storage_url(), "api_key": key });
        line.to_string()
    } else {
        format!("export WANDB_BASE_URL={url} WANDB_API_KEY={key}")
    };
    let mut output = io::stdout();
    writeln!(output, "{line}")?;
    output.flush()
}

/// Waits for an interruption. The handlers are there from the first call on, so that none is missed.
#[cfg(unix)]
fn interruption() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for an interruption.
#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the other form of this function can fail"
)]
fn interruption() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
