//! `wbf runs`.

use insta::assert_snapshot;
use serde_json::{Value, json};
use wandb_devserver::{DevServer, Fault, RunSpec};

use crate::setup::{Outcome, Setup, objects, run};

/// `e/p` with the runs `r` (without anything), `a`, `b` and `c`.
async fn setup() -> Setup {
    let server = DevServer::builder().entity("e").start().await.unwrap();
    let setup = Setup::with(server, &[]).await;
    for (id, state, tags, loss, at) in [
        ("a", "finished", vec!["best", "x"], 0.1, 1_000),
        ("b", "crashed", vec!["x"], 0.3, 2_000),
        ("c", "finished", vec![], 0.2, 3_000),
    ] {
        let spec = RunSpec {
            display_name: Some(format!("run {id}")),
            state: Some(state.to_owned()),
            tags: tags.into_iter().map(str::to_owned).collect(),
            config: json!({"lr": 0.01, "net": {"layers": [1, 2]}}),
            summary: json!({"loss": loss}),
            notes: Some("a \"note\", with\na line".to_owned()),
            created_at: Some(at),
            ..RunSpec::default()
        };
        setup.server.add_run_with("e", "p", id, spec).await.unwrap();
    }
    setup
}

fn ids(outcome: &Outcome) -> Vec<String> {
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    let rows = objects(&outcome.stdout);
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn ndjson_has_every_attribute() {
    let setup = setup().await;
    let outcome = setup
        .wbf(["runs", "e/p", "--limit", "1", "--format", "ndjson"])
        .await;
    let row = objects(&outcome.stdout).remove(0);
    let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "commit",
            "created_at",
            "cursor",
            "description",
            "entity",
            "group",
            "heartbeat_at",
            "id",
            "job_type",
            "name",
            "notes",
            "project",
            "project_id",
            "read_only",
            "state",
            "storage_id",
            "sweep_name",
            "tags",
            "url",
            "user"
        ]
    );
    assert_eq!(
        (&row["id"], &row["name"], &row["state"]),
        (&json!("a"), &json!("run a"), &json!("finished"))
    );
    assert_eq!(row["tags"], json!(["best", "x"]));
    assert_eq!(row["url"], format!("{}/e/p/runs/a", setup.server.url()));
    let requests = setup.server.graphql_requests();
    assert_eq!(requests.len(), 1);
    let variables = requests[0].variables.as_ref().unwrap();
    assert_eq!(
        (&variables["perPage"], &variables["full"]),
        (&json!(1), &json!(false))
    );
}

#[tokio::test]
async fn full_has_config_and_summary() {
    let setup = setup().await;
    let outcome = setup
        .wbf(["runs", "e/p", "--full", "--limit", "1", "--format", "json"])
        .await;
    let rows: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(rows[0]["config"], json!({"lr": 0.01, "net": {"layers": [1, 2]}}));
    assert_eq!(rows[0]["summary"]["loss"], 0.1);

    let outcome = setup
        .wbf(["runs", "e/p", "--full", "--limit", "1", "--format", "csv"])
        .await;
    assert!(
        outcome
            .stdout
            .starts_with("id,name,state,created_at,heartbeat_at,tags,user,"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains(r#""[""best"",""x""]""#),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome
            .stdout
            .contains(r#""{""lr"":0.01,""net"":{""layers"":[1,2]}}""#),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("\"a \"\"note\"\", with\na line\""),
        "{}",
        outcome.stdout
    );
}

#[tokio::test]
async fn runs_are_chosen_and_sorted_by_the_server() {
    let setup = setup().await;
    for (args, expected) in [
        (
            vec!["--order", "-summary_metrics.loss", "--limit", "3"],
            vec!["b", "c", "a"],
        ),
        (vec!["--state", "finished"], vec!["a", "c"]),
        (
            vec![
                "--state",
                "finished",
                "--state",
                "crashed",
                "--order",
                "-created_at",
            ],
            vec!["c", "b", "a"],
        ),
        (vec!["--tag", "x"], vec!["a", "b"]),
        (vec!["--tag", "x", "--tag", "best"], vec!["a", "b"]),
        (vec!["--tag", "x", "--state", "crashed"], vec!["b"]),
        (
            vec![
                "--filter",
                r#"{"summary_metrics.loss": {"$lt": 0.25}}"#,
                "--tag",
                "best",
            ],
            vec!["a"],
        ),
        (vec!["--state", "failed"], vec![]),
    ] {
        let mut command = vec!["runs", "e/p", "--format", "ndjson"];
        command.extend(&args);
        let outcome = setup.wbf(command).await;
        assert_eq!(ids(&outcome), expected, "{args:?}");
    }
}

#[tokio::test]
async fn the_table_is_for_people() {
    let setup = setup().await;
    let spec = RunSpec {
        display_name: Some("evil\u{1b}[2J\nname".to_owned()),
        created_at: Some(500),
        ..RunSpec::default()
    };
    setup.server.add_run_with("e", "p", "evil", spec).await.unwrap();
    let outcome = setup.wbf(["runs", "e/p", "--limit", "3"]).await;
    assert_snapshot!(outcome.stdout, @r#"
evil        running   1970-01-01T00:08:20Z  e             evil\u{1b}[2J\nname
a           finished  1970-01-01T00:16:40Z  e             run a                         best,x
b           crashed   1970-01-01T00:33:20Z  e             run b                         x
"#);
}

#[tokio::test]
async fn every_form_of_a_project() {
    let setup = setup().await;
    let address = format!("{}/e/p/table?nw=1", setup.server.url());
    for project in ["p", "/e/p/", &address] {
        let outcome = setup
            .wbf(["runs", project, "--state", "crashed", "--format", "ndjson"])
            .await;
        assert_eq!(ids(&outcome), ["b"], "{project}");
    }
    let mut command = setup.command(["runs", "p", "--state", "crashed", "--format", "ndjson"]);
    command.env("WANDB_ENTITY", "e");
    setup.server.clear_requests();
    assert_eq!(ids(&run(command).await), ["b"]);
    assert_eq!(setup.server.graphql_requests().len(), 1);
}

#[tokio::test]
async fn a_listing_that_breaks_off_says_where_to_go_on() {
    let setup = setup().await;
    setup.server.inject(
        Fault::on_graphql()
            .after(1)
            .times(1)
            .reply(400, &[], r#"{"errors":["broken"]}"#),
    );
    let outcome = setup
        .wbf(["runs", "e/p", "--per-page", "2", "--format", "ndjson"])
        .await;
    let rows = objects(&outcome.stdout);
    let cursor = rows[1]["cursor"].as_str().unwrap();
    assert_eq!((outcome.status, rows.len()), (1, 2));
    assert!(
        outcome.stderr.starts_with("wbf: cannot list the runs of e/p: ")
            && outcome
                .stderr
                .ends_with(&format!("; go on with --after {cursor}\n")),
        "{}",
        outcome.stderr
    );
    let rest = setup
        .wbf(["runs", "e/p", "--after", cursor, "--format", "ndjson"])
        .await;
    assert_eq!(ids(&rest), ["c", "r"]);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let setup = setup().await;
    let told = async |args: &[&str]| {
        let outcome = setup.wbf(args).await;
        assert_eq!(outcome.stdout, "");
        format!("{} {}", outcome.status, setup.stable(&outcome.stderr))
    };
    assert_snapshot!(told(&["runs", "e/nope"]).await, @r#"1 wbf: there is no project e/nope, or no permission to see it; check the path, and whose key this is"#);
    assert_snapshot!(told(&["runs", "nobody/p"]).await, @r#"1 wbf: there is no project nobody/p, or no permission to see it; check the path, and whose key this is"#);
    setup.server.clear_requests();
    assert_snapshot!(told(&["runs", "e/p/r"]).await, @r#"2 wbf: "e/p/r" names no project: it has too many parts; write ENTITY/PROJECT or the project's web address; PROJECT where an entity is set"#);
    assert_snapshot!(told(&["runs", "e/p", "--filter", "state=x"]).await, @r#"2 wbf: the filter "state=x" is no JSON object: expected value at line 1 column 1; write it as --filter '{"summary_metrics.loss": {"$lt": 0.1}}'"#);
    assert_eq!(setup.server.requests().len(), 0);
}

#[tokio::test]
async fn a_refused_key_is_told_with_where_it_came_from() {
    let setup = setup().await;
    let mut command = setup.command(["runs", "e/p"]);
    command.env("WANDB_API_KEY", "0".repeat(40));
    let outcome = run(command).await;
    assert_eq!((outcome.status, outcome.stdout.as_str()), (1, ""));
    assert!(
        outcome.stderr.starts_with("wbf: cannot list the runs of e/p: ")
            && outcome.stderr.ends_with("; the key comes from WANDB_API_KEY\n")
            && !outcome.stderr.contains("0000"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn an_empty_project_is_no_error() {
    let setup = setup().await;
    setup.server.add_project("e", "empty").await.unwrap();
    for (format, expected) in [("table", ""), ("json", "[]\n"), ("ndjson", ""), ("csv", "")] {
        let outcome = setup.wbf(["runs", "e/empty", "--format", format]).await;
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (0, expected),
            "{format}"
        );
    }
}
