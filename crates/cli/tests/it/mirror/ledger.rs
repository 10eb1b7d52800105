//! Ledgers: where they are, what they tell, and one that is shared.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use super::{FILES, names, said, status};
use crate::setup::{Setup, objects, run};

#[tokio::test]
async fn the_ledger_of_a_bucket_is_in_the_data_folder() {
    let setup = Setup::new(FILES).await;
    let outcome = setup.wbf(["mirror", "status", "s3://bucket/a b/m"]).await;
    assert_eq!(outcome.status, 1);
    let place = "nothing is known of a mirror to s3://bucket/a b/m: there is no ledger \
                 [ROOT]/.local/share/wbf/mirrors/s3-bucket-a-b-m-";
    assert!(said(&setup, &outcome).contains(place), "{}", outcome.stderr);
    let mut command = setup.command(["mirror", "status", "s3://bucket/m"]);
    command.env("XDG_DATA_HOME", setup.root().join("data"));
    let outcome = run(command).await;
    assert!(
        said(&setup, &outcome).contains("[ROOT]/data/wbf/mirrors/s3-bucket-m-"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn status_and_export_show_the_ledger() {
    let setup = Setup::new(FILES).await;
    assert_eq!(setup.wbf(["mirror", "e/p/", "m"]).await.status, 0);
    let shown = status(&setup).await;
    assert_eq!(shown["counts"]["done"]["files"], 3);
    assert_eq!(shown["counts"]["done"]["bytes"], 2053);
    assert_eq!(shown["seconds_left"], 0.0);
    assert!(shown["failures"].as_array().unwrap().is_empty());
    let all = setup
        .wbf(["mirror", "status", "--state", "m.wbf-ledger.sqlite"])
        .await;
    assert_eq!(
        serde_json::from_str::<Value>(&all.stdout).unwrap()["counts"],
        shown["counts"]
    );

    let outcome = setup.wbf(["mirror", "export", "out.csv", "m"]).await;
    assert_eq!(
        (outcome.status, said(&setup, &outcome).as_str()),
        (0, "3 rows written to out.csv")
    );
    let csv = fs::read_to_string(setup.root().join("out.csv")).unwrap();
    assert!(csv.starts_with("entity,project,run,name,"), "{csv}");
    assert_eq!(csv.lines().count(), 4);
    let outcome = setup
        .wbf("mirror export out.parquet --state m.wbf-ledger.sqlite".split(' '))
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(
        fs::read(setup.root().join("out.parquet"))
            .unwrap()
            .starts_with(b"PAR1")
    );
}

#[tokio::test]
async fn verify_finds_a_byte_that_changed() {
    let setup = Setup::new(FILES).await;
    assert_eq!(setup.wbf(["mirror", "e/p/", "m"]).await.status, 0);
    let outcome = setup.wbf(["mirror", "verify", "m", "--read"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_snapshot!(said(&setup, &outcome), @"3 files (2.00 KiB) compared, 3 of them by digest, 3 with the server; 0 problems");

    fs::write(setup.root().join("m/e/p/r/config.yaml"), "a: 7\n").unwrap();
    let outcome = setup.wbf(["mirror", "verify", "m", "--read"]).await;
    assert_eq!(outcome.status, 1);
    assert_snapshot!(outcome.stdout, @"e/p/r/config.yaml has the md5 3cec537b17a4907a12bc886e75b1edc7 at the destination and should have e0ccdaf42c593022e15b18cc0e96d201");
    let outcome = setup
        .wbf("mirror verify m --read --no-server --format ndjson".split(' '))
        .await;
    assert_eq!(outcome.status, 1);
    let problems = objects(&outcome.stdout);
    assert_eq!(
        (problems.len(), &problems[0]["kind"], &problems[0]["of"]),
        (1, &"digest".into(), &"e/p/r/config.yaml".into())
    );
}

#[tokio::test]
async fn what_is_known_of_another_server_is_not_compared_with_this_one() {
    let setup = Setup::new(FILES).await;
    assert_eq!(setup.wbf(["mirror", "e/p/", "m"]).await.status, 0);
    let another = Setup::new(FILES).await;
    for args in [
        &["mirror", "verify", "m"][..],
        &["mirror", "verify", "m", "--no-server", "--repair"],
        &[
            "mirror",
            "work",
            "--state",
            "m.wbf-ledger.sqlite",
            "--until-empty",
        ],
    ] {
        let mut command = setup.command(args);
        command.env("WANDB_BASE_URL", another.server.url());
        let outcome = run(command).await;
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (1, ""),
            "{args:?} {}",
            outcome.stderr
        );
        assert!(
            said(&setup, &outcome).contains("[URL]") && outcome.stderr.contains(another.server.url()),
            "{}",
            outcome.stderr
        );
    }
    assert_eq!(setup.wbf(["mirror", "verify", "m"]).await.status, 0);
}

#[tokio::test]
async fn a_ledger_on_postgresql_is_shared() {
    let Ok(server) = std::env::var("WBF_TEST_POSTGRES") else {
        eprintln!("WBF_TEST_POSTGRES names no PostgreSQL: nothing is tested");
        return;
    };
    let name = format!("wbf_cli_{}", std::process::id());
    let admin = sqlx::PgPool::connect(&server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&admin)
        .await
        .unwrap();
    let (before, _) = server.rsplit_once('/').unwrap();
    let state = format!("{before}/{name}");

    let setup = Setup::new(FILES).await;
    let queued = setup
        .wbf(["mirror", "e/p/", "m", "--state", &state, "--enqueue"])
        .await;
    assert_eq!(queued.status, 0, "{}", queued.stderr);
    let work = ["mirror", "work", "--state", &state, "--until-empty"];
    let (one, other) = tokio::join!(setup.wbf(work), setup.wbf(work));
    assert_eq!(
        (one.status, other.status),
        (0, 0),
        "{}{}",
        one.stderr,
        other.stderr
    );
    let again = setup.wbf(["mirror", "e/p/", "m", "--state", &state]).await;
    assert!(
        again.stderr.contains("0 files moved (0 B)") && again.stderr.contains("3 unchanged"),
        "{}",
        again.stderr
    );
    let shown = setup.wbf(["mirror", "status", "m", "--state", &state]).await;
    assert_eq!(
        serde_json::from_str::<Value>(&shown.stdout).unwrap()["counts"]["done"]["files"],
        3
    );
    let verified = setup
        .wbf(["mirror", "verify", "m", "--state", &state, "--read"])
        .await;
    assert_eq!(verified.status, 0, "{}{}", verified.stdout, verified.stderr);
    assert_eq!(names(setup.root()), ["m"]);
    sqlx::query(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
        .execute(&admin)
        .await
        .unwrap();
}
