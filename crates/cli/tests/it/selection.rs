//! `wbf ls` and `wbf get` of many runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use wandb_devserver::{Fault, RunSpec};

use crate::setup::{Setup, objects};

/// The project `e/p` with three runs of some files each.
async fn project() -> Setup {
    let setup = Setup::new(&[]).await;
    let runs = [
        ("a", "best", "finished", "base"),
        ("b", "../../evil", "crashed", "base"),
        ("c", "late", "finished", "new"),
    ];
    for (place, (run, display_name, state, tag)) in runs.into_iter().enumerate() {
        let spec = RunSpec {
            display_name: Some(display_name.to_owned()),
            state: Some(state.to_owned()),
            tags: vec![tag.to_owned()],
            created_at: Some(1_600_000_000 + i64::try_from(place).unwrap()),
            ..RunSpec::default()
        };
        setup.server.add_run_with("e", "q", run, spec).await.unwrap();
        for (name, content) in [("config.yaml", &b"a: 1\n"[..]), ("model/x.pt", &[7; 3000])] {
            setup.server.add_file("e", "q", run, name, content).await.unwrap();
        }
    }
    setup
        .server
        .add_file("e", "q", "c", "only c", b"1")
        .await
        .unwrap();
    setup.server.clear_requests();
    setup
}

async fn listed(setup: &Setup, args: &[&str]) -> Vec<String> {
    let outcome = setup.wbf([&["ls", "--format", "ndjson"], args].concat()).await;
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{args:?}");
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = objects(&outcome.stdout);
    rows.iter()
        .map(|row| format!("{} {}", text(row, "run"), text(row, "name")))
        .collect()
}

fn below(folder: &Path) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap().len());
            }
        }
    }
    found
}

fn names(folder: &Path) -> Vec<String> {
    below(folder).into_keys().collect()
}

#[tokio::test]
async fn a_project_is_named_in_many_ways() {
    let setup = project().await;
    let all = [
        "e/q/a config.yaml",
        "e/q/a model/x.pt",
        "e/q/b config.yaml",
        "e/q/b model/x.pt",
        "e/q/c config.yaml",
        "e/q/c model/x.pt",
        "e/q/c only c",
    ];
    let address = format!("{}/e/q/workspace?nw=1", setup.server.url());
    for way in [
        &["e/q/"][..],
        &["e/q/*"],
        &["e/q", "--all-runs"],
        &[address.as_str()],
        &["e/q/a", "e/q/b", "e/q/c", "e/q/a"],
    ] {
        assert_eq!(listed(&setup, way).await, all, "{way:?}");
    }
    for (args, expected) in [
        (&["e/q", "--state", "crashed"][..], &all[2..4]),
        (&["e/q", "--state", "finished", "--tag", "base"], &all[..2]),
        (
            &["e/q", "--tag", "base", "--tag", "new", "--max-runs", "1"],
            &all[..2],
        ),
        (&["e/q", "--filter", r#"{"displayName": "late"}"#], &all[4..]),
        (&["e/q", "--order", "-created_at", "--limit", "3"], &all[4..]),
        (&["e/q/", "--include", "only*"], &all[6..]),
        (
            &["e/q/", "--min-size", "2K", "--exclude", "/x", "--max-runs", "1"],
            &all[1..2],
        ),
        (&["e/q/a", "--max-size", "2999", "--newer-than", "1h"], &all[..1]),
        (&["e/q/a", "--newer-than", "2999-01-01"], &[]),
    ] {
        assert_eq!(listed(&setup, args).await, expected, "{args:?}");
    }
    setup.server.clear_requests();
    listed(&setup, &["e/q/"]).await;
    assert_eq!(setup.server.graphql_requests().len(), 1);

    let outcome = setup.wbf(["ls", "e/q", "--all-runs", "--limit", "1"]).await;
    assert!(
        outcome.stdout.ends_with("  a/config.yaml\n"),
        "{}",
        outcome.stdout
    );
}

#[tokio::test]
async fn what_cannot_be_meant_is_usage() {
    let setup = project().await;
    for (args, why) in [
        (
            &["ls", "e/q/a", "--state", "finished"][..],
            "--state chooses among the runs of a project",
        ),
        (&["ls", "e/q/", "e/q/a"], "e/q/ is a project: give it alone"),
        (
            &["ls", "e/q", "e/p", "--all-runs"],
            "--all-runs chooses among the runs of one project",
        ),
        (
            &["ls", "e/q", "--filter", "{"],
            "the filter \"{\" is no JSON object",
        ),
        (
            &["ls", "e/q/", "--after", "x"],
            "--after goes on in the listing of one run",
        ),
        (&["ls", "e/q/", "--include", "a["], "cannot read the glob"),
        (&["ls", "e/q/", "--min-size", "much"], "write bytes as"),
        (&["ls", "e/q/", "--newer-than", "soon"], "write a date"),
        (
            &["get", "e/q/", "--template", "{run}"],
            "is no template for paths",
        ),
        (
            &["get", "e/q/", "--template", "{id}/{name}"],
            "there is no field {id}",
        ),
        (
            &["get", "e/q/", "--template", "{name}", "--display-names"],
            "cannot be used with",
        ),
    ] {
        let outcome = setup.wbf(args.iter().copied()).await;
        assert_eq!(outcome.status, 2, "{args:?} {}", outcome.stderr);
        assert!(outcome.stderr.contains(why), "{args:?} {}", outcome.stderr);
    }
    assert!(setup.server.requests().is_empty());
}

#[tokio::test]
async fn two_parts_that_are_no_run_may_be_a_project() {
    let setup = project().await;
    for command in ["ls", "get"] {
        let mut wbf = setup.command([command, "e/q"]);
        wbf.env("WANDB_ENTITY", "me");
        let outcome = crate::setup::run(wbf).await;
        assert_eq!(outcome.status, 1);
        assert!(
            outcome.stderr.contains("; all runs of the project e/q are e/q/"),
            "{}",
            outcome.stderr
        );
    }
}

#[tokio::test]
async fn several_runs_come_into_folders() {
    let setup = project().await;
    let outcome = setup
        .wbf([
            "get",
            "e/q/",
            "--root",
            "out",
            "--format",
            "ndjson",
            "--include",
            "*.pt",
        ])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(
        names(&setup.root().join("out")),
        ["a/model/x.pt", "b/model/x.pt", "c/model/x.pt"]
    );
    let mut rows = objects(&outcome.stdout);
    rows.sort_by_key(|row| row["run"].to_string());
    assert_eq!(rows[1]["run"], "e/q/b");
    assert_eq!(rows[1]["name"], "model/x.pt");
    assert_eq!(rows[1]["path"], "out/b/model/x.pt");
    assert_eq!(rows[1]["status"], "downloaded");

    let outcome = setup
        .wbf(["get", "e/q/a", "config.yaml", "--run", "e/q/c", "--root", "two"])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(
        names(&setup.root().join("two")),
        ["a/config.yaml", "c/config.yaml"]
    );

    let outcome = setup
        .wbf(["get", "e/q/", "config.yaml", "--root", "shown", "--display-names"])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(
        names(&setup.root().join("shown")),
        ["_.._evil/config.yaml", "best/config.yaml", "late/config.yaml"]
    );

    let outcome = setup
        .wbf(["get", "e/q/", "--root", "flat", "--template", "{name}"])
        .await;
    assert_eq!(outcome.status, 1);
    assert!(
        outcome.stderr.contains("another file goes to the same path"),
        "{}",
        outcome.stderr
    );
    assert_eq!(names(&setup.root().join("flat")).len(), 3);

    let again = setup
        .wbf([
            "get",
            "e/q/",
            "--root",
            "out",
            "--format",
            "ndjson",
            "--include",
            "*.pt",
        ])
        .await;
    assert_eq!(again.status, 1);
    assert!(
        again.stderr.contains("b/model/x.pt exists already; --replace"),
        "{}",
        again.stderr
    );
}

#[tokio::test]
async fn a_dry_run_shows_and_does_nothing() {
    let setup = project().await;
    let args = [
        "get",
        "e/q/",
        "config.yaml",
        "nope",
        "--dry-run",
        "--root",
        "out",
        "--format",
        "ndjson",
    ];
    let outcome = setup.wbf(args).await;
    assert_eq!(outcome.status, 1);
    let rows = objects(&outcome.stdout);
    let shown: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| {
            (
                row["status"].as_str().unwrap(),
                row["path"].as_str().unwrap_or("-"),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("would-download", "out/a/config.yaml"),
            ("would-download", "out/b/config.yaml"),
            ("would-download", "out/c/config.yaml"),
            ("failed", "-"),
        ]
    );
    assert_eq!(rows[0]["bytes"], 5);
    assert!(!setup.root().join("out").exists());
    assert!(
        outcome
            .stderr
            .contains("no run that was chosen of e/q has a file \"nope\""),
        "{}",
        outcome.stderr
    );
    assert_eq!(setup.server.requests().len(), 1);
}

#[tokio::test]
async fn a_run_that_fails_stops_no_other() {
    let setup = project().await;
    let outcome = setup.wbf(["ls", "e/q/a", "e/q/nowhere", "e/q/c"]).await;
    assert_eq!(outcome.status, 1);
    assert_eq!(outcome.stdout.lines().count(), 5);
    assert!(
        outcome.stderr.contains("there is no run e/q/nowhere"),
        "{}",
        outcome.stderr
    );
    let outcome = setup
        .wbf([
            "get",
            "e/q/a",
            "--run",
            "e/q/nowhere",
            "--run",
            "e/q/c",
            "--root",
            "out",
        ])
        .await;
    assert_eq!(outcome.status, 1);
    assert_eq!(names(&setup.root().join("out")).len(), 5);
    assert!(outcome.stderr.contains("there is no run e/q/nowhere"));
}

#[tokio::test]
async fn rm_takes_globs() {
    let setup = Setup::new(&[("a.pt", b"1"), ("best.pt", b"1"), ("c.txt", b"1")]).await;
    let args = ["rm", "e/p/r", "--include", "*.pt", "--exclude", "best*", "--yes"];
    let outcome = setup.wbf(args).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let gone: Vec<String> = setup
        .server
        .deletions()
        .into_iter()
        .map(|gone| gone.name)
        .collect();
    assert_eq!(gone, ["a.pt"]);
}

#[cfg(unix)]
#[tokio::test]
async fn an_interruption_leaves_whole_files_only() {
    let setup = project().await;
    let slow = Fault::on_storage("").after(2).times(u32::MAX).stall_after(1000);
    setup.server.inject(slow);
    let mut child = setup
        .command(["get", "e/q/", "--include", "*.pt", "--root", "out", "--jobs", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let root = setup.root().join("out");
    while below_now(&root) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = child.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let status = child.wait().await.unwrap();
    assert_eq!(status.code(), Some(130));
    let mut whole = below(&root);
    whole.retain(|name, _| name.ends_with("x.pt"));
    assert!(whole.len() >= 2 && whole.values().all(|length| *length == 3000));
}

#[cfg(unix)]
fn below_now(root: &Path) -> usize {
    ["a", "b", "c"]
        .iter()
        .filter(|run| root.join(run).join("model/x.pt").exists())
        .count()
}
