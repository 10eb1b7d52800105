//! `wbf get`.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use wandb_devserver::{Fault, Listener};

use crate::setup::{Setup, objects};

const FILES: &[(&str, &[u8])] = &[
    ("config.yaml", b"a: 1\n"),
    ("media/images/a b.png", &[7; 2048]),
    ("empty", b""),
];

/// The files below a folder, with their sizes, sorted.
fn files_below(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry
                    .path()
                    .strip_prefix(folder)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.push((name, entry.metadata().unwrap().len()));
            }
        }
    }
    found.sort();
    found
}

fn statuses(rows: &[Value]) -> Vec<(String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let mut statuses: Vec<_> = rows
        .iter()
        .map(|row| (text(row, "name"), text(row, "status")))
        .collect();
    statuses.sort();
    statuses
}

#[tokio::test]
async fn a_whole_run_comes_home() {
    let setup = Setup::new(FILES).await;
    let outcome = setup
        .wbf(["get", "e/p/r", "--root", "out", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.starts_with("3 files downloaded ("),
        "{}",
        outcome.stderr
    );
    let rows = objects(&outcome.stdout);
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter()
            .all(|row| row["status"] == "downloaded" && row["error"].is_null())
    );
    for (name, content) in FILES {
        assert_eq!(
            fs::read(setup.root().join("out").join(name)).unwrap(),
            *content,
            "{name}"
        );
    }
    assert_eq!(
        files_below(&setup.root().join("out")).len(),
        3,
        "and nothing else"
    );
    assert_eq!(setup.server.graphql_requests().len(), 1);
}

#[tokio::test]
async fn existing_files_are_refused_replaced_or_kept() {
    let setup = Setup::new(FILES).await;
    fs::write(setup.root().join("config.yaml"), "mine").unwrap();
    fs::write(setup.root().join("empty"), "").unwrap();

    let outcome = setup.wbf(["get", "e/p/r", "config.yaml"]).await;
    assert_eq!(outcome.status, 1);
    assert!(
        outcome.stderr.contains("config.yaml") && outcome.stderr.contains("exists"),
        "{}",
        outcome.stderr
    );
    assert_eq!(fs::read(setup.root().join("config.yaml")).unwrap(), b"mine");

    let outcome = setup
        .wbf(["get", "e/p/r", "--exist-ok", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let statuses = statuses(&objects(&outcome.stdout));
    assert_eq!(statuses[0].1, "downloaded", "its content was another's");
    assert_eq!(statuses[1], ("empty".to_owned(), "skipped".to_owned()));

    fs::write(setup.root().join("config.yaml"), "mine").unwrap();
    assert_eq!(
        setup
            .wbf(["get", "e/p/r", "config.yaml", "--replace"])
            .await
            .status,
        0
    );
    assert_eq!(fs::read(setup.root().join("config.yaml")).unwrap(), b"a: 1\n");
}

#[tokio::test]
async fn trust_keeps_whatever_is_there() {
    let setup = Setup::new(FILES).await;
    fs::write(setup.root().join("config.yaml"), "mine").unwrap();
    let outcome = setup
        .wbf(["get", "e/p/r", "--exist-ok=trust", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let statuses = statuses(&objects(&outcome.stdout));
    assert_eq!(statuses[0], ("config.yaml".to_owned(), "skipped".to_owned()));
    assert_eq!(fs::read(setup.root().join("config.yaml")).unwrap(), b"mine");
    assert_eq!(setup.wbf(["get", "e/p/r", "--exist-ok=maybe"]).await.status, 2);
    assert_eq!(
        setup
            .wbf(["get", "e/p/r", "--exist-ok", "--replace"])
            .await
            .status,
        2
    );
}

#[tokio::test]
async fn the_bytes_come_from_where_they_are_asked_from() {
    let setup = Setup::new(&[("a", b"content")]).await;
    for (via, api) in [("auto", 0), ("direct", 0), ("api", 1)] {
        setup.server.clear_requests();
        let outcome = setup
            .wbf(["get", "e/p/r", "--via", via, "--root", via, "--fsync"])
            .await;
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        let requests = setup.server.requests();
        let storage = requests
            .iter()
            .filter(|request| request.listener == Listener::Storage);
        // One for the listing, and the storage's for the bytes.
        assert_eq!((requests.len(), storage.count()), (2 + api, 1), "{via}");
    }
}

#[tokio::test]
async fn wrong_bytes_are_refused_unless_that_is_given_up() {
    let setup = Setup::new(&[("a", b"content")]).await;
    setup
        .server
        .inject(Fault::on_storage("").times(u32::MAX).wrong_byte_at(0));
    let outcome = setup.wbf(["get", "e/p/r"]).await;
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains("MD5"), "{}", outcome.stderr);
    assert!(!setup.root().join("a").exists());
    let outcome = setup.wbf(["get", "e/p/r", "--no-verify"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(fs::read(setup.root().join("a")).unwrap().len(), 7);
}

#[tokio::test]
async fn retries_are_told_to_those_who_ask() {
    let setup = Setup::new(&[("a", b"content")]).await;
    for (flag, told) in [("-v", true), ("--replace", false)] {
        setup
            .server
            .inject(Fault::on_storage("").reply(500, &[], "trouble"));
        let outcome = setup.wbf(["get", "e/p/r", flag]).await;
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        let retried = outcome.stderr.contains("a: try 1 failed") && outcome.stderr.contains("trouble");
        assert_eq!(retried, told, "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("Signature="), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn two_names_of_one_path_do_not_overwrite_one_another() {
    let setup = Setup::new(&[("a/b", b"first"), ("a//b", b"second")]).await;
    let outcome = setup
        .wbf(["get", "e/p/r", "--replace", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 1);
    let rows = objects(&outcome.stdout);
    let failed = rows.iter().find(|row| row["status"] == "failed").unwrap();
    assert!(
        failed["error"].as_str().unwrap().contains("same path"),
        "{failed}"
    );
    assert_eq!(files_below(setup.root()).len(), 1);
}

#[tokio::test]
async fn one_failure_never_stops_the_others() {
    let setup = Setup::new(FILES).await;
    setup.server.inject(
        Fault::on_storage("config.yaml")
            .times(u32::MAX)
            .reply(404, &[], "gone"),
    );
    let outcome = setup.wbf(["get", "e/p/r", "--format", "ndjson"]).await;
    assert_eq!(outcome.status, 1);
    let rows = objects(&outcome.stdout);
    let failed: Vec<&Value> = rows.iter().filter(|row| row["status"] == "failed").collect();
    assert_eq!((rows.len(), failed.len()), (3, 1));
    assert!(failed[0]["error"].as_str().unwrap().contains("config.yaml"));
    assert!(
        outcome.stderr.contains("2 files downloaded") && outcome.stderr.contains("1 failed"),
        "{}",
        outcome.stderr
    );
    assert!(!setup.root().join("config.yaml").exists());
}

#[tokio::test]
async fn only_what_was_asked_for() {
    let setup = Setup::new(FILES).await;
    assert_eq!(
        setup
            .wbf(["get", "e/p/r", "--pattern", "media/%", "--root", "a"])
            .await
            .status,
        0
    );
    assert_eq!(
        files_below(&setup.root().join("a")),
        [("media/images/a b.png".to_owned(), 2048)]
    );
    let outcome = setup
        .wbf(["get", "e/p/r", "empty", "nope", "--root", "b", "--format", "json"])
        .await;
    assert_eq!(outcome.status, 1);
    let rows: Vec<Value> = serde_json::from_str(&outcome.stdout).unwrap();
    let expected = [("empty", "downloaded"), ("nope", "failed")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(statuses(&rows), expected);
    assert!(
        outcome.stderr.contains("e/p/r has no file \"nope\""),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn hostile_names_stay_inside_the_root() {
    let setup = Setup::new(&[("../../x", b"evil"), ("/abs/x", b"evil"), ("good", b"fine")]).await;
    let outcome = setup
        .wbf(["get", "e/p/r", "--root", "deep/er", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 1);
    let rows = objects(&outcome.stdout);
    assert_eq!(rows.iter().filter(|row| row["status"] == "failed").count(), 2);
    let everything: Vec<String> = files_below(setup.root())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(everything, ["deep/er/good"]);
    assert!(!Path::new("/abs/x").exists());
}

#[tokio::test]
async fn a_listing_that_breaks_off_fetches_what_it_had_and_fails() {
    let setup = Setup::new(FILES).await;
    setup
        .server
        .inject(
            Fault::on_graphql()
                .after(1)
                .times(u32::MAX)
                .reply(400, &[], r#"{"errors":["broken"]}"#),
        );
    let outcome = setup
        .wbf(["get", "e/p/r", "--per-page", "2", "--format", "ndjson"])
        .await;
    assert_eq!((outcome.status, objects(&outcome.stdout).len()), (1, 2));
    assert!(
        outcome.stderr.contains("cannot list the files of e/p/r"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn an_interrupt_stops_at_once_and_leaves_nothing_half_done() {
    let setup = Setup::new(&[("slow", &[1; 100_000])]).await;
    setup
        .server
        .inject(Fault::on_storage("").times(u32::MAX).stall_after(50_000));
    let child = setup
        .command(["get", "e/p/r", "--root", "out"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.unwrap();
    let pid = child.id().unwrap().to_string();
    while setup.server.requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("wbf: interrupted: 0 files downloaded"),
        "{stderr}"
    );
    // The next run takes up what has come.
    let left = files_below(&setup.root().join("out"));
    assert!(
        left.iter()
            .all(|(name, _)| name.starts_with(".wbf-") && name.ends_with(".part")),
        "{left:?}"
    );
}
