//! What is told of a run.

use serde_json::{Value, json};
use wandb_runs::{RunInfo, Runs};
use wandb_transport::Scripted;

use crate::answers::edge;

async fn listed(node: Value) -> RunInfo {
    let server = Scripted::answering(
        "project",
        [json!({"runCount": 1, "runs": {
            "edges": [edge(&node, "c")], "pageInfo": {"endCursor": "c", "hasNextPage": false},
        }})],
    );
    Runs::new("e", "p")
        .paginate(server.transport())
        .next()
        .await
        .unwrap()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn the_names_are_the_sdks() {
    let run = listed(json!({
        "id": "UnVuOnYx", "name": "a1b2", "displayName": "eager fox", "projectId": "17", "state": "finished",
        "tags": ["x", "y"], "group": "g", "jobType": "train", "sweepName": "s1", "commit": "abc", "readOnly": false,
        "createdAt": "2024-05-01T12:00:00", "heartbeatAt": "2024-05-01T12:01:30Z", "description": "d", "notes": "n",
        "user": {"name": "A B", "username": "ab"},
    }))
    .await;
    assert_eq!(
        (run.id(), run.name(), run.storage_id()),
        ("a1b2", Some("eager fox"), Some("UnVuOnYx"))
    );
    assert_eq!((run.path(), run.project_id()), (["e", "p", "a1b2"], Some(17)));
    assert_eq!(
        (run.state(), run.tags()),
        (Some("finished"), &["x".to_owned(), "y".to_owned()][..])
    );
    assert_eq!(
        (run.group(), run.job_type(), run.sweep_name()),
        (Some("g"), Some("train"), Some("s1"))
    );
    assert_eq!(
        (run.commit(), run.user(), run.read_only()),
        (Some("abc"), Some("ab"), Some(false))
    );
    assert_eq!((run.description(), run.notes()), (Some("d"), Some("n")));
    assert_eq!(run.created_at().unwrap().to_string(), "2024-05-01T12:00:00");
    assert_eq!(run.heartbeat_at().unwrap().timestamp().as_second(), 1_714_564_890);
    assert_eq!(run.cursor().unwrap().as_str(), "c");
    assert_eq!(run.to_string(), "<Run e/p/a1b2 (finished)>");
}

#[tokio::test]
async fn the_page_of_a_run_is_below_the_servers_web_pages() {
    let run = listed(json!({"name": "a b/c"})).await;
    for app in ["https://wandb.example.com/sub", "https://wandb.example.com/sub/"] {
        let url = run.url(&app.parse().unwrap());
        assert_eq!(url.as_str(), "https://wandb.example.com/sub/e/p/runs/a%20b%2Fc");
    }
}

#[tokio::test]
async fn the_config_is_what_the_user_wrote() {
    let config = r#"{"lr": {"desc": null, "value": 0.1}, "plain": 3, "_wandb": {"value": {}}, "wandb_version": 1,
                     "nested": {"value": {"value": 1}}, "none": {"value": null}}"#;
    let run = listed(json!({
        "name": "a", "config": config, "summaryMetrics": r#"{"loss": 0.5, "_step": 3, "best": {"value": 1}}"#,
        "systemMetrics": "{}", "historyLineCount": 4, "historyKeys": {"lastStep": 3},
    }))
    .await;
    assert_eq!(
        json!(run.config().unwrap().unwrap()),
        json!({"lr": 0.1, "plain": 3, "nested": {"value": 1}, "none": null})
    );
    assert_eq!(
        json!(run.summary().unwrap().unwrap()),
        json!({"loss": 0.5, "_step": 3, "best": {"value": 1}})
    );
    assert!(run.system_metrics().unwrap().unwrap().is_empty());
    assert_eq!(run.history_keys().unwrap().unwrap()["lastStep"], 3);
    assert_eq!(run.history_line_count(), Some(4));
}

#[tokio::test]
async fn what_was_not_asked_for_or_is_not_known_is_none() {
    for node in [
        json!({"name": "a"}),
        json!({
            "id": null, "name": "a", "displayName": null, "projectId": null, "state": null, "tags": null, "group": null,
            "user": null, "createdAt": null, "config": null, "summaryMetrics": null, "historyKeys": null, "unknown": 1,
        }),
    ] {
        let run = listed(node).await;
        assert_eq!(
            (run.name(), run.storage_id(), run.project_id()),
            (None, None, None)
        );
        assert_eq!((run.state(), run.user(), run.created_at()), (None, None, None));
        assert!(run.tags().is_empty());
        assert!(run.config().unwrap().is_none() && run.summary().unwrap().is_none());
        assert!(run.history_keys().unwrap().is_none());
        assert_eq!(run.to_string(), "<Run e/p/a (None)>");
    }
}

#[tokio::test]
async fn a_config_that_is_no_json_is_an_error_and_the_rest_is_there() {
    let run = listed(json!({"name": "a", "config": "{"})).await;
    let error = run.config().unwrap_err().to_string();
    assert!(
        error.starts_with("the config of run e/p/a is no JSON object: "),
        "{error}"
    );
    assert_eq!(run.id(), "a");
}
