//! Whether the work was done: looked at by us, and outside of the clock.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ground::{Files, Ground};
use super::workload::{Contender, Lists, Outcome};
use crate::devserver::DevServer;
use crate::error::{Context, Failure, Result};
use crate::look;
use crate::sample::walk;
use crate::sh::Sh;

/// The run whose files all runs of the selection have.
const FIRST_RUN: &str = "bench/selection/run-00000";
const RUNS: usize = 200;

/// Takes away what an earlier contender left on the server.
pub(super) fn clear(server: &DevServer, outcome: Outcome) -> Result<()> {
    let Outcome::Sent(files) = outcome else {
        return Ok(());
    };
    let ids: Vec<String> = look::files(server, files.run)?
        .into_values()
        .map(|file| file.id)
        .collect();
    let query = "mutation($files: [ID!]!) { deleteFiles(input: { files: $files }) { success } }";
    let answer = server.query(query, &json!({ "files": ids }));
    let answer = answer.or_fail(|| format!("delete the files of {}", files.run))?;
    match answer["data"]["deleteFiles"]["success"] == true || ids.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!("the server deletes no files: {answer}"))),
    }
}

/// Fails where what a contender had to do is not there, in `root` or on the server.
pub(super) fn done(
    ground: &Ground,
    server: &DevServer,
    outcome: Outcome,
    contender: &Contender,
    root: &Path,
) -> Result<()> {
    match outcome {
        Outcome::Files(files) => came(ground, files, files.count / contender.part(), root),
        Outcome::Selection => selected(server, root),
        Outcome::Sent(files) => sent(ground, server, files, files.count / contender.part()),
        Outcome::Names(_) => Ok(()),
    }
}

/// Has a contender list once more, and fails where it does not name so many files, each once.
pub(super) fn listed(server: &DevServer, contender: &Contender, command: Sh, outcome: Outcome) -> Result<()> {
    let (Some(lists), Outcome::Names(count)) = (contender.lists, outcome) else {
        return Ok(());
    };
    let text = server.client(command).read()?;
    let name = |line: &str| match lists {
        Lists::Names => Some(line.to_owned()),
        Lists::Ndjson => {
            let row: Value = serde_json::from_str(line).ok()?;
            row["name"].as_str().map(str::to_owned)
        }
    };
    let names: Option<Vec<String>> = text.lines().map(name).collect();
    let mut names = names.ok_or_else(|| Failure::new("a line of the listing has no name"))?;
    let lines = names.len();
    names.sort_unstable();
    names.dedup();
    if (lines, names.len()) == (count, count) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{lines} lines with {} names came, and {count} are there",
        names.len()
    )))
}

/// Whether the first `count` files came byte for byte.
fn came(ground: &Ground, files: Files, count: usize, root: &Path) -> Result<()> {
    let folder = ground.seed(files)?;
    for number in 0..count {
        let name = Files::name(number);
        let equal = same(&folder.join(&name), &root.join(&name)).or_fail(|| format!("compare {name}"))?;
        if !equal {
            return Err(Failure::new(format!("{name} has other bytes than the server's")));
        }
    }
    Ok(())
}

fn same(one: &Path, other: &Path) -> std::io::Result<bool> {
    use std::io::Read as _;
    let (mut one, mut other) = (std::fs::File::open(one)?, std::fs::File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..count])?;
        if left[..count] != right[..count] {
            return Ok(false);
        }
    }
}

/// Whether each run's folder has the files of the first run, byte for byte, and nothing else is there.
fn selected(server: &DevServer, root: &Path) -> Result<()> {
    let mut files = BTreeMap::new();
    for (name, remote) in look::files(server, FIRST_RUN)? {
        files.insert(name, look::bytes(server, &remote)?);
    }
    let expected = files.len() * RUNS;
    let there = walk(root)?.len();
    if there != expected || expected == 0 {
        return Err(Failure::new(format!(
            "{there} files came, and {expected} are there"
        )));
    }
    for run in 0..RUNS {
        let folder = root.join(format!("run-{run:05}"));
        for (name, bytes) in &files {
            let path = folder.join(name);
            let came = std::fs::read(&path).or_fail(|| format!("read {}", path.display()))?;
            if came != *bytes {
                return Err(Failure::new(format!(
                    "{} has other bytes than the server's",
                    path.display()
                )));
            }
        }
    }
    Ok(())
}

/// Whether the server has the first `count` files, with the digests that `md5sum` finds here.
fn sent(ground: &Ground, server: &DevServer, files: Files, count: usize) -> Result<()> {
    let folder = ground.seed(files)?;
    let names: Vec<String> = (0..count).map(Files::name).collect();
    let sums = Sh::new("md5sum").dir(&folder).args(&names).read()?;
    let sums = sums.lines().filter_map(|line| line.split_once("  "));
    let mut expected: BTreeMap<&str, &str> = sums.map(|(sum, name)| (name, sum)).collect();
    let query = "query($e: String!, $p: String!, $r: String!, $n: Int!) {
        project(entityName: $e, name: $p) { run(name: $r) { files(first: $n) { edges { node { name md5 } } } } } }";
    let path: Vec<&str> = files.run.split('/').collect();
    let variables = json!({ "e": path[0], "p": path[1], "r": path[2], "n": files.count });
    let answer = server.query(query, &variables);
    let answer = answer.or_fail(|| format!("ask for the files of {}", files.run))?;
    let edges = answer["data"]["project"]["run"]["files"]["edges"].as_array();
    for node in edges.into_iter().flatten().map(|edge| &edge["node"]) {
        let name = node["name"].as_str().unwrap_or_default();
        let digest = STANDARD
            .decode(node["md5"].as_str().unwrap_or_default())
            .unwrap_or_default();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        if expected.remove(name) != Some(&digest) {
            return Err(Failure::new(format!(
                "the server has {name} with the MD5 {digest}, which was not sent"
            )));
        }
    }
    match expected.len() {
        0 => Ok(()),
        missing => Err(Failure::new(format!(
            "{missing} of {count} files are not on the server"
        ))),
    }
}
