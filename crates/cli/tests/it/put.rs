//! `wbf put` and `wbf cp`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use wandb_devserver::Fault;

use crate::setup::{Setup, objects};

fn tree(folder: &Path, names: &[&str]) {
    for name in names {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name.repeat(3)).unwrap();
    }
}

/// Name and size of every file of a run, as `wbf ls` has it.
async fn listed(setup: &Setup, run: &str) -> Vec<(String, u64)> {
    let outcome = setup.wbf(["ls", run, "--format", "ndjson"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let mut files: Vec<_> = objects(&outcome.stdout)
        .iter()
        .map(|row| {
            (
                row["name"].as_str().unwrap().to_owned(),
                row["size_bytes"].as_u64().unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(|row| row["name"].as_str().unwrap().to_owned());
    rows
}

#[tokio::test]
async fn files_and_folders_arrive_under_their_names() {
    let setup = Setup::new(&[("in/a.txt", b"old")]).await;
    let odd = [
        "in/sp ace#1?%20.txt",
        "in/d/quote'\".bin",
        "in/ü/é.txt",
        "in/a.txt",
    ];
    tree(setup.root(), &odd);
    fs::write(setup.root().join("in/empty"), b"").unwrap();
    let outcome = setup.wbf(["put", "e/p/r", "in", "--format", "ndjson"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.starts_with("5 files uploaded"),
        "{}",
        outcome.stderr
    );
    let rows = sorted(objects(&outcome.stdout));
    assert_eq!(
        rows[0],
        json!({"name": "in/a.txt", "path": "in/a.txt", "bytes": 24, "md5": "kvPn207a/HVJO6eRN7M0hA==", "status": "uploaded", "error": null})
    );

    let expected: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["name"].as_str().unwrap().to_owned(),
                row["bytes"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(listed(&setup, "e/p/r").await, expected);
    let back = setup.wbf(["get", "e/p/r", "--root", "back"]).await;
    assert_eq!(back.status, 0, "{}", back.stderr);
    for name in odd {
        let read = |root: &Path| fs::read(root.join(name)).unwrap();
        assert_eq!(read(setup.root()), read(&setup.root().join("back")), "{name}");
    }
}

#[tokio::test]
async fn a_good_upload_takes_four_requests() {
    let setup = Setup::new(&[]).await;
    tree(setup.root(), &["a", "b"]);
    let outcome = setup.wbf(["put", "e/p/r", "a", "b"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let operations: Vec<_> = setup
        .server
        .requests()
        .iter()
        .map(|request| request.operation.clone().unwrap_or(request.method.clone()))
        .collect();
    assert_eq!(
        operations,
        ["CreateRunFiles", "PUT", "PUT", "MarkRunFilesUploaded", "RunFiles"]
    );
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let setup = Setup::new(&[]).await;
    tree(setup.root(), &["in/a", "in/b.tmp"]);
    let args = [
        "put",
        "e/p/r",
        "in",
        "--exclude",
        "*.tmp",
        "--dry-run",
        "--format",
        "ndjson",
    ];
    let outcome = setup.wbf(args).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(
        objects(&outcome.stdout),
        [json!({"name": "in/a", "path": "in/a", "bytes": 12, "status": "would-upload", "error": null})]
    );
    assert_eq!(setup.server.requests().len(), 0);
}

#[tokio::test]
async fn one_bad_file_stops_no_other() {
    let setup = Setup::new(&[]).await;
    tree(setup.root(), &["a", "b"]);
    setup.server.inject(Fault::on_storage("/a").times(u32::MAX).reply(
        403,
        &[],
        "<Error><Code>AccessDenied</Code></Error>",
    ));
    let outcome = setup
        .wbf(["put", "e/p/r", "a", "nope", "b", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 1);
    let statuses: Vec<_> = sorted(objects(&outcome.stdout))
        .iter()
        .map(|row| row["status"].clone())
        .collect();
    assert_eq!(statuses, ["failed", "uploaded"]);
    assert!(
        outcome.stderr.contains("cannot upload nope: No such file"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("Signature="), "{}", outcome.stderr);
    assert_eq!(listed(&setup, "e/p/r").await, [("b".to_owned(), 3)]);
}

#[tokio::test]
async fn a_run_that_does_not_exist_is_told_once() {
    let setup = Setup::new(&[]).await;
    let names: Vec<_> = (0..150).map(|n| format!("in/{n}")).collect();
    tree(
        setup.root(),
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let outcome = setup.wbf(["put", "e/p/nope", "in", "-q"]).await;
    assert_eq!(outcome.status, 1);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("e/p/nope"), "{}", outcome.stderr);
    assert!(
        setup.server.requests().len() <= 2,
        "{:?}",
        setup.server.requests()
    );
}

#[tokio::test]
async fn a_file_outside_of_the_root_is_refused() {
    let setup = Setup::new(&[]).await;
    tree(setup.root(), &["in/a", "b"]);
    let outcome = setup.wbf(["put", "e/p/r", "b", "--root", "in"]).await;
    assert_eq!(outcome.status, 1);
    assert!(
        outcome.stderr.contains("outside of the root"),
        "{}",
        outcome.stderr
    );
    assert!(listed(&setup, "e/p/r").await.is_empty());
}

#[tokio::test]
async fn wrong_bytes_in_storage_are_noticed() {
    let setup = Setup::new(&[]).await;
    tree(setup.root(), &["a"]);
    setup.server.inject(Fault::on_storage("/a").wrong_byte_at(0));
    let outcome = setup.wbf(["put", "e/p/r", "a"]).await;
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    assert!(
        outcome
            .stderr
            .contains("was sent, but the server lists 3 bytes with md5"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn a_run_is_copied_without_a_disk() {
    let setup = Setup::new(&[("a b#.txt", b"one"), ("d/empty", b""), ("d/c.bin", &[7; 70_000])]).await;
    setup.server.add_run("e", "q", "copy").await.unwrap();
    let outcome = setup.wbf(["cp", "e/p/r", "e/q/copy", "--format", "ndjson"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let rows = sorted(objects(&outcome.stdout));
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["status"] == "copied"), "{rows:?}");
    assert_eq!(listed(&setup, "e/q/copy").await, listed(&setup, "e/p/r").await);
    assert_eq!(fs::read_dir(setup.root()).unwrap().count(), 0);

    let outcome = setup.wbf(["cp", "e/p/r", "e/q/copy", "nope", "d/empty"]).await;
    assert_eq!(outcome.status, 1);
    assert!(
        outcome.stderr.contains("e/p/r has no file \"nope\""),
        "{}",
        outcome.stderr
    );
    let outcome = setup.wbf(["cp", "e/p/r", "e/p/r"]).await;
    assert_eq!(outcome.status, 2, "{}", outcome.stderr);
}

#[tokio::test]
async fn a_broken_source_is_never_taken_for_whole() {
    let setup = Setup::new(&[("a", &[1; 5000])]).await;
    setup.server.add_run("e", "q", "copy").await.unwrap();
    setup.server.inject(
        Fault::on_storage("/a")
            .method("GET")
            .times(u32::MAX)
            .wrong_byte_at(4000),
    );
    let outcome = setup.wbf(["cp", "e/p/r", "e/q/copy"]).await;
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    assert!(listed(&setup, "e/q/copy").await.is_empty());
}
