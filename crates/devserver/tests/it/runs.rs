//! How runs are filtered, sorted and paged.

use crate::client::{data, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wandb_devserver::{DevServer, RunSpec, SweepSpec};

const RUNS: &str = "
    query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int = 50, $order: String,
        $filters: JSONString) {
        project(name: $project, entityName: $entity) {
            runCount(filters: $filters)
            runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
                totalCount
                edges {
                    node {
                        id name displayName state tags config summaryMetrics group jobType sweepName
                        createdAt updatedAt heartbeatAt user { name username }
                    }
                    cursor
                }
                pageInfo { endCursor hasNextPage }
            }
        }
    }";

/// 2024-05-01T12:00:00Z.
const NOON: i64 = 1_714_564_800;

/// Four runs, of which each differs from the others in everything.
async fn four() -> DevServer {
    let server = DevServer::start().await.unwrap();
    let runs = [
        (
            "a",
            RunSpec {
                display_name: Some("eager-fox-1".into()),
                state: Some("finished".into()),
                tags: vec!["baseline".into(), "gpu".into()],
                config: json!({ "lr": 0.1, "layers": [1, 2], "optimizer": { "name": "adam" }, "a.b": 1, "on": true }),
                summary: json!({ "loss": 0.5, "val": { "acc": 0.9 } }),
                group: Some("g1".into()),
                job_type: Some("train".into()),
                host: Some("box".into()),
                created_at: Some(NOON),
                heartbeat_at: Some(NOON + 100),
                ..RunSpec::default()
            },
        ),
        (
            "b",
            RunSpec {
                display_name: Some("calm-owl-2".into()),
                state: Some("crashed".into()),
                tags: vec!["baseline".into()],
                config: json!({ "lr": 1, "optimizer": { "name": "sgd" }, "on": false }),
                summary: json!({ "loss": 0.25, "val": { "acc": 0.7 } }),
                group: Some("g2".into()),
                username: Some("ada".into()),
                created_at: Some(NOON + 60),
                heartbeat_at: Some(NOON + 70),
                ..RunSpec::default()
            },
        ),
        (
            "c",
            RunSpec {
                display_name: Some("calm-fox-3".into()),
                state: Some("running".into()),
                config: json!({ "lr": "0.1", "none": null }),
                summary: json!({ "loss": 0.75 }),
                job_type: Some("eval".into()),
                sweep: Some("s1".into()),
                created_at: Some(NOON + 120),
                updated_at: Some(NOON + 500),
                ..RunSpec::default()
            },
        ),
        (
            "d",
            RunSpec {
                state: Some("finished".into()),
                tags: vec!["gpu".into()],
                created_at: Some(NOON + 86_400),
                ..RunSpec::default()
            },
        ),
    ];
    for (name, spec) in runs {
        server.add_run_with("team", "project", name, spec).await.unwrap();
    }
    server
}

async fn ask(server: &DevServer, more: Value) -> Value {
    let mut variables = json!({ "entity": "team", "project": "project" });
    variables
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    data(server, RUNS, variables).await["project"].take()
}

fn names(project: &Value) -> String {
    let edges = project["runs"]["edges"].as_array().unwrap();
    let names = edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap());
    names.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn filters_are_those_of_mongodb() {
    let server = four().await;
    for (filters, expected) in [
        (json!({}), "a b c d"),
        (json!(null), "a b c d"),
        (json!({ "state": "finished" }), "a d"),
        (json!({ "state": "Finished" }), ""),
        (json!({ "state": { "$eq": "finished" } }), "a d"),
        (json!({ "state": { "$ne": "finished" } }), "b c"),
        (json!({ "state": { "$in": ["crashed", "running"] } }), "b c"),
        (json!({ "state": { "$nin": ["crashed", "running"] } }), "a d"),
        (json!({ "state": "finished", "tags": "gpu", "group": "g1" }), "a"),
        (json!({ "tags": "baseline" }), "a b"),
        (json!({ "tags": { "$in": ["gpu"] } }), "a d"),
        (json!({ "tags": { "$ne": "gpu" } }), "b c"),
        (json!({ "tags": ["baseline", "gpu"] }), "a"),
        (json!({ "tags": { "$regex": "^base" } }), "a b"),
        (
            json!({ "$and": [{ "tags": "baseline" }, { "tags": "gpu" }] }),
            "a",
        ),
        (json!({ "$or": [{ "name": "c" }, { "name": "d" }] }), "c d"),
        (json!({ "$nor": [{ "name": "c" }, { "name": "d" }] }), "a b"),
        (json!({ "$not": { "name": "c" } }), "a b d"),
        (json!({ "name": { "$not": { "$in": ["a", "b"] } } }), "c d"),
        (json!({ "name": { "$not": { "$regex": "[ab]" } } }), "c d"),
        (json!({ "display_name": { "$regex": "fox" } }), "a c"),
        (json!({ "displayName": { "$regex": "^calm.*3$" } }), "c"),
        (json!({ "name": { "$gt": "a", "$lt": "d" } }), "b c"),
        (json!({ "group": { "$exists": true } }), "a b"),
        (json!({ "group": { "$exists": false } }), "c d"),
        (json!({ "group": null }), "c d"),
        (json!({ "group": { "$in": ["g2", null] } }), "b c d"),
        (json!({ "job_type": "train" }), "a"),
        (json!({ "jobType": "eval" }), "c"),
        (json!({ "username": "ada" }), "b"),
        (json!({ "username": "dev" }), "a c d"),
        (json!({ "host": "box" }), "a"),
        (json!({ "sweep": "s1" }), "c"),
        (json!({ "config.lr": 0.1 }), "a"),
        (json!({ "config.lr.value": 0.1 }), "a"),
        (json!({ "config.lr": "0.1" }), "c"),
        (json!({ "config.lr": 1.0 }), "b"),
        (json!({ "config.lr": { "$gt": 0.1 } }), "b"),
        (json!({ "config.lr": { "$gte": 0.1, "$lte": 1 } }), "a b"),
        (json!({ "config.lr": { "$exists": true } }), "a b c"),
        (json!({ "config.none": { "$exists": true } }), ""),
        (json!({ "config.layers": 2 }), "a"),
        (json!({ "config.optimizer.name": "sgd" }), "b"),
        (json!({ "config.optimizer.value.name": "sgd" }), "b"),
        (json!({ "config.optimizer": { "name": "sgd" } }), "b"),
        (json!({ "config.a.b": 1 }), "a"),
        (json!({ "config.on": true }), "a"),
        (json!({ "config.on": 1 }), ""),
        (json!({ "summary_metrics.loss": { "$lt": 0.6 } }), "a b"),
        (json!({ "summary_metrics.val.acc": { "$gte": 0.9 } }), "a"),
        (json!({ "summary_metrics.loss": { "$ne": 0.5 } }), "b c d"),
        (json!({ "created_at": "2024-05-01T12:01:00Z" }), "b"),
        (json!({ "created_at": { "$gt": "2024-05-01T12:01:00" } }), "c d"),
        (json!({ "createdAt": { "$gte": "2024-05-02" } }), "d"),
        (
            json!({ "createdAt": { "$lt": "2024-05-01T14:01:30+02:00" } }),
            "a b",
        ),
        (json!({ "heartbeat_at": { "$lte": "2024-05-01T12:01:10Z" } }), "b"),
        (json!({ "updatedAt": "2024-05-01T12:08:20Z" }), "c"),
        (json!({ "duration": { "$gt": 60 } }), "a"),
    ] {
        let filters = filters.to_string();
        let project = ask(&server, json!({ "filters": filters })).await;
        assert_eq!(names(&project), expected, "{filters}");
        let count = expected.split_whitespace().count();
        assert_eq!(
            (&project["runCount"], &project["runs"]["totalCount"]),
            (&json!(count), &json!(count)),
            "{filters}"
        );
    }
}

#[tokio::test]
async fn what_a_filter_may_not_say_is_an_error() {
    let server = four().await;
    for (filters, why) in [
        ("nonsense", "expected"),
        ("[]", "a JSON object"),
        (r#"{"state": {"$foo": 1}}"#, "unknown operator $foo"),
        (r#"{"$xor": []}"#, "unknown operator $xor"),
        (r#"{"colour": "red"}"#, "unknown field colour"),
        (r#"{"colour.a": "red"}"#, "unknown field colour.a"),
        (r#"{"$and": {"state": "finished"}}"#, "$and wants a list"),
        (r#"{"$or": [1]}"#, "$or wants objects"),
        (r#"{"state": {"$in": "finished"}}"#, "$in wants a list"),
        (r#"{"state": {"$exists": "yes"}}"#, "$exists wants true or false"),
        (r#"{"name": {"$regex": "("}}"#, "unclosed group"),
        (r#"{"name": {"$regex": 1}}"#, "$regex wants a text"),
        (r#"{"createdAt": {"$gt": "yesterday"}}"#, "not a time"),
    ] {
        let variables = json!({ "entity": "team", "project": "project", "filters": filters });
        let (status, body) = post(&server, &json!({ "query": RUNS, "variables": variables })).await;
        let message = body["errors"][0]["message"].as_str().unwrap_or_default();
        assert_eq!(status, 200, "{filters}");
        assert!(
            message.contains(why) && message.contains("filters"),
            "{filters}: {message}"
        );
    }
}

#[tokio::test]
async fn runs_come_in_the_order_that_is_asked_for() {
    let server = four().await;
    for (order, expected) in [
        (json!(null), "a b c d"),
        (json!(""), "a b c d"),
        (json!("+created_at"), "a b c d"),
        (json!("created_at"), "a b c d"),
        (json!("-created_at"), "d c b a"),
        (json!("-createdAt"), "d c b a"),
        (json!("+summary_metrics.loss"), "b a c d"),
        (json!("-summary_metrics.loss"), "c a b d"),
        (json!("+summary_metrics.val.acc"), "b a c d"),
        (json!("+config.lr"), "a b c d"),
        (json!("-config.lr.value"), "c b a d"),
        (json!("-name"), "d c b a"),
        (json!("+display_name"), "c b d a"),
        (json!("-heartbeat_at"), "d c a b"),
        (json!("+state,-created_at"), "b d a c"),
        (json!("+state, +created_at"), "b a d c"),
    ] {
        let project = ask(&server, json!({ "order": order })).await;
        assert_eq!(names(&project), expected, "{order}");
    }
    let variables = json!({ "entity": "team", "project": "project", "order": "+colour" });
    let (status, body) = post(&server, &json!({ "query": RUNS, "variables": variables })).await;
    assert_eq!(
        (status, &body["errors"][0]["message"]),
        (200, &json!("invalid order: unknown field colour"))
    );
}

#[tokio::test]
async fn a_run_has_what_it_was_given() {
    let server = four().await;
    let project = ask(&server, json!({ "filters": r#"{"name": {"$in": ["a", "c"]}}"# })).await;
    let node = |place: usize| &project["runs"]["edges"][place]["node"];
    let parsed = |value: &Value| serde_json::from_str::<Value>(value.as_str().unwrap()).unwrap();
    let first = node(0);
    assert_eq!(
        parsed(&first["config"])["lr"],
        json!({ "desc": null, "value": 0.1 })
    );
    assert_eq!(parsed(&first["summaryMetrics"])["loss"], 0.5);
    for (field, value) in [
        ("displayName", json!("eager-fox-1")),
        ("state", json!("finished")),
        ("tags", json!(["baseline", "gpu"])),
        ("group", json!("g1")),
        ("jobType", json!("train")),
        ("sweepName", json!(null)),
        ("createdAt", json!("2024-05-01T12:00:00Z")),
        ("heartbeatAt", json!("2024-05-01T12:01:40Z")),
        ("updatedAt", json!("2024-05-01T12:01:40Z")),
        ("user", json!({ "name": "dev", "username": "dev" })),
    ] {
        assert_eq!(first[field], value, "{field}");
    }
    assert_eq!(
        (&node(1)["heartbeatAt"], &node(1)["updatedAt"]),
        (&json!("2024-05-01T12:02:00Z"), &json!("2024-05-01T12:08:20Z"))
    );
}

#[tokio::test]
async fn pages_go_on_where_the_cursor_says() {
    let server = DevServer::start().await.unwrap();
    server
        .add_synthetic_runs("team", "project", 1100, 0)
        .await
        .unwrap();
    for (more, sizes) in [
        (json!({ "perPage": 400 }), vec![400, 400, 300]),
        (json!({ "perPage": 5000 }), vec![1000, 100]),
        (
            json!({ "perPage": 400, "order": "-summary_metrics.loss" }),
            vec![400, 400, 300],
        ),
        (
            json!({ "perPage": 60, "filters": r#"{"state": "failed"}"# }),
            vec![60, 50],
        ),
    ] {
        let mut more = more;
        let (mut pages, mut seen) = (Vec::new(), Vec::new());
        loop {
            let project = ask(&server, more.clone()).await;
            let names = names(&project);
            pages.push(names.split(' ').count());
            seen.extend(names.split(' ').map(ToOwned::to_owned));
            let info = &project["runs"]["pageInfo"];
            let place = format!("arrayconnection:{}", seen.len() - 1);
            assert_eq!(
                STANDARD.decode(info["endCursor"].as_str().unwrap()).unwrap(),
                place.as_bytes()
            );
            if info["hasNextPage"] == false {
                break;
            }
            more["cursor"] = info["endCursor"].clone();
        }
        assert_eq!(pages, sizes, "{more}");
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count, "{more}");
    }
}

#[tokio::test]
async fn a_sweep_leads_to_its_runs() {
    let server = four().await;
    let spec = SweepSpec {
        display_name: Some("my sweep".into()),
        method: Some("grid".into()),
        state: Some("FINISHED".into()),
        config: json!({ "metric": { "name": "loss", "goal": "minimize" } }),
        best_loss: Some(0.75),
        expected_runs: Some(3),
        created_at: Some(NOON),
        ..SweepSpec::default()
    };
    server.add_sweep("team", "project", "s1", spec).await.unwrap();
    server
        .add_sweep("team", "project", "s2", SweepSpec::default())
        .await
        .unwrap();
    let query = r#"
        query GetSweeps($first: Int, $after: String) {
            project(name: "project", entityName: "team") {
                totalSweeps
                sweeps(first: $first, after: $after) {
                    edges { node { name runCount } cursor }
                    pageInfo { endCursor hasNextPage }
                }
                sweep(sweepName: "s1") {
                    name displayName method state config bestLoss runCountExpected createdAt updatedAt runCount
                    runs { totalCount edges { node { name sweep { name } } } }
                }
                nope: sweep(sweepName: "nope") { id }
            }
        }"#;
    let project = data(&server, query, json!({ "first": 1 })).await["project"].take();
    assert_eq!(
        (
            &project["totalSweeps"],
            &project["sweeps"]["pageInfo"]["hasNextPage"]
        ),
        (&json!(2), &json!(true))
    );
    let next = json!({ "first": 1, "after": project["sweeps"]["pageInfo"]["endCursor"] });
    let second = data(&server, query, next).await["project"].take();
    let node = |project: &Value| project["sweeps"]["edges"][0]["node"].clone();
    assert_eq!(node(&project), json!({ "name": "s1", "runCount": 1 }));
    assert_eq!(node(&second), json!({ "name": "s2", "runCount": 0 }));
    assert_eq!(project["nope"], Value::Null);
    assert_eq!(
        project["sweep"],
        json!({
            "name": "s1",
            "displayName": "my sweep",
            "method": "grid",
            "state": "FINISHED",
            "config": r#"{"metric":{"goal":"minimize","name":"loss"}}"#,
            "bestLoss": 0.75,
            "runCountExpected": 3,
            "createdAt": "2024-05-01T12:00:00Z",
            "updatedAt": null,
            "runCount": 1,
            "runs": { "totalCount": 1, "edges": [{ "node": { "name": "c", "sweep": { "name": "s1" } } }] },
        })
    );
}

#[tokio::test]
async fn an_upload_may_name_sweep_and_host() {
    let server = four().await;
    let query = r#"mutation { upsertBucket(input: {
        entityName: "team", modelName: "project", name: "e", sweep: "s1", host: "box"
    }) { bucket { sweepName } } }"#;
    let bucket = data(&server, query, json!({})).await["upsertBucket"]["bucket"].take();
    assert_eq!(bucket["sweepName"], "s1");
    let filters = json!({ "filters": r#"{"host": "box", "sweep": "s1"}"# });
    assert_eq!(names(&ask(&server, filters).await), "e");
}
