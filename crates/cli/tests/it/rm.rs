//! `wbf rm`.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use wandb_devserver::Listed;

use crate::setup::{Setup, objects};

const FILES: &[(&str, &[u8])] = &[("a", b"1"), ("b", b"22"), ("media/c", b"333"), ("media/d", b"")];

async fn names(setup: &Setup) -> Vec<String> {
    let outcome = setup.wbf(["ls", "e/p/r", "--format", "ndjson"]).await;
    objects(&outcome.stdout)
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

fn statuses(rows: &[Value]) -> Vec<(&str, &str)> {
    let mut found: Vec<_> = rows
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), row["status"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn names_and_patterns_go_and_nothing_else() {
    let setup = Setup::new(FILES).await;
    let outcome = setup
        .wbf(["rm", "e/p/r", "a", "--yes", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let rows = objects(&outcome.stdout);
    assert_eq!(statuses(&rows), [("a", "deleted")]);
    assert_eq!(rows[0]["bytes"], json!(1));
    assert!(rows[0]["id"].is_string());
    assert_eq!(names(&setup).await, ["b", "media/c", "media/d"]);

    let outcome = setup.wbf(["rm", "e/p/r", "--pattern", "media/%", "--yes"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.starts_with("2 files deleted (3 B)"),
        "{}",
        outcome.stderr
    );
    assert_eq!(names(&setup).await, ["b"]);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_told_and_the_others_go() {
    let setup = Setup::new(FILES).await;
    let outcome = setup
        .wbf(["rm", "e/p/r", "a", "nope", "--yes", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 1);
    assert_eq!(
        statuses(&objects(&outcome.stdout)),
        [("a", "deleted"), ("nope", "failed")]
    );
    assert_eq!(names(&setup).await, ["b", "media/c", "media/d"]);
}

#[tokio::test]
async fn a_dry_run_deletes_nothing() {
    let setup = Setup::new(FILES).await;
    let outcome = setup
        .wbf(["rm", "e/p/r", "--pattern", "%", "--dry-run", "--format", "ndjson"])
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(objects(&outcome.stdout).len(), 4);
    assert!(
        objects(&outcome.stdout)
            .iter()
            .all(|row| row["status"] == "would-delete")
    );
    assert!(
        outcome.stderr.starts_with("4 files would be deleted"),
        "{}",
        outcome.stderr
    );
    assert_eq!(names(&setup).await.len(), 4);
}

#[tokio::test]
async fn nothing_goes_without_a_yes_or_a_selection() {
    let setup = Setup::new(FILES).await;
    for args in [
        vec!["rm", "e/p/r", "a"],
        vec!["rm", "e/p/r", "--yes"],
        vec!["rm", "e/p/r"],
    ] {
        let mut command = setup.command(&args);
        command.stdin(Stdio::null());
        let outcome = crate::setup::run(command).await;
        assert_eq!(outcome.status, 2, "{args:?}: {}", outcome.stderr);
    }
    assert_eq!(setup.server.requests().len(), 0);
    assert_eq!(names(&setup).await.len(), 4);
}

/// Files come and are listed while others go: the server must lose what was selected, and nothing else.
#[tokio::test]
async fn exactly_the_selection_goes_while_others_write_and_list() {
    let setup = Setup::new(&[]).await;
    let old = (0..1000).map(|n| Listed::new(format!("old/{n:04}"), 10));
    let keep = (0..500).map(|n| Listed::new(format!("keep/{n:03}"), 10));
    setup
        .server
        .add_listing("e", "p", "r", old.chain(keep))
        .await
        .unwrap();

    let gone = AtomicBool::new(false);
    let (outcome, added, ()) = tokio::join!(
        async {
            let args = [
                "rm",
                "e/p/r",
                "--pattern",
                "old/%",
                "--yes",
                "--per-page",
                "50",
                "--format",
                "ndjson",
            ];
            let outcome = setup.wbf(args).await;
            gone.store(true, Ordering::Relaxed);
            outcome
        },
        async {
            let mut added = 0;
            while !gone.load(Ordering::Relaxed) {
                let name = format!("old/new-{added:05}");
                setup.server.add_file("e", "p", "r", &name, b"new").await.unwrap();
                added += 1;
            }
            added
        },
        async {
            while !gone.load(Ordering::Relaxed) {
                let listing = setup.wbf(["ls", "e/p/r", "--per-page", "100", "-q"]).await;
                assert_eq!(listing.status, 0, "{}", listing.stderr);
            }
        },
    );
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let mut told: Vec<_> = objects(&outcome.stdout)
        .iter()
        .map(|row| {
            (
                row["id"].as_str().unwrap().to_owned(),
                row["name"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let mut deleted: Vec<_> = setup
        .server
        .deletions()
        .into_iter()
        .map(|deletion| (deletion.id, deletion.name))
        .collect();
    told.sort();
    deleted.sort();
    assert_eq!(told, deleted);
    assert!(told.iter().all(|(_, name)| name.starts_with("old/")));
    assert_eq!(
        told.iter().filter(|(_, name)| !name.contains("new")).count(),
        1000
    );
    assert_eq!(names(&setup).await.len(), 500 + 1000 + added - told.len());
}
