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
use wandb_devserver::{DevServer, Fault, Feature, Listed};

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
    /// List an uploaded file only once markRunFilesUploaded named it
    #[arg(long)]
    list_when_marked: bool,
    /// Give upload addresses below the base URL, which want the key
    #[arg(long)]
    relative_upload_urls: bool,
    /// Send clients to this address in place of the storage's own: a proxy, or a server that has the same files
    #[arg(long, value_name = "URL")]
    storage_url: Option<String>,
    /// Be Azure's storage to uploads, which wants x-ms-blob-type
    #[arg(long)]
    azure: bool,
    /// Refuse to delete more files than this at once
    #[arg(long, value_name = "N")]
    delete_limit: Option<usize>,
    /// Show an uploaded file only from the N-th listing on that would show it
    #[arg(long, value_name = "N", default_value_t = 1)]
    listing_delay: u32,
    /// Be an older or restricted server, which does not know this; may be given more than once
    #[arg(long, value_name = "NAME", value_delimiter = ',', long_help = WITHOUT)]
    without: Vec<Feature>,
    /// Add this run; may be given more than once
    #[arg(long = "run", value_name = "ENTITY/PROJECT/RUN")]
    runs: Vec<RunPath>,
    /// Upload all files of this folder to the run of --into
    #[arg(long, value_name = "DIR", requires = "into")]
    seed_folder: Option<PathBuf>,
    /// Upload the files of each subfolder of this folder to the run of its name in the project of --into-project
    #[arg(long, value_name = "DIR", requires = "into_project")]
    seed_runs: Option<PathBuf>,
    /// List this many files without contents in the run of --into
    #[arg(long, value_name = "N", requires = "into")]
    synthetic: Option<u64>,
    /// Add this many runs, with all that runs can be filtered and sorted by, to the project of --into-project
    #[arg(long, value_name = "N", requires = "into_project")]
    synthetic_runs: Option<u32>,
    /// How many files each run of --synthetic-runs has
    #[arg(long, value_name = "N", default_value_t = 25, requires = "synthetic_runs")]
    files_per_run: u32,
    /// The project that --synthetic-runs and --seed-runs fill
    #[arg(long, value_name = "ENTITY/PROJECT")]
    into_project: Option<ProjectPath>,
    /// The run that --seed-folder and --synthetic fill
    #[arg(long, value_name = "ENTITY/PROJECT/RUN")]
    into: Option<RunPath>,
    /// Do this to the requests that it is for; may be given more than once
    #[arg(long = "fault", value_name = "SPEC", long_help = FAULT)]
    faults: Vec<Fault>,
    /// Answer no request sooner after it came, such as 30ms
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
  redirect=URL   expired   request-timeout   empty   html   close   truncate=BYTES   reset=BYTES   stall=BYTES
  length=BYTES (announced)   wrong-byte=PLACE   gzip
Beside it:
  delay=TIME   throttle=BYTES_PER_SECOND   ignore-range   shift-range=BYTES   swapped   header=NAME:VALUE
  carried-out (a request that is answered with something else, or closed, has its effect)

Of a PUT, the body is the one that comes: truncate=, reset= and stall= take so many bytes of it, wrong-byte= is stored.";

const WITHOUT: &str = "\
Be an older or restricted server, which does not know this; may be given more than once, or take a list with commas.

A request that uses it is refused with HTTP 400, as one for a field that never was, and introspection does not show it.
  md5, direct-url            File.md5, File.directUrl
  pattern                    the argument of Run.files
  file-count                 Run.fileCount
  run-project-id             Run.projectId
  artifact-tags              Artifact.tags
  delete-project-id          projectId in the input of deleteFiles
  create-run-files           the mutation createRunFiles
  mark-run-files-uploaded    the mutation markRunFilesUploaded
  server-info-features       ServerInfo.features
  introspection              __schema and __type";

const EXAMPLES: &str = "\
Examples:
  Serve the files of a folder as a run, and list them with the Python SDK:
    wandb-devserver --port 8080 --seed-folder ./results --into dev/demo/run-1
    # then, in another shell, the command that it printed:
    export WANDB_BASE_URL=http://127.0.0.1:8080 WANDB_API_KEY=...
    python -c 'import wandb; print(list(wandb.Api().run(\"dev/demo/run-1\").files()))'

  A run of 200000 files to try listings on:
    wandb-devserver --synthetic 200000 --into dev/demo/huge

  A project of 2000 runs with 25 files each to try filters and whole selections on:
    wandb-devserver --synthetic-runs 2000 --files-per-run 25 --into-project dev/many

  A storage that breaks off twice, behind an API that says once to come back in a second:
    wandb-devserver --seed-folder ./results --into dev/demo/run-1 \\
      --fault storage::times=2:truncate=1000 --fault graphql:RunFiles:reply=429,retry-after=1

  A server of 2022, which gives upload addresses by the older query and no md5:
    wandb-devserver --run dev/demo/run-1 --without create-run-files,mark-run-files-uploaded \\
      --without md5,delete-project-id,run-project-id,server-info-features";

#[derive(Clone, Debug)]
struct ProjectPath {
    entity: String,
    project: String,
}

impl FromStr for ProjectPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((entity, project))
                if !entity.is_empty() && !project.is_empty() && !project.contains('/') =>
            {
                Ok(Self {
                    entity: entity.into(),
                    project: project.into(),
                })
            }
            _ => Err("a project is written ENTITY/PROJECT"),
        }
    }
}

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
        .list_when_marked(options.list_when_marked)
        .relative_upload_urls(options.relative_upload_urls)
        .azure(options.azure)
        .delete_limit(options.delete_limit.unwrap_or(usize::MAX))
        .listing_delay(options.listing_delay)
        .latency(options.latency)
        .rate(options.rate)
        .record(options.record);
    for feature in &options.without {
        builder = builder.without(*feature);
    }
    if let Some(folder) = &options.data_dir {
        builder = builder.data_dir(folder);
    }
    if let Some(url) = &options.storage_url {
        builder = builder.storage_url(url);
    }
    if let Some(key) = &options.api_key {
        builder = builder.api_key(key);
    }
    let server = builder.start().await?;
    let served = tokio::select! {
        served = serve(&server, &options) => served,
        () = interrupted => Ok(()),
    };
    // Whatever ended it: what is temporary goes.
    server.shutdown().await;
    served
}

async fn serve(server: &DevServer, options: &Options) -> Result<(), Box<dyn Error>> {
    fill(server, options).await?;
    for fault in &options.faults {
        server.inject(fault.clone());
    }
    announce(server, options.json)?;
    std::future::pending().await
}

async fn fill(server: &DevServer, options: &Options) -> Result<(), Box<dyn Error>> {
    for RunPath { entity, project, run } in options.runs.iter().chain(&options.into) {
        server.add_run(entity, project, run).await?;
    }
    if let Some(ProjectPath { entity, project }) = &options.into_project {
        server.add_project(entity, project).await?;
        if let Some(runs) = options.synthetic_runs {
            server
                .add_synthetic_runs(entity, project, runs, options.files_per_run)
                .await?;
        }
        if let Some(folder) = &options.seed_runs {
            for (name, path) in files_below(folder)? {
                let Some((run, name)) = name.split_once('/') else {
                    return Err(format!("{} is in no folder of a run", path.display()).into());
                };
                server.add_path(entity, project, run, name, &path).await?;
            }
        }
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
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
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
