//! Files of artifacts: `wbf ls` and `wbf get`.

use std::fs;

use wandb_devserver::{ArtifactEntry, ArtifactSpec, Fault};

use crate::setup::{Setup, objects};

async fn setup(entries: Vec<ArtifactEntry>) -> Setup {
    let setup = Setup::new(&[]).await;
    let artifact = ArtifactSpec {
        entries,
        aliases: vec!["best".into()],
        ..ArtifactSpec::default()
    };
    let added = setup.server.add_artifact("e", "p", "model", "net", artifact);
    added.await.unwrap();
    setup.server.clear_requests();
    setup
}

fn files() -> Vec<ArtifactEntry> {
    vec![
        ArtifactEntry::file("model.pt", "weights"),
        ArtifactEntry::file("sub/a b.txt", "text"),
    ]
}

fn references() -> Vec<ArtifactEntry> {
    let reference = |name: &str, uri: &str| ArtifactEntry::reference(name, uri, "etag").size(3);
    let mut entries = files();
    entries.push(reference("far.csv", "s3://bucket/far.csv"));
    entries.push(reference("local.csv", "file:///data/local.csv"));
    entries
}

#[tokio::test]
async fn a_version_comes_home_with_one_request_and_one_a_file() {
    let setup = setup(files()).await;
    for (path, root) in [
        ("e/p/net:best", "a"),
        ("e/p/net:v0", "b"),
        ("https://wandb.ai/e/p/artifacts/model/net/v0/files", "c"),
    ] {
        setup.server.clear_requests();
        let outcome = setup
            .wbf(["get", path, "--root", root, "--format", "ndjson"])
            .await;
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        let rows = objects(&outcome.stdout);
        assert!(rows.len() == 2 && rows.iter().all(|row| row["status"] == "downloaded"));
        let root = setup.root().join(root);
        assert_eq!(fs::read(root.join("model.pt")).unwrap(), b"weights");
        assert_eq!(fs::read(root.join("sub/a b.txt")).unwrap(), b"text");
        assert_eq!(setup.server.requests().len(), 3, "{path}");
    }
    // The folder is the current one unless told, and what is right is kept.
    let again = ["get", "e/p/net:best", "sub/a b.txt", "--exist-ok"];
    assert_eq!(setup.wbf(again).await.status, 0);
    assert_eq!(fs::read(setup.root().join("sub/a b.txt")).unwrap(), b"text");
    let outcome = setup.wbf(again).await;
    assert!(outcome.stdout.starts_with("skipped"), "{}", outcome.stdout);
}

#[tokio::test]
async fn references_that_cannot_be_fetched_are_told_or_left_out() {
    let setup = setup(references()).await;
    let outcome = setup
        .wbf(["get", "e/p/net:best", "--root", "out", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 1);
    let rows = objects(&outcome.stdout);
    for (name, uri) in [
        ("far.csv", "s3://bucket/far.csv"),
        ("local.csv", "file:///data/local.csv"),
    ] {
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        assert_eq!(row["status"], "failed");
        assert!(row["error"].as_str().unwrap().contains(uri), "{row}");
    }
    assert!(outcome.stderr.contains("2 files downloaded") && outcome.stderr.contains("2 failed"));
    assert!(!setup.root().join("out/far.csv").exists());

    let left_out = [
        "get",
        "e/p/net:best",
        "--root",
        "new",
        "--format",
        "ndjson",
        "--skip-references",
    ];
    let outcome = setup.wbf(left_out).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let skipped = objects(&outcome.stdout);
    let skipped = skipped.iter().filter(|row| row["status"] == "skipped");
    assert_eq!(skipped.count(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_the_rest_fetched() {
    let setup = setup(files()).await;
    setup.server.inject(
        Fault::on_storage("model.pt")
            .reply(200, &[], "WEIGHTS")
            .times(u32::MAX),
    );
    let outcome = setup
        .wbf([
            "get",
            "e/p/net:best",
            "model.pt",
            "sub/a b.txt",
            "nope",
            "--format",
            "ndjson",
        ])
        .await;
    assert_eq!(outcome.status, 1);
    let rows = objects(&outcome.stdout);
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert!(
        row("model.pt")["error"]
            .as_str()
            .unwrap()
            .contains("not those of the file")
    );
    assert!(
        row("nope")["error"]
            .as_str()
            .unwrap()
            .contains("e/p/net:best has no file")
    );
    assert_eq!(row("sub/a b.txt")["status"], "downloaded");
    assert!(!setup.root().join("model.pt").exists());

    for path in ["e/p/net:v9", "e/p/other:best"] {
        let outcome = setup.wbf(["get", path]).await;
        assert_eq!(outcome.status, 1);
        assert!(
            outcome.stderr.contains(&format!("no artifact {path}")),
            "{}",
            outcome.stderr
        );
    }
}

#[tokio::test]
async fn a_version_is_listed_as_a_run_is() {
    let setup = setup(references()).await;
    let outcome = setup.wbf(["ls", "e/p/net:best", "--format", "ndjson"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let rows = objects(&outcome.stdout);
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["far.csv", "local.csv", "model.pt", "sub/a b.txt"]);
    assert_eq!(rows[0]["path_uri"], "s3://bucket/far.csv");
    assert!(rows[0]["md5"].is_null());
    assert_eq!(
        (&rows[2]["size_bytes"], &rows[2]["md5"]),
        (&7.into(), &"Y/Tx6bclNw9FlyBXXNX5Uw==".into())
    );

    let one = setup
        .wbf(["ls", "e/p/net:best", "--pattern", "sub/%", "--limit", "1"])
        .await;
    assert!(one.stdout.ends_with("sub/a b.txt\n"), "{}", one.stdout);
    let after = rows[2]["cursor"].as_str().unwrap();
    let rest = setup
        .wbf(["ls", "e/p/net:v0", "--after", after, "--format", "csv"])
        .await;
    assert!(rest.stdout.contains("a b.txt") && !rest.stdout.contains("model.pt"));
    let missing = setup.wbf(["ls", "e/p/net:v0", "--name", "nope"]).await;
    assert_eq!(missing.status, 1);
    assert!(
        missing.stderr.contains(r#"e/p/net:v0 has no file "nope""#),
        "{}",
        missing.stderr
    );
}

#[tokio::test]
async fn files_are_chosen_as_those_of_runs() {
    let setup = setup(files()).await;
    let outcome = setup
        .wbf([
            "get",
            "e/p/net:best",
            "--include",
            "*.txt",
            "--dry-run",
            "--format",
            "ndjson",
        ])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let rows = objects(&outcome.stdout);
    assert!(!rows.is_empty());
    assert!(
        rows.iter()
            .all(|row| row["name"].as_str().unwrap().ends_with(".txt")),
        "{rows:?}"
    );
    assert!(
        rows.iter().all(|row| row["status"] == "would-download"),
        "{rows:?}"
    );
    for option in [["--tag", "a"], ["--template", "{name}"], ["--run", "e/p/r"]] {
        let outcome = setup.wbf(["get", "e/p/net:best"].into_iter().chain(option)).await;
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
    }
}
