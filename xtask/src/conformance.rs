//! `cargo xtask conformance`: what the real Python SDK and wbf make of each other's files, and of all else that both list.

mod artifacts;
mod cases;
mod collections;
mod configuration;
mod kinds;
mod large;
mod naming;
mod reading;
mod real_runs;
mod requests;
pub(crate) mod rows;
mod suite;
mod traces;
mod tree;
mod writing;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use crate::devserver::DevServer;
use crate::error::{Failure, Result};
use crate::sample::{self, Scratch};
use crate::{bins, python, sh};
use suite::{Sdk, Suite};

/// How much to compare.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many files each side uploads
    #[arg(long, value_name = "N", default_value_t = Self::default().files)]
    files: usize,
    /// Bring one file of 2 GiB there and back, and nothing else: takes minutes, and 5 GB of disk
    #[arg(long)]
    large: bool,
    /// Compare runs, projects, sweeps and artifacts, and nothing else
    #[arg(long, conflicts_with = "large")]
    collections: bool,
    /// Log runs as scripts do, online and offline, and nothing else: half a minute
    #[arg(long, conflicts_with_all = ["large", "collections"])]
    real_runs: bool,
    /// How many random traces to play on each SDK
    #[arg(long, value_name = "N", default_value_t = Self::default().traces)]
    traces: usize,
    /// What the traces are drawn from
    #[arg(long, value_name = "N", default_value_t = Self::default().seed)]
    seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            files: 1237,
            large: false,
            collections: false,
            real_runs: false,
            traces: 2000,
            seed: 1,
        }
    }
}

/// Runs every comparison and fails if one finds a difference.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut sdks = Vec::new();
    for version in python::VERSIONS {
        let python = python::environment(version)?;
        sdks.push(Sdk { version, python });
    }
    let bins = bins::debug()?;
    let scratch = Scratch::new(sh::target()?.join("conformance"))?;
    let mut arguments = vec!["--record".to_owned()];
    for run in runs(&sdks, options.large) {
        arguments.extend(["--run".to_owned(), run]);
    }
    let arguments: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .chain(collections::SERVER.iter().copied())
        .collect();
    let server = DevServer::start(&bins.devserver, &arguments, scratch.path())?;
    let mut suite = Suite {
        server: &server,
        wbf: &bins.wbf,
        devserver: &bins.devserver,
        project: &bins.example("project"),
        passed: 0,
        by_design: 0,
        failed: 0,
        kinds: BTreeMap::new(),
    };
    if options.large {
        suite.large(&sdks, scratch.path())?;
    } else {
        let whole = !options.collections && !options.real_runs;
        if whole {
            small(&mut suite, &sdks, options.files, scratch.path())?;
            judged(&mut suite, &sdks, options, scratch.path())?;
        }
        for sdk in &sdks {
            if whole || options.collections {
                println!("SDK {}: collections", sdk.version);
                suite.collections(sdk)?;
                suite.artifacts(sdk, scratch.path())?;
            }
            if whole || options.real_runs {
                println!("SDK {}: runs as scripts make them", sdk.version);
                suite.real_runs(sdk, scratch.path())?;
            }
        }
    }
    println!(
        "{} comparisons equal, {} different by design, {} not equal",
        suite.passed, suite.by_design, suite.failed
    );
    if suite.failed == 0 {
        Ok(())
    } else {
        Err(Failure::new("wbf and the SDK differ"))
    }
}

/// What wbf and the SDK upload to; they make no runs.
fn runs(sdks: &[Sdk], large: bool) -> Vec<String> {
    let versions = sdks.iter().map(|sdk| sdk.version);
    if large {
        return versions.chain(["wbf"]).map(large::run).collect();
    }
    let pairs = versions.flat_map(|version| {
        [
            writing::copies(version),
            naming::runs(version),
            requests::runs(version),
        ]
    });
    pairs.flatten().chain([writing::PUT.to_owned()]).collect()
}

/// Traces, settings and requests, and the document that says where they differ.
fn judged(suite: &mut Suite<'_>, sdks: &[Sdk], options: &Options, scratch: &Path) -> Result<()> {
    let whole = options.traces >= Options::default().traces;
    suite.traces(sdks, options.seed, options.traces, whole, scratch)?;
    let source = scratch.join("requests-source");
    let files: Vec<_> = (0..60)
        .map(|number| sample::Sample::new(format!("{number:02}.txt"), vec![b'x'; number]))
        .collect();
    sample::write(&files, &source)?;
    for sdk in sdks {
        suite.requests(sdk, &source, scratch)?;
        suite.configuration(sdk, &scratch.join("originals"), scratch)?;
    }
    suite.documented()
}

/// Many files, in both directions.
fn small(suite: &mut Suite<'_>, sdks: &[Sdk], count: usize, scratch: &Path) -> Result<()> {
    let files = tree::files(count);
    let originals = scratch.join("originals");
    sample::write(&files, &originals)?;
    suite.put(&files, &originals, &scratch.join("got-put"))?;
    for sdk in sdks {
        let run = format!("conformance/files/by-{}", sdk.version);
        let start = Instant::now();
        suite.sdk(sdk, "upload", &run).arg(&originals).arg("2").run()?;
        println!(
            "SDK {}: {} files uploaded, {:.1} s",
            sdk.version,
            files.len(),
            start.elapsed().as_secs_f64()
        );
        let got = |what: &str| scratch.join(format!("got-{what}-{}", sdk.version));
        suite.reading(sdk, &run, &files, &got("uploaded"))?;
        suite.read_back(sdk, &files, &got("put"))?;
        suite.copy_and_delete(sdk, &files)?;
        suite.naming(sdk, scratch)?;
    }
    Ok(())
}
