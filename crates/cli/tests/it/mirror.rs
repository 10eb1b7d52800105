//! `wbf mirror`.

mod ledger;
#[cfg(unix)]
mod signals;

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;
use wandb_devserver::{Fault, RunSpec};

use crate::setup::{Outcome, Setup, objects, run};

const FILES: &[(&str, &[u8])] = &[
    ("config.yaml", b"a: 1\n"),
    ("media/images/a b.png", &[7; 2048]),
    ("empty", b""),
];

/// What `wbf mirror` says, without how long it took.
fn said(setup: &Setup, outcome: &Outcome) -> String {
    let lines = setup.stable(&outcome.stderr);
    let lines: Vec<String> = lines.lines().map(without_time).collect();
    lines.join("\n")
}

fn without_time(line: &str) -> String {
    match (line.find(" in "), line.find(" s")) {
        (Some(from), Some(_)) if line[from + 4..].starts_with(|char: char| char.is_ascii_digit()) => {
            let rest = line[from + 4..].split_once(" s").map_or("", |(_, rest)| rest);
            format!("{} in [TIME]{rest}", &line[..from])
        }
        _ => line.to_owned(),
    }
}

/// Names in the folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn status(setup: &Setup) -> Value {
    let outcome = setup.wbf(["mirror", "status", "m"]).await;
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[tokio::test]
async fn each_command_shows_examples() {
    let setup = Setup::new(&[]).await;
    for (command, example) in [
        (&["mirror"][..], "wbf mirror me/mnist/ /data/mnist"),
        (
            &["mirror", "work"],
            "wbf mirror work --state postgres://wbf@db/mirrors",
        ),
        (&["mirror", "status"], "wbf mirror status /data/mnist"),
        (&["mirror", "verify"], "wbf mirror verify /data/mnist --read"),
        (
            &["mirror", "export"],
            "wbf mirror export mnist.parquet /data/mnist",
        ),
    ] {
        let outcome = setup.wbf([command, &["--help"]].concat()).await;
        assert!(outcome.stdout.contains(example), "{}", outcome.stdout);
    }
    let outcome = setup.wbf(["mirror", "work", "-h"]).await;
    assert_snapshot!(outcome.stdout, @"
        Move what is queued in a ledger, beside any number of others that do

        Usage: wbf mirror work [OPTIONS] --state <LEDGER>

        Options:
          -q, --quiet            Only errors on stderr
              --state <LEDGER>   The ledger: postgres://USER@HOST/DATABASE, or a SQLite file that no other
                                 process works on
          -j, --jobs <N>         Files at a time [default: 32]
          -v, --verbose...       Say what is done; -vv for more
              --until-empty      End once nothing is queued, instead of waiting for more
              --patience <TIME>  How long an outage is waited for before a file counts as failed [default:
                                 1h]
              --no-fsync         Count a file in a folder as there before it is forced out to the disk:
                                 faster, but a loss of power may take it
          -h, --help             Print help

        Takes what `wbf mirror --enqueue` or another `wbf mirror` has queued. A worker that
        dies has its work taken over. SIGTERM and Ctrl-C stop it: files under way are
        finished where that takes but seconds, the rest goes back to the queue.

        Examples:
          wbf mirror work --state postgres://wbf@db/mirrors
          wbf mirror work --state postgres://wbf@db/mirrors --until-empty --jobs 64
        ");
}

#[tokio::test]
async fn a_second_call_moves_what_is_new_or_changed() {
    let setup = Setup::new(FILES).await;
    let first = setup.wbf(["mirror", "e/p/r", "m", "--format", "ndjson"]).await;
    assert_eq!(first.status, 0, "{}", first.stderr);
    assert_snapshot!(said(&setup, &first), @"
        the ledger of this mirror is [ROOT]/m.wbf-ledger.sqlite
        3 files moved (2.00 KiB) in [TIME], 3 new
        still going on is e/p/r: call again to take what they add
        ");
    let rows = objects(&first.stdout);
    assert!(
        rows.iter()
            .all(|row| row["status"] == "moved" && row["run"] == "e/p/r" && row["error"].is_null())
    );
    for (name, content) in FILES {
        assert_eq!(
            fs::read(setup.root().join("m/e/p/r").join(name)).unwrap(),
            *content,
            "{name}"
        );
    }
    // The ledger is one file beside the folder.
    assert_eq!(names(setup.root()), ["m", "m.wbf-ledger.sqlite"]);

    setup.server.clear_requests();
    let second = setup.wbf(["mirror", "e/p/r", "m"]).await;
    assert_eq!((second.status, second.stdout.as_str()), (0, ""));
    assert_snapshot!(said(&setup, &second), @"
        0 files moved (0 B) in [TIME], 3 unchanged
        still going on is e/p/r: call again to take what they add
        ");
    assert_eq!(
        setup.server.requests().len(),
        setup.server.graphql_requests().len(),
        "no file was fetched"
    );

    setup
        .server
        .add_file("e", "p", "r", "config.yaml", b"a: 2\n")
        .await
        .unwrap();
    setup.server.add_file("e", "p", "r", "new", b"1").await.unwrap();
    let third = setup.wbf(["mirror", "e/p/", "m"]).await;
    assert_snapshot!(said(&setup, &third), @"
        2 files moved (6 B) in [TIME], 1 new, 1 changed or failed before, 2 unchanged
        still going on is e/p/r: call again to take what they add
        ");
    assert_eq!(
        fs::read(setup.root().join("m/e/p/r/config.yaml")).unwrap(),
        b"a: 2\n"
    );
}

#[tokio::test]
async fn sources_are_runs_projects_and_entities() {
    let setup = Setup::new(FILES).await;
    for (project, run, state) in [("p", "b", "crashed"), ("q", "c", "finished")] {
        let spec = RunSpec {
            state: Some(state.to_owned()),
            ..RunSpec::default()
        };
        setup.server.add_run_with("e", project, run, spec).await.unwrap();
        setup
            .server
            .add_file("e", project, run, "x.pt", b"x")
            .await
            .unwrap();
    }
    for (args, expected) in [
        (&["e/p/r", "--jobs", "2", "e/q/c"][..], 4),
        (&["e/p/"], 4),
        (&["e/"], 5),
        (&["e/", "--include", "*.pt"], 2),
        (&["e/p/", "--run-state", "crashed"], 1),
        (&["e/p", "--all-runs", "--max-runs", "1"], 3),
        (&["--name", "empty", "e/p/r"], 1),
        (&["e/p/r", "--pattern", "media/%"], 1),
    ] {
        let args = [&["mirror"], args, &["--dry-run", "m", "--format", "ndjson"]].concat();
        let outcome = setup.wbf(&args).await;
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        assert_eq!(objects(&outcome.stdout).len(), expected, "{args:?}");
    }
    let outcome = setup.wbf(["mirror", "e/", "m"]).await;
    assert_snapshot!(said(&setup, &outcome), @"
        the ledger of this mirror is [ROOT]/m.wbf-ledger.sqlite
        5 files moved (2.01 KiB) in [TIME], 5 new
        still going on is e/p/r: call again to take what they add
        ");
    assert_eq!(names(&setup.root().join("m/e")), ["p", "q"]);
    let nobody = setup.wbf(["mirror", "nobody/", "m"]).await;
    assert!(
        nobody.stderr.contains("there are no files: is the name right"),
        "{}",
        nobody.stderr
    );
}

#[tokio::test]
async fn a_dry_run_makes_nothing() {
    let setup = Setup::new(FILES).await;
    let outcome = setup.wbf(["mirror", "e/p/r", "m", "--dry-run"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_snapshot!(said(&setup, &outcome), @"
        3 files would be moved (2.00 KiB) in [TIME], 3 new
        still going on is e/p/r: call again to take what they add
        ");
    assert_eq!(outcome.stdout.lines().count(), 3);
    assert!(names(setup.root()).is_empty());

    assert_eq!(setup.wbf(["mirror", "e/p/r", "m"]).await.status, 0);
    setup.server.add_file("e", "p", "r", "new", b"1").await.unwrap();
    let outcome = setup.wbf(["mirror", "e/p/r", "m", "--dry-run"]).await;
    assert_snapshot!(outcome.stdout, @"new                 1 B  e/p/r/new");
    assert_eq!(status(&setup).await["counts"]["pending"]["files"], 0);
}

#[tokio::test]
async fn deletions_are_followed_where_they_are_asked_for() {
    let setup = Setup::new(FILES).await;
    assert_eq!(setup.wbf(["mirror", "e/p/", "m"]).await.status, 0);
    assert_eq!(setup.wbf(["rm", "e/p/r", "config.yaml", "--yes"]).await.status, 0);
    let file = setup.root().join("m/e/p/r/config.yaml");

    let kept = setup.wbf(["mirror", "e/p/", "m"]).await;
    assert_snapshot!(said(&setup, &kept), @"
        0 files moved (0 B) in [TIME], 2 unchanged, 1 gone from the server
        still going on is e/p/r: call again to take what they add
        ");
    assert!(file.exists());
    assert_eq!(status(&setup).await["counts"]["gone"]["files"], 1);

    let shown = setup.wbf(["mirror", "e/p/", "m", "--delete", "--dry-run"]).await;
    assert_snapshot!(shown.stdout, @"would-delete          0 B  e/p/r/config.yaml");
    assert!(file.exists());

    let deleted = setup.wbf(["mirror", "e/p/", "m", "--delete"]).await;
    assert_snapshot!(said(&setup, &deleted), @"
        0 files moved (0 B) in [TIME], 2 unchanged, 1 deleted
        still going on is e/p/r: call again to take what they add
        ");
    assert!(!file.exists());

    let refused = setup
        .wbf(["mirror", "e/p/", "m", "--delete", "--min-size", "1"])
        .await;
    assert_eq!(refused.status, 2);
    assert_snapshot!(said(&setup, &refused), @"wbf: --delete takes what is not listed for gone, so that with --min-size it would delete files that the server still has; leave one of them out");
}

#[tokio::test]
async fn a_file_that_fails_is_told_and_tried_again() {
    let setup = Setup::new(FILES).await;
    setup
        .server
        .inject(Fault::on_storage("config.yaml").times(u32::MAX).wrong_byte_at(0));
    let outcome = setup.wbf(["mirror", "e/p/r", "m", "--patience", "0s"]).await;
    assert_eq!(outcome.status, 1, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("wbf: e/p/r/config.yaml: "),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("3 new, 1 failed"), "{}", outcome.stderr);
    let shown = status(&setup).await;
    assert_eq!(shown["counts"]["failed"]["files"], 1);
    assert_eq!(shown["failures"][0]["name"], "config.yaml");
    assert!(
        shown["failures"][0]["error"].as_str().unwrap().contains("MD5"),
        "{shown}"
    );
    let text = setup.wbf(["mirror", "status", "m", "--format", "text"]).await;
    assert!(
        text.stdout.contains("failed e/p/r/config.yaml (1 tries): "),
        "{}",
        text.stdout
    );

    setup.server.clear_faults();
    let outcome = setup.wbf(["mirror", "e/p/r", "m"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_snapshot!(said(&setup, &outcome), @"
        1 files moved (5 B) in [TIME], 1 changed or failed before, 2 unchanged
        still going on is e/p/r: call again to take what they add
        ");
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let setup = Setup::new(FILES).await;
    fs::write(setup.root().join("file"), "").unwrap();
    let mut told = Vec::new();
    for args in [
        &["e/p/nope", "m"][..],
        &["e/p/", "file"],
        &["e/p/", "ftp://x/y"],
        &["e/p/", "m", "--state", "mysql://x/y"],
        &["e/p/", "e/p/r", "m"],
        &["e/p/r", "m", "--run-state", "running"],
        &["e/p/"],
        &["e/p/", "memory:"],
        &["status", "m2"],
        &["status", "m2", "--state", "m.wbf-ledger.sqlite"],
        &["verify", "m2"],
        &["export", "out.csv", "m2"],
        &["export", "out.txt", "m"],
        &["work", "--state", "none.sqlite"],
    ] {
        let outcome = setup.wbf([&["mirror"], args].concat()).await;
        let said = said(&setup, &outcome);
        told.push(format!("{} {}: {said}", outcome.status, args.join(" ")));
    }
    assert_snapshot!(told.join("\n"), @r#"
        1 e/p/nope m: the ledger of this mirror is [ROOT]/m.wbf-ledger.sqlite
        wbf: there is no run e/p/nope, or no permission to see it; check the path, and whose key this is
        0 files moved (0 B) in [TIME], 1 failed
        1 e/p/ file: wbf: make the folder file: File exists (os error 17); a bucket holds most names that a folder does not
        2 e/p/ ftp://x/y: wbf: read the address of a destination: ftp:// is not known; give a folder, file://, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or memory:
        2 e/p/ m --state mysql://x/y: wbf: "mysql://x/y" names no ledger: its scheme is not known; write a file's path, or postgres://USER@HOST/DATABASE
        2 e/p/ e/p/r m: wbf: e/p/ is more than a run: give it alone, or runs by name
        2 e/p/r m --run-state running: wbf: --run-state chooses among the runs of a project, but "e/p/r" names no project: it has too many parts; write ENTITY/PROJECT or the project's web address; PROJECT where an entity is set
        2 e/p/: wbf: give what to mirror and where to: wbf mirror SRC... DEST
        2 e/p/ memory:: wbf: memory: is gone with the program; give a folder or a bucket, or --dry-run to see what would be done
        1 status m2: wbf: nothing is known of a mirror to [ROOT]/m2: there is no ledger [ROOT]/m2.wbf-ledger.sqlite; where it is another one, name it with --state
        1 status m2 --state m.wbf-ledger.sqlite: wbf: nothing is known of a mirror to [ROOT]/m2: the ledger m.wbf-ledger.sqlite does not have it; where it is another one, name it with --state
        1 verify m2: wbf: nothing is known of a mirror to [ROOT]/m2: there is no ledger [ROOT]/m2.wbf-ledger.sqlite; where it is another one, name it with --state
        1 export out.csv m2: wbf: nothing is known of a mirror to [ROOT]/m2: there is no ledger [ROOT]/m2.wbf-ledger.sqlite; where it is another one, name it with --state
        2 export out.txt m: wbf: "out.txt" does not say the format of an export: let the name end in .parquet or .csv
        1 work --state none.sqlite: wbf: there is no ledger none.sqlite; where it is another one, name it with --state
        "#);

    let mut command = setup.command(["mirror", "e/p/", "m"]);
    command.env("WANDB_API_KEY", "b".repeat(40));
    let outcome = run(command).await;
    assert_eq!(outcome.status, 1);
    assert_snapshot!(said(&setup, &outcome), @"
        wbf: cannot list the runs of e/p: RunsWithFiles failed: [URL]/graphql does not accept the credential (HTTP 401: user is not logged in); check the API key: WANDB_API_KEY, netrc or an identity token, for this very server; the key comes from WANDB_API_KEY
        0 files moved (0 B) in [TIME], 1 failed
        ");
}
