//! `wbf artifacts`.

use insta::assert_snapshot;
use serde_json::{Value, json};
use wandb_devserver::{ArtifactEntry, ArtifactSpec, DevServer};

use crate::setup::{Setup, objects};

/// `e/p` with two versions of the model `resnet` and one of the dataset `mnist`; the run `r` logged a model and used the data.
async fn setup() -> Setup {
    let server = DevServer::builder().entity("e").start().await.unwrap();
    let setup = Setup::with(server, &[]).await;
    let by_r = Some("r".to_owned());
    for (artifact_type, collection, bytes, aliases, logged_by, used_by) in [
        ("dataset", "mnist", 100, vec!["raw"], None, vec!["r"]),
        ("model", "resnet", 10, vec![], None, vec![]),
        ("model", "resnet", 20, vec!["best"], by_r, vec![]),
    ] {
        let spec = ArtifactSpec {
            entries: vec![ArtifactEntry::file("data", vec![b'x'; bytes])],
            aliases: aliases.into_iter().map(str::to_owned).collect(),
            logged_by,
            used_by: used_by.into_iter().map(str::to_owned).collect(),
            created_at: Some(1_000),
            ..ArtifactSpec::default()
        };
        setup
            .server
            .add_artifact("e", "p", artifact_type, collection, spec)
            .await
            .unwrap();
    }
    setup
}

fn names(text: &str) -> Vec<String> {
    let name = |row: &Value| row["name"].as_str().unwrap().to_owned();
    let mut names: Vec<String> = objects(text).iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_project_has_types_of_collections_of_versions() {
    let setup = setup().await;
    for (args, expected) in [
        (vec!["artifacts", "e/p"], vec!["dataset", "model"]),
        (vec!["artifacts", "e/p", "--type", "model"], vec!["resnet"]),
        (
            vec!["artifacts", "p", "--type", "model", "--collection", "resnet"],
            vec!["resnet:v0", "resnet:v1"],
        ),
        (
            vec!["artifacts", "e/p", "--collection", "mnist"],
            vec!["mnist:v0"],
        ),
    ] {
        let mut command = args.clone();
        command.extend(["--format", "ndjson"]);
        let outcome = setup.wbf(command).await;
        assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{args:?}");
        assert_eq!(names(&outcome.stdout), expected, "{args:?}");
    }
}

#[tokio::test]
async fn a_version_has_every_attribute() {
    let setup = setup().await;
    let outcome = setup
        .wbf([
            "artifacts",
            "e/p",
            "--type",
            "dataset",
            "--collection",
            "mnist",
            "--limit",
            "1",
            "--format",
            "ndjson",
        ])
        .await;
    let row = objects(&outcome.stdout).remove(0);
    assert_eq!(row["aliases"], json!(["latest", "raw"]));
    assert_eq!((&row["size_bytes"], &row["file_count"]), (&json!(100), &json!(1)));
    assert_eq!(
        (&row["type"], &row["state"]),
        (&json!("dataset"), &json!("COMMITTED"))
    );
    assert_eq!(setup.server.graphql_requests().len(), 1);
}

#[tokio::test]
async fn a_run_logged_and_used() {
    let setup = setup().await;
    for (args, expected) in [
        (vec![], vec!["mnist:v0", "resnet:v1"]),
        (vec!["--logged"], vec!["resnet:v1"]),
        (vec!["--used"], vec!["mnist:v0"]),
        (vec!["--type", "model"], vec!["resnet:v1"]),
        (vec!["--collection", "mnist"], vec!["mnist:v0"]),
        (vec!["--type", "nothing"], vec![]),
        (vec!["--limit", "1"], vec!["resnet:v1"]),
    ] {
        let mut command = vec!["artifacts", "e/p/r", "--format", "ndjson"];
        command.extend(&args);
        let outcome = setup.wbf(command).await;
        assert_eq!(
            (outcome.status, names(&outcome.stdout)),
            (0, expected.iter().map(ToString::to_string).collect()),
            "{args:?}"
        );
    }
    setup.server.clear_requests();
    setup.wbf(["artifacts", "e/p/r", "--limit", "1"]).await;
    assert_eq!(setup.server.graphql_requests().len(), 1);
    let outcome = setup.wbf(["artifacts", "e/p/r"]).await;
    assert_snapshot!(outcome.stdout, @r#"
 20 B       1  1970-01-01T00:16:40Z  model         resnet:v1  best,latest  logged
100 B       1  1970-01-01T00:16:40Z  dataset       mnist:v0  latest,raw  used
"#);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let setup = setup().await;
    let told = async |args: &[&str]| {
        let outcome = setup.wbf(args).await;
        assert_eq!(outcome.stdout, "");
        format!("{} {}", outcome.status, setup.stable(&outcome.stderr))
    };
    assert_snapshot!(told(&["artifacts", "e/nope"]).await, @r#"1 wbf: there is no project e/nope, or no permission to see it; check the path, and whose key this is"#);
    assert_snapshot!(told(&["artifacts", "e/p", "--type", "nope"]).await, @r#"1 wbf: there is no artifact type nope in e/p, or no permission to see it; check the path, and whose key this is"#);
    assert_snapshot!(told(&["artifacts", "e/p", "--collection", "nope"]).await, @r#"1 wbf: there is no latest version of an artifact e/p/nope, or no permission to see it; check the name, or say its --type"#);
    assert_snapshot!(told(&["artifacts", "e/p/nope"]).await, @r#"1 wbf: there is no run e/p/nope, or no permission to see it; check the path, and whose key this is"#);
    setup.server.clear_requests();
    assert_snapshot!(told(&["artifacts", "e/p", "--used"]).await, @r#"2 wbf: --logged and --used are about a run; write ENTITY/PROJECT/RUN"#);
    assert_snapshot!(told(&["artifacts", "e/p/r", "--after", "x"]).await, @r#"2 wbf: a cursor is of one listing: say --logged or --used with --after"#);
    assert_snapshot!(told(&["artifacts", "a/b/c/d"]).await, @r#"2 wbf: "a/b/c/d" names no run: it has too many parts; write ENTITY/PROJECT/RUN, ENTITY/PROJECT/runs/RUN or the run's web address; PROJECT/RUN where an entity is set, RUN where a project is too"#);
    assert_eq!(setup.server.requests().len(), 0);
}
