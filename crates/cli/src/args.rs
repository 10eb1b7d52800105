//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use wandb_client::{BulkOptions, Parts, Via};

use crate::artifacts::ArtifactsArgs;
use crate::du::DuArgs;
use crate::mirror::MirrorArgs;
use crate::projects::ProjectsArgs;
use crate::runs::RunsArgs;
use crate::select;

const ABOUT: &str = "The files of Weights & Biases runs: list, download, upload, copy, delete, mirror";

const ENVIRONMENT: &str = "\
RUN is ENTITY/PROJECT/RUN, ENTITY/PROJECT/runs/RUN or the run's web address;
with WANDB_ENTITY and WANDB_PROJECT set, PROJECT/RUN or RUN will do. ls and get
also take all runs of a project, ENTITY/PROJECT/ or its web address, and a
version of an artifact, ENTITY/PROJECT/NAME:ALIAS or its web address.

The server and the key are found as the Python SDK finds them: WANDB_BASE_URL
and WANDB_API_KEY, netrc, ~/.config/wandb/settings, WANDB_IDENTITY_TOKEN_FILE.

Exit status: 0 all done, 1 something failed (the rest was still tried), 2 usage.";

#[derive(Parser)]
#[command(name = "wbf", version, about = ABOUT, after_help = ENVIRONMENT, max_term_width = 100)]
pub(crate) struct Cli {
    /// Only errors on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say what is done; -vv for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the files of runs, or of an artifact
    #[command(after_help = "\
Examples:
  wbf ls me/mnist/1a2b3c4d
  wbf ls me/mnist/ --include '*.pt' --min-size 10M
  wbf ls me/mnist --state finished --tag baseline --order -created_at
  wbf ls me/mnist/1a2b3c4d --pattern '%.json' --limit 10
  wbf ls me/mnist/resnet:latest
  wbf ls me/mnist/1a2b3c4d --format ndjson | jq -r 'select(.size_bytes > 1e6).name'")]
    Ls(LsArgs),
    /// Download files of runs, or of an artifact
    #[command(after_help = "\
Files of one run that is named go to their names below --root; those of several
runs to a folder for each, or to where --template says.

Examples:
  wbf get me/mnist/1a2b3c4d --root runs/1a2b3c4d
  wbf get me/mnist/1a2b3c4d config.yaml model.h5
  wbf get me/mnist/1a2b3c4d --pattern 'media/%' --exist-ok
  wbf get me/mnist/1a2b3c4d --run me/mnist/2b3c4d5e --include '**/*.pt'
  wbf get me/mnist --state finished --newer-than 7d --dry-run
  wbf get me/mnist/ config.yaml --template '{display_name}/{name}'
  wbf get me/mnist/resnet:best --root models/resnet
  wbf get me/mnist/1a2b3c4d --format ndjson | jq -r 'select(.status == \"failed\").name'")]
    Get(GetArgs),
    /// Write a file of a run to stdout
    #[command(after_help = "\
Example:
  wbf cat me/mnist/1a2b3c4d wandb-summary.json | jq .loss")]
    Cat(CatArgs),
    /// Upload files to a run
    #[command(after_help = "\
A file's name in the run is its path relative to --root; a file of that name is
replaced. Each file counts as uploaded once the server lists its size and md5.

Examples:
  wbf put me/mnist/1a2b3c4d config.yaml
  wbf put me/mnist/1a2b3c4d results --exclude '*.tmp'
  wbf put me/mnist/1a2b3c4d out/run1 --root out/run1
  wbf put me/mnist/1a2b3c4d 'out/**/*.json' --dry-run")]
    Put(PutArgs),
    /// Copy files from one run to another, without a disk in between
    #[command(after_help = "\
Files of the same name are replaced. Each file counts as copied once the server
lists the size and md5 of what was sent.

Examples:
  wbf cp me/mnist/1a2b3c4d me/archive/best
  wbf cp me/mnist/1a2b3c4d me/archive/best model.h5 config.yaml
  wbf cp me/mnist/1a2b3c4d me/archive/best --pattern 'media/%'")]
    Cp(CpArgs),
    /// Delete files of a run
    #[command(after_help = "\
All that is to go is listed before the first file is deleted. Asks first; where
nobody can be asked, --yes has to be given.

Examples:
  wbf rm me/mnist/1a2b3c4d checkpoint-1.pt checkpoint-2.pt
  wbf rm me/mnist/1a2b3c4d --pattern 'media/%' --dry-run
  wbf rm me/mnist/1a2b3c4d --include '*.pt' --exclude 'best.pt'
  wbf rm me/mnist/1a2b3c4d --pattern '%.tmp' --yes --format ndjson")]
    Rm(RmArgs),
    /// List the runs of a project
    #[command(after_help = "\
PROJECT is ENTITY/PROJECT or the project's web address; PROJECT alone is one of
the default entity.

Examples:
  wbf runs me/mnist
  wbf runs me/mnist --state finished --order -summary_metrics.accuracy --limit 10
  wbf runs me/mnist --filter '{\"config.lr\": {\"$gt\": 0.1}}' --format ndjson --full")]
    Runs(RunsArgs),
    /// List the projects of a user or team
    #[command(after_help = "\
Examples:
  wbf projects
  wbf projects my-team --format ndjson | jq -r .name")]
    Projects(ProjectsArgs),
    /// List artifacts: those of a project, or those that a run logged and used
    #[command(after_help = "\
Of a project, lists its artifact types; with --type the collections of one type;
with --collection the versions of one collection. ENTITY/PROJECT is a project,
ENTITY/PROJECT/RUN a run.

Examples:
  wbf artifacts me/mnist
  wbf artifacts me/mnist --type model
  wbf artifacts me/mnist --collection resnet
  wbf artifacts me/mnist/1a2b3c4d --logged --format ndjson")]
    Artifacts(ArtifactsArgs),
    /// Show what takes the space in runs and projects
    #[command(after_help = "\
ENTITY/PROJECT is a project, with all of its runs or those that are chosen;
ENTITY/PROJECT/RUN is a run. Each file counts once.

Examples:
  wbf du me/mnist/1a2b3c4d --depth 2
  wbf du me/mnist --by run --top 20
  wbf du me/mnist --state crashed --by type --format ndjson
  wbf du me/mnist --html usage.html")]
    Du(DuArgs),
    /// Keep the files of runs, projects or entities in storage of your own
    #[command(after_help = "\
SRC is a run, several runs, ENTITY/PROJECT/ (all runs of a project) or ENTITY/ (of all
its projects). DEST is a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or
az://CONTAINER/PREFIX; credentials come from the environment (AWS_*, GOOGLE_*, AZURE_*).
Files go to ENTITY/PROJECT/RUN/NAME below it.

What is there is noted in a ledger: a second call moves only what is new or changed,
and one that was stopped is gone on with.

Examples:
  wbf mirror me/mnist/ /data/mnist
  wbf mirror me/ s3://bucket/wandb --dry-run
  wbf mirror me/mnist/1a2b3c4d me/mnist/2b3c4d5e /data/best --include '*.pt'
  wbf mirror me/mnist/ s3://bucket/mnist --run-state finished --jobs 64
  wbf mirror me/mnist/ /data/mnist --delete
  wbf mirror me/ s3://bucket/wandb --state postgres://wbf@db/mirrors --enqueue")]
    Mirror(Box<MirrorArgs>),
    /// Write a completion script for a shell to stdout
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page to stdout, or one page for each command to a folder
    #[command(hide = true)]
    Man {
        /// The folder
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(crate) struct GlobArgs {
    /// Only files whose name this glob matches: '*.pt' at any depth, 'model/*.pt' from the root; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,
    /// No files whose name this glob matches; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
}

/// Which files.
#[derive(Args)]
pub(crate) struct FileChoiceArgs {
    #[command(flatten)]
    pub(crate) globs: GlobArgs,
    /// Only files of at least so many bytes: 4096, 10M, 1.5GiB
    #[arg(long, value_name = "SIZE", value_parser = select::bytes)]
    pub(crate) min_size: Option<u64>,
    /// Only files of at most so many bytes
    #[arg(long, value_name = "SIZE", value_parser = select::bytes)]
    pub(crate) max_size: Option<u64>,
    /// Only files uploaded after this: 2026-01-31, 2026-01-31T12:00:00Z, or how long ago: 7d, 12h
    #[arg(long, value_name = "WHEN", value_parser = select::moment)]
    pub(crate) newer_than: Option<Timestamp>,
}

/// Which runs of a project, but for their state.
#[derive(Args)]
pub(crate) struct RunChoiceArgs {
    /// Of the project's runs only those that this filter lets pass, in the SDK's language: '{"config.lr": {"$gt": 0.1}}'
    #[arg(long, value_name = "JSON", help_heading = PROJECT)]
    pub(crate) filter: Option<String>,
    /// Only runs with this tag; may be repeated, for any of them
    #[arg(long, value_name = "TAG", help_heading = PROJECT)]
    pub(crate) tag: Vec<String>,
    #[arg(long, value_name = "KEY", allow_hyphen_values = true, help_heading = PROJECT, help = ORDER)]
    pub(crate) order: Option<String>,
    /// All runs of the project: ENTITY/PROJECT then is no run
    #[arg(long, help_heading = PROJECT)]
    pub(crate) all_runs: bool,
    /// Only the first N runs
    #[arg(long, value_name = "N", help_heading = PROJECT)]
    pub(crate) max_runs: Option<usize>,
}

/// Which runs of a project, and which of their files.
#[derive(Args)]
pub(crate) struct ChoiceArgs {
    #[command(flatten)]
    pub(crate) files: FileChoiceArgs,
    #[command(flatten)]
    pub(crate) runs: RunChoiceArgs,
    /// Only runs in this state: finished, running, crashed, failed, killed; may be repeated
    #[arg(long, value_name = "STATE", help_heading = PROJECT)]
    pub(crate) state: Vec<String>,
}

pub(crate) const PROJECT: &str = "Runs of a project";
const ORDER: &str = "The order of the runs: created_at, heartbeat_at, summary_metrics.loss, with - before it for the \
                     greatest first";
const TEMPLATE: &str =
    "Where files go below the root: a path with {entity}, {project}, {run}, {display_name} and {name}";

impl ChoiceArgs {
    /// An option that makes a path of two parts a project.
    pub(crate) fn of_project(&self) -> Option<&'static str> {
        let state = (!self.state.is_empty()).then_some("--state");
        self.runs.of_project().or(state)
    }
}

impl RunChoiceArgs {
    /// An option that makes a path of two parts a project.
    pub(crate) fn of_project(&self) -> Option<&'static str> {
        [
            (self.filter.is_some(), "--filter"),
            (!self.tag.is_empty(), "--tag"),
            (self.order.is_some(), "--order"),
            (self.all_runs, "--all-runs"),
        ]
        .into_iter()
        .find_map(|(given, option)| given.then_some(option))
    }
}

#[derive(Args)]
pub(crate) struct LsArgs {
    /// The runs, a project, or the version of an artifact
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// Only this file; may be repeated
    #[arg(long = "name", value_name = "NAME", conflicts_with = "pattern")]
    pub(crate) names: Vec<String>,
    /// Only names that match a LIKE pattern: % is any text, _ any character
    #[arg(long, value_name = "LIKE")]
    pub(crate) pattern: Option<String>,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    /// Files to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    pub(crate) per_page: u32,
    /// Ask for so many pages of a run's files at the same time, where its cursors are offsets; for long listings of runs
    /// that nobody writes to meanwhile
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = pages_at_once)]
    pub(crate) pages_at_once: usize,
    /// Stop after N files
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Begin behind this cursor, as an earlier listing of the same run showed it
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
    /// How to show them
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Table,
    /// One array
    Json,
    /// One object a line
    Ndjson,
    /// Comma-separated, with a head line
    Csv,
}

#[derive(Args)]
pub(crate) struct GetArgs {
    /// The run, a project, or the version of an artifact
    pub(crate) run: String,
    /// Only these files
    #[arg(value_name = "NAME", conflicts_with = "pattern")]
    pub(crate) names: Vec<String>,
    /// Only names that match a LIKE pattern: % is any text, _ any character
    #[arg(long, value_name = "LIKE")]
    pub(crate) pattern: Option<String>,
    /// A further run; may be repeated
    #[arg(long = "run", value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    #[command(flatten)]
    pub(crate) choice: ChoiceArgs,
    #[arg(long, value_name = "PATH", help = TEMPLATE)]
    pub(crate) template: Option<String>,
    /// A folder for each run, called by its display name
    #[arg(long, conflicts_with = "template")]
    pub(crate) display_names: bool,
    /// Show what would be downloaded, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The folder to download to
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    /// Overwrite files that exist
    #[arg(long, conflicts_with = "exist_ok")]
    pub(crate) replace: bool,
    /// Keep files that exist, where size and md5 are right, and fetch the others again; with =trust, keep whatever exists, as
    /// the Python SDK does, be it cut short or damaged
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "check", hide_possible_values = true)]
    pub(crate) exist_ok: Option<ExistOk>,
    /// Downloads at a time
    #[arg(long, short, value_name = "N", default_value_t = BulkOptions::DEFAULT_JOBS, value_parser = jobs)]
    pub(crate) jobs: usize,
    /// Parts of one large file at a time, where its connection is slow; 1 fetches every file in one piece
    #[arg(long, value_name = "N", default_value_t = Parts::default().connections, value_parser = connections)]
    pub(crate) connections: usize,
    /// Where the bytes come from
    #[arg(long, value_enum, default_value_t = Source::Auto)]
    pub(crate) via: Source,
    /// Do not hold what comes against its md5: saves the time of hashing, and takes bytes for right that were changed on the
    /// way or belong to another version of the same length
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Count a file as done only once it is forced out to the disk, to outlive a loss of power
    #[arg(long)]
    pub(crate) fsync: bool,
    /// Leave out references that cannot be fetched from here, such as s3:// and gs://, instead of counting them as failed
    #[arg(long)]
    pub(crate) skip_references: bool,
    /// Files to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    pub(crate) per_page: u32,
    /// Ask for so many pages of a run's files at the same time, where its cursors are offsets; for long listings of runs
    /// that nobody writes to meanwhile
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = pages_at_once)]
    pub(crate) pages_at_once: usize,
    /// How to report each file
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExistOk {
    /// Keep what has the right size and md5
    Check,
    /// Keep whatever is there
    Trust,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// Storage, and the W&B server where that fails
    Auto,
    /// Storage only
    Direct,
    /// The W&B server only, which sends on to storage
    Api,
}

impl From<Source> for Via {
    fn from(source: Source) -> Self {
        match source {
            Source::Auto => Self::Auto,
            Source::Direct => Self::Direct,
            Source::Api => Self::Api,
        }
    }
}

/// GraphQL's `Int` has 31 bits and a sign.
pub(crate) fn per_page() -> impl clap::builder::TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(1..=i64::from(i32::MAX))
}

fn pages_at_once(text: &str) -> Result<usize, String> {
    between(text, 1, 64)
}

pub(crate) fn jobs(text: &str) -> Result<usize, String> {
    between(text, 1, 1024)
}

pub(crate) fn connections(text: &str) -> Result<usize, String> {
    between(text, 1, 64)
}

fn between(text: &str, least: usize, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("it must be a number from {least} to {most}")),
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// One array
    Json,
    /// One object a line
    Ndjson,
}

#[derive(Args)]
pub(crate) struct PutArgs {
    /// The run
    pub(crate) run: String,
    /// Files, folders with all that is below them, and globs such as 'out/**/*.json'
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The folder relative to which files are named
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    #[command(flatten)]
    pub(crate) globs: GlobArgs,
    /// Upload what symlinks in folders lead to; without this they are left out
    #[arg(long)]
    pub(crate) follow_symlinks: bool,
    /// Uploads at a time
    #[arg(long, short, value_name = "N", default_value_t = BulkOptions::DEFAULT_JOBS, value_parser = jobs)]
    pub(crate) jobs: usize,
    /// Show what would be uploaded, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How to report each file
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct CpArgs {
    /// The run to copy from
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// The run to copy to
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    /// Only these files
    #[arg(value_name = "NAME", conflicts_with = "pattern")]
    pub(crate) names: Vec<String>,
    /// Only names that match a LIKE pattern: % is any text, _ any character
    #[arg(long, value_name = "LIKE")]
    pub(crate) pattern: Option<String>,
    /// Files at a time
    #[arg(long, short, value_name = "N", default_value_t = BulkOptions::DEFAULT_JOBS, value_parser = jobs)]
    pub(crate) jobs: usize,
    /// Files to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    pub(crate) per_page: u32,
    /// How to report each file
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct RmArgs {
    /// The run
    pub(crate) run: String,
    /// The files
    #[arg(value_name = "NAME", conflicts_with = "pattern")]
    pub(crate) names: Vec<String>,
    /// The files whose names match a LIKE pattern: % is any text, _ any character
    #[arg(long, value_name = "LIKE")]
    pub(crate) pattern: Option<String>,
    #[command(flatten)]
    pub(crate) globs: GlobArgs,
    /// Delete without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show what would be deleted, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Files to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    pub(crate) per_page: u32,
    /// How to report each file
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct CatArgs {
    /// The run
    pub(crate) run: String,
    /// The file
    pub(crate) name: String,
}
