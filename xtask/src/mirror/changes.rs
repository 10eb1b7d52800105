//! What changes at the server between two calls: just that is moved, just that is deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use super::ground::Ground;
use super::ledger::Ledger;
use super::seed::{PROJECT, Seed};
use super::store::Store;
use super::{equal, same, verify};
use crate::error::{Context, Failure, Result};
use crate::sample::noise;

const MUTATION: &str = "mutation Finish($entity: String, $project: String, $run: String) {
  upsertBucket(input: { entityName: $entity, modelName: $project, name: $run, state: \"finished\" }) { inserted }
}";

pub(super) fn run(ground: &Ground<'_>) -> Result<()> {
    let mut files = ground.files.clone();
    let going_on = finish(ground)?;
    let (folder, store) = ground.beside("changes");
    let ledger = Ledger::Sqlite(folder.with_extension("sqlite"));
    play(ground, &mut files, &store, &ledger, &going_on, 1)?;
    let (store, ledger) = (ground.bucket("changes"), ground.postgres("changes")?);
    play(ground, &mut files, &store, &ledger, &going_on, 2)
}

/// A mirror whose calls are looked at.
struct Calls<'a> {
    ground: &'a Ground<'a>,
    store: &'a Store,
    ledger: &'a Ledger,
}

/// Has all runs finished but the last one, which goes on.
fn finish(ground: &Ground<'_>) -> Result<String> {
    let runs: BTreeSet<&str> = ground.files.iter().map(|file| file.run.as_str()).collect();
    let mut runs: Vec<&str> = runs.into_iter().collect();
    let last = runs.pop().unwrap_or_default();
    let (entity, project) = PROJECT.split_once('/').unwrap_or_default();
    for run in runs {
        let variables = json!({ "entity": entity, "project": project, "run": run });
        let answer = ground.server.query(MUTATION, &variables);
        let answer = answer.or_fail(|| format!("have {run} finished"))?;
        equal("errors", &answer["errors"], &Value::Null)?;
    }
    Ok(last.to_owned())
}

fn play(
    ground: &Ground<'_>,
    files: &mut Vec<Seed>,
    store: &Store,
    ledger: &Ledger,
    going_on: &str,
    round: u64,
) -> Result<()> {
    println!("  {} with {}", store.address(), ledger.address());
    let calls = Calls {
        ground,
        store,
        ledger,
    };
    ground.mirror(store, ledger, &[])?;
    same("the destination", &store.differences(files, ground.folder())?)?;

    let first = files[0].clone();
    let bytes = [
        noise(100 + round, first.size),
        noise(200 + round, 70_000),
        noise(0, 0),
    ];
    let put = [
        Seed::new(&first.run, &first.name, &bytes[0]),
        Seed::new(&first.run, &format!("media/new-{round}.bin"), &bytes[1]),
        Seed::new(going_on, &format!("media/later-{round}.bin"), &bytes[2]),
    ];
    for (seed, bytes) in put.iter().zip(&bytes) {
        upload(ground, seed, bytes)?;
        files.retain(|file| file.key() != seed.key());
        files.push(seed.clone());
    }
    let gone = files.remove(1);
    let run = format!("{PROJECT}/{}", gone.run);
    ground.wbf(["rm", &run, &gone.name, "--yes"]).read()?;

    let changed = [
        ("again", &put[0]),
        ("new", &put[1]),
        ("new", &put[2]),
        ("gone", &gone),
    ];
    calls.change_nothing(&["--dry-run"], &changed)?;
    ground.server.forget_requests()?;
    let moved = [
        ("moved", &put[0]),
        ("moved", &put[1]),
        ("moved", &put[2]),
        ("gone", &gone),
    ];
    calls.tell(&[], &moved)?;
    let fetched: BTreeSet<String> = ground.asked()?.fetched.into_keys().collect();
    let expected = put
        .iter()
        .map(|file| format!("{}/{}", file.run, file.name))
        .collect();
    equal("files that were fetched", &fetched, &expected)?;
    let there = [&files[..], std::slice::from_ref(&gone)].concat();
    same("the destination", &store.differences(&there, ground.folder())?)?;
    equal("files that are done", &ledger.moved(), &files.len())?;
    equal("files that are gone", &ledger.count("state = 'gone'"), &1)?;

    let would = [("would-delete", &gone)];
    calls.change_nothing(&["--delete", "--dry-run"], &would)?;
    calls.tell(&["--delete"], &[("deleted", &gone)])?;
    same("the destination", &store.differences(files, ground.folder())?)?;
    same("the ledger", &ledger.differences(files)?)?;
    println!(
        "    one file changed, two new, one of them of a run that goes on, one deleted: just these were moved and deleted"
    );

    verify::run(ground, files, store, ledger)
}

fn upload(ground: &Ground<'_>, seed: &Seed, bytes: &[u8]) -> Result<()> {
    let root = ground.folder().join("put");
    let path = root.join(&seed.name);
    let parent = path.parent().unwrap_or(&root);
    fs::create_dir_all(parent).or_fail(|| format!("make {}", parent.display()))?;
    fs::write(&path, bytes).or_fail(|| format!("write {}", path.display()))?;
    let put = ground.wbf(["put", &format!("{PROJECT}/{}", seed.run)]).arg(&path);
    put.arg("--root").arg(&root).read().map(drop)
}

impl Calls<'_> {
    /// That a call tells of just these files, and changes nothing.
    fn change_nothing(&self, options: &[&str], expected: &[(&str, &Seed)]) -> Result<()> {
        let (server, before) = (&self.ground.server, self.there()?);
        server.forget_requests()?;
        self.tell(options, expected)?;
        equal("files that were fetched", &self.ground.asked()?.fetched.len(), &0)?;
        if self.there()? != before {
            return Err(Failure::new(format!(
                "wbf mirror {} changed something",
                options.join(" ")
            )));
        }
        Ok(())
    }

    /// What the ledger and the destination hold.
    fn there(&self) -> Result<(String, BTreeMap<String, usize>)> {
        Ok((self.ledger.lines()?, self.store.list()?))
    }

    /// That a call tells of just these files.
    fn tell(&self, options: &[&str], expected: &[(&str, &Seed)]) -> Result<()> {
        let options = [options, &["--format", "ndjson"]].concat();
        let said = self.ground.mirror(self.store, self.ledger, &options)?;
        let mut told = BTreeSet::new();
        for line in said.lines() {
            let row: Value = serde_json::from_str(line).or_fail(|| format!("read {line}"))?;
            let word = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            told.insert(format!("{} {}/{}", word("status"), word("run"), word("name")));
        }
        let expected = expected
            .iter()
            .map(|(status, file)| format!("{status} {}", file.key()));
        equal(
            &format!("what wbf mirror {} tells", options.join(" ")),
            &told,
            &expected.collect(),
        )
    }
}
