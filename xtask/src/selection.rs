//! `cargo xtask selection`: the files of many runs in one command, with the SDK on the same server as the judge.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bins::{self, Bins};
use crate::conformance::rows;
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::memory::{self, Watched};
use crate::python;
use crate::sample::{self, Sample, Scratch};
use crate::sh::{self, Sh};

/// How many runs, and of what size.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many runs the project has
    #[arg(long, value_name = "N", default_value_t = 2000)]
    runs: usize,
    /// How many files each of them has, up to 50
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=50))]
    files: u64,
    /// Take the build that the tests make, which is there sooner
    #[arg(long)]
    debug: bool,
}

impl Options {
    /// As much as every check of the workspace has time for.
    pub(crate) fn short() -> Self {
        Self {
            runs: 200,
            files: 10,
            debug: true,
        }
    }
}

const PROJECT: &str = "selection/many";
/// With a slash at its end it is all runs of the project.
const ALL: &str = "selection/many/";

/// What the documents promise of a process that lists or moves any number of files, in MiB.
const MEMORY: f64 = 64.0;
/// The runs that come with one request.
const RUNS_A_REQUEST: usize = 40;
/// Requests beside those: whoever asks who one is, or for a page that turns out to be the end.
const SPARE: usize = 2;
/// How many requests may be in flight: the default, and so few that the bound is felt.
const JOBS: &[usize] = &[64, 4];

/// What a server was asked during one command.
struct Asked {
    graphql: usize,
    storage: usize,
    /// The most that were under way at the same time.
    at_once: u64,
}

struct Measure<'a> {
    server: &'a DevServer,
    bins: &'a Bins,
    scratch: &'a Path,
    failures: Vec<String>,
}

/// Lists and gets all files of the project, prints what each command took, and fails where one took too much or brought
/// something else than the SDK lists.
pub(crate) fn run(options: &Options) -> Result<()> {
    let pythons = python::VERSIONS.map(|version| (version, python::environment(version)));
    let bins = if options.debug {
        bins::debug()?
    } else {
        bins::release()?
    };
    let scratch = Scratch::new(sh::target()?.join("selection"))?;
    let (runs, files) = (options.runs.to_string(), options.files.to_string());
    let arguments = [
        "--record",
        "--synthetic-runs",
        &runs,
        "--files-per-run",
        &files,
        "--into-project",
        PROJECT,
    ];
    let server = DevServer::start(&bins.devserver, &arguments, scratch.path())?;
    let mut measure = Measure {
        server: &server,
        bins: &bins,
        scratch: scratch.path(),
        failures: Vec::new(),
    };
    println!("{runs} runs of {files} files");
    println!(
        "{:<34}{:>9}{:>9}{:>9}{:>13}{:>10}",
        "", "graphql", "storage", "at once", "peak", "time"
    );
    let mut listings = Vec::new();
    for (version, python) in pythons {
        listings.push((version, measure.sdk(version, &python?)?));
    }
    let ours = measure.ls(options)?;
    for (version, theirs) in &listings {
        measure.compare(version, theirs, &ours, options);
    }
    let (version, python) = (python::DOCUMENTED, python::environment(python::DOCUMENTED)?);
    let first = measure.first_run(&python, &ours)?;
    println!("the files of the first run are those that the SDK {version} downloads");
    for jobs in JOBS {
        measure.get(*jobs, options, &ours, &first)?;
    }
    for failure in &measure.failures {
        println!("FAILED: {failure}");
    }
    if measure.failures.is_empty() {
        println!("every listing is the SDK's, run by run, and every file has the right bytes");
        Ok(())
    } else {
        Err(Failure::new("wbf took too much, or brought something else"))
    }
}

impl Measure<'_> {
    /// Runs a command with its standard output in a file; what it took is one line of the table.
    fn watch(&mut self, what: &str, command: Sh, is_ours: bool) -> Result<(PathBuf, Asked)> {
        let output = self.scratch.join("stdout");
        let stdout = File::create(&output).or_fail(|| format!("write {}", output.display()))?;
        self.server.forget_requests()?;
        let command = self.server.client(command);
        let watched = memory::watch(command, stdout.into(), &self.scratch.join("stderr"))?;
        let asked = self.asked()?;
        let Watched { peak, took } = watched;
        println!(
            "{what:<34}{:>9}{:>9}{:>9}{peak:>9.1} MiB{:>8.1} s",
            asked.graphql,
            asked.storage,
            asked.at_once,
            took.as_secs_f64()
        );
        if is_ours && peak > MEMORY {
            self.failures.push(format!("{what} took more than {MEMORY} MiB"));
        }
        Ok((output, asked))
    }

    fn asked(&self) -> Result<Asked> {
        let requests = self.server.requests()?;
        let is_graphql = |request: &&Value| request["operation"].is_string();
        let of_storage = |request: &&Value| request["listener"] == "storage";
        let at_once = requests.iter().filter_map(|request| request["at_once"].as_u64());
        Ok(Asked {
            graphql: requests.iter().filter(is_graphql).count(),
            storage: requests.iter().filter(of_storage).count(),
            at_once: at_once.max().unwrap_or_default(),
        })
    }

    fn sdk(&mut self, version: &str, python: &Path) -> Result<Vec<Value>> {
        let script = python::script(python, "listings.py").args(["files", PROJECT]);
        let (output, _) = self.watch(&format!("SDK {version}: files of every run"), script, false)?;
        read(&output)
    }

    fn ls(&mut self, options: &Options) -> Result<Vec<Value>> {
        let what = "wbf ls";
        let ls = Sh::new(&self.bins.wbf).args(["ls", ALL, "--format", "ndjson"]);
        let (output, asked) = self.watch(what, ls, true)?;
        self.few(what, &asked, options);
        read(&output)
    }

    fn compare(&mut self, version: &str, theirs: &[Value], ours: &[Value], options: &Options) {
        let wanted = options.runs * options.files as usize;
        if theirs.len() != wanted {
            let count = theirs.len();
            self.failures
                .push(format!("SDK {version} lists {count} files of {wanted}"));
        }
        let fields = [&["run"], rows::FIELDS].concat();
        let theirs: Vec<&Value> = theirs.iter().collect();
        let differences = rows::differences_of("file", &fields, &theirs, ours);
        let shown = differences.iter().take(10);
        self.failures
            .extend(shown.map(|line| format!("SDK {version}: {line}")));
    }

    /// The first run's files as the SDK downloads them; all runs have the same.
    fn first_run(&self, python: &Path, ours: &[Value]) -> Result<Vec<Sample>> {
        let run = ours
            .first()
            .and_then(|row| row["run"].as_str())
            .unwrap_or_default();
        let root = self.scratch.join("first");
        let script = python::script(python, "sdk.py")
            .args(["download", run])
            .arg(&root);
        self.server.client(script).run()?;
        sample::read(&root)
    }

    fn get(&mut self, jobs: usize, options: &Options, listed: &[Value], first: &[Sample]) -> Result<()> {
        let what = format!("wbf get --jobs {jobs}");
        let root = self.scratch.join("root");
        let get =
            Sh::new(&self.bins.wbf).args(["get", ALL, "--quiet", "--jobs", &jobs.to_string(), "--root"]);
        let (_, asked) = self.watch(&what, get.arg(&root), true)?;
        self.few(&what, &asked, options);
        if asked.storage != listed.len() {
            let count = asked.storage;
            self.failures.push(format!(
                "{what}: {count} requests to storage for {} files",
                listed.len()
            ));
        }
        if asked.at_once > jobs as u64 {
            self.failures
                .push(format!("{what}: {} requests at once", asked.at_once));
        }
        let runs: BTreeSet<&str> = listed.iter().filter_map(|row| row["run"].as_str()).collect();
        for run in &runs {
            let folder = root.join(run.rsplit('/').next().unwrap_or_default());
            let differences = sample::differences(first, &folder)?;
            self.failures
                .extend(differences.iter().map(|line| format!("{what}: {run}: {line}")));
        }
        let there = sample::walk(&root)?.len();
        if there != listed.len() {
            self.failures.push(format!(
                "{what}: {there} files on disk of {} that are listed",
                listed.len()
            ));
        }
        fs::remove_dir_all(&root).or_fail(|| format!("remove {}", root.display()))
    }

    /// A page of runs brings the files of each: more requests than that are too many.
    fn few(&mut self, what: &str, asked: &Asked, options: &Options) {
        let limit = options.runs.div_ceil(RUNS_A_REQUEST) + SPARE;
        if asked.graphql > limit {
            let count = asked.graphql;
            self.failures.push(format!(
                "{what}: {count} GraphQL requests where {limit} are enough"
            ));
        }
    }
}

fn read(output: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(output).or_fail(|| format!("read {}", output.display()))?;
    rows::parse(&text)
}
