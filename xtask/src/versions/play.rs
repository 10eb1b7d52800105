//! Does everything on one server, and looks at what came of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::operation::Operation;
use super::server::Server;
use crate::bins::Bins;
use crate::devserver::DevServer;
use crate::error::{Context, Result};
use crate::look;
use crate::sample::{self, Sample, noise};
use crate::sh::{Output, Sh};

const RUN: &str = "versions/versions/run";
const COPY: &str = "versions/versions/copy";

/// One operation on one server.
pub(super) struct Cell {
    /// Whether the server lacks what the operation makes use of on others.
    pub(super) is_fallback: bool,
    /// How many GraphQL requests it took.
    pub(super) requests: usize,
    /// What is not as it has to be.
    pub(super) wrongs: Vec<String>,
    /// The last line on standard error.
    pub(super) said: String,
}

impl Cell {
    pub(super) fn text(&self) -> String {
        let word = match (self.wrongs.is_empty(), self.is_fallback) {
            (false, _) => "WRONG",
            (true, true) => "fallback",
            (true, false) => "ok",
        };
        format!("{word} {}", self.requests)
    }
}

/// What is in the run at first.
pub(super) fn seeds() -> Vec<Sample> {
    let logs = (0..5).map(|n| Sample::new(format!("logs/rank {n}.log"), noise(n, 700 * n as usize)));
    let others = [
        ("config.yaml", 150),
        ("media/100%?.png", 3000),
        ("media/a #1.png", 80_000),
        ("empty.bin", 0),
        ("catalogs.txt", 5),
    ];
    let others = others.map(|(name, length)| Sample::new(name, noise(9, length)));
    logs.chain(others).collect()
}

/// What is put: new ones, and one that is there with other bytes.
fn additions() -> Vec<Sample> {
    let files = [
        ("config.yaml", 170),
        ("new/é +&;.txt", 20_000),
        ("new/empty.txt", 0),
        ("new/deep/er/b.log", 44),
        (".hidden", 9),
    ];
    files
        .map(|(name, length)| Sample::new(name, noise(77, length)))
        .into()
}

fn is_log(name: &str) -> bool {
    name.starts_with("logs/")
}

/// What a server is played with.
pub(super) struct Stage<'a> {
    bins: &'a Bins,
    /// Holds what is in every run at first.
    pub(super) seed: PathBuf,
    additions: PathBuf,
}

impl<'a> Stage<'a> {
    pub(super) fn new(bins: &'a Bins, folder: &Path) -> Result<Self> {
        let additions_folder = folder.join("additions");
        sample::write(&additions(), &additions_folder)?;
        Ok(Self {
            bins,
            seed: folder.join("seed"),
            additions: additions_folder,
        })
    }

    /// A cell for each operation.
    pub(super) fn play(&self, server: &Server, folder: &Path) -> Result<Vec<Cell>> {
        let seed = self.seed.to_string_lossy();
        let without = server.lacks.join(",");
        let mut arguments = vec!["--record", "--seed-folder", &seed, "--into", RUN, "--run", COPY];
        if !without.is_empty() {
            arguments.extend(["--without", &*without]);
        }
        arguments.extend(server.arguments);
        let running = DevServer::start(&self.bins.devserver, &arguments, folder)?;
        let mut play = Play {
            stage: self,
            server: &running,
            folder,
            there: seeds(),
            copied: Vec::new(),
        };
        let cells = Operation::ALL
            .iter()
            .map(|operation| play.cell(server, *operation));
        cells.collect()
    }
}

struct Play<'a> {
    stage: &'a Stage<'a>,
    server: &'a DevServer,
    folder: &'a Path,
    /// What the run has to hold.
    there: Vec<Sample>,
    /// What the other run has to hold.
    copied: Vec<Sample>,
}

impl Play<'_> {
    fn cell(&mut self, server: &Server, operation: Operation) -> Result<Cell> {
        let mut wrongs = self.rehearsal(operation)?;
        let before = self.server.graphql_requests()?.len();
        let output = self.command(operation).output()?;
        let requests = self.server.graphql_requests()?.len() - before;
        let is_fallback = server.lacks.iter().any(|feature| operation.uses(feature));
        if output.code == Some(0) {
            wrongs.extend(self.check(operation, server, &output)?);
        } else {
            wrongs.push(format!("exit status {:?}", output.code));
        }
        if output.stderr.contains("panicked at") {
            wrongs.push("it panicked".to_owned());
        }
        wrongs.extend(look::differences(self.server, RUN, &self.there)?);
        wrongs.extend(look::differences(self.server, COPY, &self.copied)?);
        Ok(Cell {
            is_fallback,
            requests,
            wrongs,
            said: output.stderr.lines().last().unwrap_or_default().to_owned(),
        })
    }

    /// What would be deleted is said first, and stays.
    fn rehearsal(&self, operation: Operation) -> Result<Vec<String>> {
        if !matches!(operation, Operation::Rm | Operation::RmPattern) {
            return Ok(Vec::new());
        }
        let output = self.command(operation).arg("--dry-run").output()?;
        let doomed = self.doomed(operation);
        let mut wrongs = rows_differ(&output, &doomed, Some("would-delete"));
        wrongs.extend(look::differences(self.server, RUN, &self.there)?);
        Ok(wrongs.iter().map(|wrong| format!("--dry-run: {wrong}")).collect())
    }

    fn command(&self, operation: Operation) -> Sh {
        let arguments: &[&str] = match operation {
            Operation::Ls => &["ls", RUN],
            Operation::LsPattern => &["ls", RUN, "--pattern", "LOGS/%"],
            Operation::Get => &["get", RUN, "--root", "got"],
            Operation::Put => &["put", RUN, "."],
            Operation::Rm => &[
                "rm",
                RUN,
                "--yes",
                "config.yaml",
                "media/100%?.png",
                "new/é +&;.txt",
            ],
            Operation::RmPattern => &["rm", RUN, "--yes", "--pattern", "logs/%"],
            Operation::Cp => &["cp", RUN, COPY],
        };
        let here = match operation {
            Operation::Put => &*self.stage.additions,
            _ => self.folder,
        };
        let wbf = Sh::new(&self.stage.bins.wbf).args(arguments);
        self.server.client(wbf.args(["--format", "ndjson"]).dir(here))
    }

    fn doomed(&self, operation: Operation) -> Vec<&Sample> {
        let named = ["config.yaml", "media/100%?.png", "new/é +&;.txt"];
        let is_doomed = |name: &str| match operation {
            Operation::Rm => named.contains(&name),
            _ => is_log(name),
        };
        self.there.iter().filter(|file| is_doomed(&file.name)).collect()
    }

    /// What is not right about an operation that says it was done; takes down what it has changed.
    fn check(&mut self, operation: Operation, server: &Server, output: &Output) -> Result<Vec<String>> {
        let everything = || self.there.iter().collect::<Vec<_>>();
        Ok(match operation {
            Operation::Ls => listing_differs(server, output, &everything()),
            Operation::LsPattern => listing_differs(server, output, &self.doomed(operation)),
            Operation::Get => {
                let mut wrongs = rows_differ(output, &everything(), Some("downloaded"));
                let root = self.folder.join("got");
                wrongs.extend(sample::differences(&self.there, &root)?);
                fs::remove_dir_all(&root).or_fail(|| format!("remove {}", root.display()))?;
                wrongs
            }
            Operation::Put => {
                let additions = additions();
                let wrongs = rows_differ(output, &additions.iter().collect::<Vec<_>>(), Some("uploaded"));
                self.there
                    .retain(|file| additions.iter().all(|new| new.name != file.name));
                self.there.extend(additions);
                wrongs
            }
            Operation::Rm | Operation::RmPattern => {
                let doomed = self.doomed(operation);
                let wrongs = rows_differ(output, &doomed, Some("deleted"));
                let doomed: BTreeSet<String> = doomed.iter().map(|file| file.name.clone()).collect();
                self.there.retain(|file| !doomed.contains(&file.name));
                wrongs
            }
            Operation::Cp => {
                let wrongs = rows_differ(output, &everything(), Some("copied"));
                self.copied.extend(
                    self.there
                        .iter()
                        .map(|file| Sample::new(&*file.name, &*file.bytes)),
                );
                wrongs
            }
        })
    }
}

fn listing_differs(server: &Server, output: &Output, expected: &[&Sample]) -> Vec<String> {
    let mut wrongs = rows_differ(output, expected, None);
    for row in rows(output) {
        if row["md5"].is_null() != server.lacks.contains(&"md5") {
            wrongs.push(format!("md5 {} of {}", row["md5"], row["name"]));
        }
        if row["direct_url"].is_null() != server.lacks.contains(&"direct-url") {
            wrongs.push(format!("direct_url {} of {}", row["direct_url"], row["name"]));
        }
    }
    wrongs
}

/// How the rows on standard output differ from one for each of these files, with its length and this status.
fn rows_differ(output: &Output, expected: &[&Sample], status: Option<&str>) -> Vec<String> {
    let rows = rows(output);
    let mut wrongs = Vec::new();
    if output.code != Some(0) {
        wrongs.push(format!(
            "exit status {:?}: {}",
            output.code,
            output.stderr.lines().last().unwrap_or_default()
        ));
    }
    if rows.len() != expected.len() {
        wrongs.push(format!("{} rows instead of {}", rows.len(), expected.len()));
    }
    for file in expected {
        let length = if status.is_some() { "bytes" } else { "size_bytes" };
        let fits = |row: &Value| {
            row["name"] == file.name
                && row[length] == file.bytes.len()
                && status.is_none_or(|status| row["status"] == status)
        };
        if !rows.iter().any(fits) {
            wrongs.push(format!(
                "no row {status:?} of {:?} with {} bytes",
                file.name,
                file.bytes.len()
            ));
        }
    }
    wrongs
}

fn rows(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| Value::from(line)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_to_be_there_for_each_file_and_no_other() {
        let file = Sample::new("a b.txt", "12");
        let said = |code, lines: &str| Output {
            stdout: lines.as_bytes().to_vec(),
            stderr: String::new(),
            code: Some(code),
        };
        let differ = |output: Output| rows_differ(&output, &[&file], Some("uploaded"));
        let right = r#"{"name": "a b.txt", "bytes": 2, "status": "uploaded"}"#;
        assert_eq!(differ(said(0, right)), Vec::<String>::new());
        for (code, lines) in [
            (1, right.to_owned()),
            (0, String::new()),
            (0, format!("{right}\n{right}")),
            (0, right.replace("uploaded", "failed")),
            (0, right.replace("\"bytes\": 2", "\"bytes\": 3")),
            (0, right.replace("a b", "a%20b")),
            (0, "no JSON".to_owned()),
        ] {
            assert_ne!(differ(said(code, &lines)), Vec::<String>::new(), "{code} {lines}");
        }
    }
}
