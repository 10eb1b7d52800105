//! `wbf ls`.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use wandb_devserver::{Fault, Listed};

use crate::setup::{Setup, objects, run};

const FILES: &[(&str, &[u8])] = &[
    ("config.yaml", b"a: 1\n"),
    ("media/a b.png", &[0; 2048]),
    ("x.json", b"{}"),
];

#[tokio::test]
async fn ndjson_has_every_field() {
    let setup = Setup::new(FILES).await;
    let outcome = setup.wbf(["ls", "e/p/r", "--format", "ndjson"]).await;
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    let rows = objects(&outcome.stdout);
    assert_eq!(rows.len(), 3);
    let row = rows[1].as_object().unwrap();
    let keys: Vec<&str> = row.keys().map(String::as_str).collect();
    let expected = [
        "cursor",
        "direct_url",
        "id",
        "md5",
        "mimetype",
        "name",
        "path_uri",
        "run",
        "size_bytes",
        "updated_at",
        "url",
    ];
    assert_eq!(keys, expected);
    assert_eq!(row["name"], "media/a b.png");
    assert_eq!(row["size_bytes"], 2048);
    assert_eq!(
        row["url"],
        format!("{}/files/e/p/r/media/a%20b.png", setup.server.url())
    );
    assert_eq!(row["path_uri"], Value::Null);
}

#[tokio::test]
async fn json_is_one_array_and_csv_has_a_head() {
    let setup = Setup::new(FILES).await;
    let outcome = setup.wbf(["ls", "e/p/r", "--format", "json"]).await;
    let rows: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    let outcome = setup
        .wbf(["ls", "e/p/r", "--format", "json", "--pattern", "nothing"])
        .await;
    assert_eq!((outcome.status, outcome.stdout.as_str()), (0, "[]\n"));

    let outcome = setup.wbf(["ls", "e/p/r", "--format", "csv"]).await;
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "id,name,url,direct_url,size_bytes,mimetype,updated_at,md5,path_uri,cursor,run"
    );
    assert_eq!(lines.len(), 4);
}

#[tokio::test]
async fn the_table_is_for_people() {
    let setup = Setup::new(FILES).await;
    let outcome = setup.wbf(["ls", "e/p/r"]).await;
    let rows: Vec<String> = outcome
        .stdout
        .lines()
        .map(|line| format!("{}|{}", &line[..10], &line[34..]))
        .collect();
    assert_eq!(
        rows,
        [
            "       5 B|config.yaml",
            "  2.00 KiB|media/a b.png",
            "       2 B|x.json"
        ]
    );
}

#[tokio::test]
async fn a_hostile_name_cannot_write_to_the_terminal() {
    let setup = Setup::new(&[("a\u{1b}[2Jb\nc", b"")]).await;
    let outcome = setup.wbf(["ls", "e/p/r"]).await;
    assert!(
        outcome.stdout.ends_with("a\\u{1b}[2Jb\\nc\n"),
        "{:?}",
        outcome.stdout
    );
}

#[tokio::test]
async fn a_limit_asks_for_one_page_of_that_size() {
    let setup = Setup::new(FILES).await;
    let outcome = setup
        .wbf(["ls", "e/p/r", "--limit", "2", "--format", "ndjson"])
        .await;
    assert_eq!(objects(&outcome.stdout).len(), 2);
    let requests = setup.server.graphql_requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].variables.as_ref().unwrap()["fileLimit"], 2);
    assert_eq!(setup.server.requests().len(), 1);
}

#[tokio::test]
async fn a_listing_goes_on_after_a_cursor() {
    let setup = Setup::new(FILES).await;
    let first = setup
        .wbf(["ls", "e/p/r", "--limit", "1", "--format", "ndjson"])
        .await;
    let cursor = objects(&first.stdout)[0]["cursor"].as_str().unwrap().to_owned();
    let rest = setup
        .wbf(["ls", "e/p/r", "--after", &cursor, "--format", "ndjson"])
        .await;
    let names: Vec<Value> = objects(&rest.stdout)
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names, [json!("media/a b.png"), json!("x.json")]);
}

#[tokio::test]
async fn a_listing_that_breaks_off_says_where_to_go_on() {
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
        .wbf(["ls", "e/p/r", "--per-page", "2", "--format", "ndjson"])
        .await;
    let rows = objects(&outcome.stdout);
    assert_eq!((outcome.status, rows.len()), (1, 2), "what came is shown");
    let resume = format!("; go on with --after {}\n", rows[1]["cursor"].as_str().unwrap());
    assert!(
        outcome.stderr.contains("broken") && outcome.stderr.ends_with(&resume),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn names_that_do_not_exist_are_told_and_the_others_shown() {
    let setup = Setup::new(FILES).await;
    let outcome = setup
        .wbf([
            "ls", "e/p/r", "--name", "x.json", "--name", "nope", "--format", "ndjson",
        ])
        .await;
    assert_eq!(outcome.status, 1);
    assert_eq!(objects(&outcome.stdout).len(), 1);
    assert_eq!(outcome.stderr, "wbf: e/p/r has no file \"nope\"\n");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let setup = Setup::new(&[]).await;
    let many = (0..20_000).map(|i| Listed::new(format!("file-{i}"), i));
    setup.server.add_listing("e", "p", "r", many).await.unwrap();
    let mut child = setup
        .command(["ls", "e/p/r", "--format", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next_line().await.unwrap().unwrap();
    drop(lines);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn shorter_paths_take_entity_and_project_from_the_environment() {
    let setup = Setup::new(FILES).await;
    let mut command = setup.command(["ls", "r", "--limit", "1"]);
    command.env("WANDB_ENTITY", "e").env("WANDB_PROJECT", "p");
    assert_eq!(run(command).await.status, 0);
    let address = format!("{}/e/p/runs/r/files?x=1", setup.server.url());
    assert_eq!(setup.wbf(["ls", &address, "--limit", "1"]).await.status, 0);
}

#[tokio::test]
async fn pages_at_once_list_the_same_with_the_same_requests() {
    let setup = Setup::new(&[]).await;
    let listed = (0..2_050).map(|number| Listed::new(format!("{number:04}.png"), 10));
    setup.server.add_listing("e", "p", "r", listed).await.unwrap();
    let names = async |more: &[&str]| {
        setup.server.clear_requests();
        // What comes at once is under way together.
        let late = Fault::on_graphql().operation("RunFiles").times(100);
        setup
            .server
            .inject(late.delay(std::time::Duration::from_millis(20)));
        let args = ["ls", "e/p/r", "--format", "ndjson", "--per-page", "100"];
        let outcome = setup.wbf(args.iter().chain(more).copied()).await;
        setup.server.clear_faults();
        assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
        let rows = objects(&outcome.stdout);
        let names: Vec<String> = rows
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect();
        let requests = setup.server.graphql_requests();
        let most = requests.iter().map(|request| request.at_once).max();
        (names, requests.len(), most.unwrap())
    };
    let (serial, requests, most) = names(&[]).await;
    assert_eq!((serial.len(), requests, most), (2_050, 21, 1));
    let (at_once, requests, most) = names(&["--pages-at-once", "4"]).await;
    assert_eq!((at_once == serial, requests, most), (true, 21, 4));
    assert_eq!(setup.wbf(["ls", "e/p/r", "--pages-at-once", "0"]).await.status, 2);
}
