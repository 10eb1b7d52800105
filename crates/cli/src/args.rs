//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use wandb_client::{BulkOptions, Parts, Via};

const ABOUT: &str = "The files of Weights & Biases runs: list, download, upload, copy, delete";

const ENVIRONMENT: &str = "\
RUN is ENTITY/PROJECT/RUN, ENTITY/PROJECT/runs/RUN or the run's web address;
with WANDB_ENTITY and WANDB_PROJECT set, PROJECT/RUN or RUN will do.

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
    /// List the files of a run
    #[command(after_help = "\
Examples:
  wbf ls me/mnist/1a2b3c4d
  wbf ls me/mnist/1a2b3c4d --pattern '%.json' --limit 10
  wbf ls me/mnist/1a2b3c4d --format ndjson | jq -r 'select(.size_bytes > 1e6).name'")]
    Ls(LsArgs),
    /// Download files of a run
    #[command(after_help = "\
Examples:
  wbf get me/mnist/1a2b3c4d --root runs/1a2b3c4d
  wbf get me/mnist/1a2b3c4d config.yaml model.h5
  wbf get me/mnist/1a2b3c4d --pattern 'media/%' --exist-ok
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
  wbf rm me/mnist/1a2b3c4d --pattern '%.tmp' --yes --format ndjson")]
    Rm(RmArgs),
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
pub(crate) struct LsArgs {
    /// The run
    pub(crate) run: String,
    /// Only this file; may be repeated
    #[arg(long = "name", value_name = "NAME", conflicts_with = "pattern")]
    pub(crate) names: Vec<String>,
    /// Only names that match a LIKE pattern: % is any text, _ any character
    #[arg(long, value_name = "LIKE")]
    pub(crate) pattern: Option<String>,
    /// Files to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    pub(crate) per_page: u32,
    /// Stop after N files
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Begin behind this cursor, as an earlier listing showed it
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
    /// The run
    pub(crate) run: String,
    /// Only these files
    #[arg(value_name = "NAME", conflicts_with = "pattern")]
    pub(crate) names: Vec<String>,
    /// Only names that match a LIKE pattern: % is any text, _ any character
    #[arg(long, value_name = "LIKE")]
    pub(crate) pattern: Option<String>,
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
    /// Parts of one large file at a time; 1 fetches every file in one piece
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
    /// Files to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    pub(crate) per_page: u32,
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
fn per_page() -> impl clap::builder::TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(1..=i64::from(i32::MAX))
}

fn jobs(text: &str) -> Result<usize, String> {
    between(text, 1, 1024)
}

fn connections(text: &str) -> Result<usize, String> {
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
    /// Only files whose name this glob matches: '*.pt' at any depth, 'model/*.pt' from the root; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,
    /// No files whose name this glob matches; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
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
