//! `cargo xtask conformance`: what the real Python SDK uploaded and lists, against what wbf lists and brings home.

mod cases;
mod rows;
mod tree;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use crate::devserver::DevServer;
use crate::error::{Failure, Result};
use crate::sample::{self, Sample, Scratch};
use crate::sh::{self, Output, Sh};
use crate::{bins, python};

/// How much to compare.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many files the SDK uploads
    #[arg(long, value_name = "N", default_value_t = Self::default().files)]
    files: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { files: 1237 }
    }
}

const RUN: &str = "conformance/files/hard-names";

/// Runs every comparison and fails if one finds a difference.
pub(crate) fn run(options: &Options) -> Result<()> {
    let python = python::environment()?;
    let bins = bins::debug()?;
    let scratch = Scratch::new(sh::target()?.join("conformance"))?;
    let server = DevServer::start(&bins.devserver, &["--record"], scratch.path())?;
    let files = tree::files(options.files);
    let originals = scratch.path().join("originals");
    sample::write(&files, &originals)?;

    let mut suite = Suite {
        server,
        python,
        wbf: bins.wbf,
        passed: 0,
        failed: 0,
    };
    let start = Instant::now();
    suite.sdk("upload", RUN).arg(&originals).arg("2").run()?;
    println!(
        "{} files uploaded by the SDK, {:.1} s",
        files.len(),
        start.elapsed().as_secs_f64()
    );
    suite.listings(&files)?;
    suite.first_ten()?;
    suite.cursor()?;
    suite.bytes(&files, &scratch.path().join("got"))?;
    suite.single_files(&files)?;
    println!("{} comparisons equal, {} not", suite.passed, suite.failed);
    if suite.failed == 0 {
        Ok(())
    } else {
        Err(Failure::new("wbf and the SDK differ"))
    }
}

/// The two sides and the count of what was compared.
struct Suite {
    server: DevServer,
    python: PathBuf,
    wbf: PathBuf,
    passed: usize,
    failed: usize,
}

impl Suite {
    fn sdk(&self, command: &str, run: &str) -> Sh {
        let script = sh::workspace().join("xtask").join("python").join("sdk.py");
        let python = Sh::new(&self.python).args(["-W", "ignore"]);
        self.server.client(python.arg(script).arg(command).arg(run))
    }

    fn wbf<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Sh {
        self.server.client(Sh::new(&self.wbf).args(args))
    }

    fn report(&mut self, what: &str, differences: &[String]) {
        if differences.is_empty() {
            self.passed += 1;
            println!("  equal   {what}");
            return;
        }
        self.failed += 1;
        println!("  DIFFERS {what}");
        for line in differences.iter().take(10) {
            println!("          {line}");
        }
        if differences.len() > 10 {
            println!("          and {} more", differences.len() - 10);
        }
    }

    /// Listings with every kind of selection: the same files, fields and order on both sides.
    fn listings(&mut self, files: &[Sample]) -> Result<()> {
        let cases = cases::all(files);
        let arguments: Value = cases.iter().map(|case| case.sdk.clone()).collect();
        let listed = rows::parse(&self.sdk("list", RUN).arg(arguments.to_string()).read()?)?;
        for (number, case) in cases.iter().enumerate() {
            let sdk: Vec<_> = listed
                .iter()
                .filter(|row| row["case"] == number && !rows::is_placeholder(row))
                .collect();
            let wbf = self.wbf(["ls", RUN, "--format", "ndjson"]).args(&case.wbf);
            let ours = wbf.output()?;
            let differences = match rows::parse(&String::from_utf8_lossy(&ours.stdout)) {
                Ok(rows) => rows::differences(&sdk, &rows),
                Err(error) => vec![error.to_string()],
            };
            let differences = [differences, unexpected(&ours, case.status)].concat();
            self.report(&format!("{} ({} files)", case.name, sdk.len()), &differences);
        }
        Ok(())
    }

    /// Ten files are one page, and one page is one request.
    fn first_ten(&mut self) -> Result<()> {
        let before = self.server.requests()?.len();
        let ours = self
            .wbf(["ls", RUN, "--limit", "10", "--format", "ndjson"])
            .read()?;
        let requests = self.server.requests()?;
        let sent: Vec<_> = requests
            .iter()
            .skip(before)
            .filter(|request| is_graphql(request))
            .collect();
        let mut differences = Vec::new();
        if rows::parse(&ours)?.len() != 10 {
            differences.push(format!("{} rows instead of 10", ours.lines().count()));
        }
        if sent.len() != 1 {
            differences.push(format!("{} GraphQL requests instead of 1: {sent:?}", sent.len()));
        }
        self.report("ls --limit 10 sends one GraphQL request", &differences);
        Ok(())
    }

    /// A listing taken up after a cursor brings exactly the rest.
    fn cursor(&mut self) -> Result<()> {
        let all = rows::parse(&self.wbf(["ls", RUN, "--format", "ndjson"]).read()?)?;
        let at = all.len() / 3;
        let Some(cursor) = all.get(at).and_then(|row| row["cursor"].as_str()) else {
            self.report("ls --after CURSOR", &["no cursor in the listing".to_owned()]);
            return Ok(());
        };
        let rest = rows::parse(
            &self
                .wbf(["ls", RUN, "--format", "ndjson", "--after", cursor])
                .read()?,
        )?;
        let wanted: Vec<_> = all.iter().skip(at + 1).collect();
        self.report("ls --after CURSOR", &rows::differences(&wanted, &rest));
        Ok(())
    }

    /// A download of everything gives the bytes that were uploaded, and a second one finds them.
    fn bytes(&mut self, files: &[Sample], root: &Path) -> Result<()> {
        let get = |suite: &Self, more: &[&str]| {
            suite
                .wbf(["get", RUN, "--format", "ndjson", "--root"])
                .arg(root)
                .args(more)
                .output()
        };
        let first = get(self, &[])?;
        let mut differences = unexpected(&first, 0);
        differences.extend(sample::differences(files, root)?);
        self.report(
            &format!("get brings {} files byte for byte", files.len()),
            &differences,
        );

        let again = get(self, &["--exist-ok"])?;
        let mut differences = unexpected(&again, 0);
        let rows = rows::parse(&String::from_utf8_lossy(&again.stdout))?;
        differences.extend(
            rows.iter()
                .filter(|row| row["status"] != "skipped")
                .map(|row| format!("not skipped: {row}")),
        );
        self.report("get --exist-ok skips what is there", &differences);

        let refused = get(self, &[])?;
        self.report("get refuses to overwrite", &unexpected(&refused, 1));
        Ok(())
    }

    /// Each hard name by itself, as an argument.
    fn single_files(&mut self, files: &[Sample]) -> Result<()> {
        let mut differences = Vec::new();
        for file in files.iter().take(tree::HARD_COUNT) {
            let output = self.wbf(["cat", RUN, "--", &file.name]).output()?;
            let mut wrong = unexpected(&output, 0);
            if wrong.is_empty() && output.stdout != file.bytes {
                wrong.push("other bytes".to_owned());
            }
            differences.extend(wrong.iter().map(|what| format!("{:?}: {what}", file.name)));
        }
        self.report("cat of each hard name", &differences);
        Ok(())
    }
}

fn is_graphql(request: &Value) -> bool {
    request["path"]
        .as_str()
        .is_some_and(|path| path.ends_with("/graphql"))
}

/// What there is to say when a command did not end as it should.
fn unexpected(output: &Output, status: i32) -> Vec<String> {
    if output.code == Some(status) {
        return Vec::new();
    }
    vec![format!(
        "exit status {:?} instead of {status}: {}",
        output.code,
        output.stderr.trim_end()
    )]
}
