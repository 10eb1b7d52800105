//! Which runs are asked for, and what an odd answer becomes.

use serde_json::{Value, json};
use wandb_paginator::Paginator;
use wandb_runs::{Filter, RunInfo, Runs};
use wandb_transport::Scripted;

use crate::answers::{edge, page};

async fn ids(mut runs: Paginator<RunInfo>) -> Vec<String> {
    let runs = runs.slice(..).await.unwrap();
    runs.iter().map(|run| run.id().to_owned()).collect()
}

#[tokio::test]
async fn the_operation_is_the_sdks_and_nothing_is_sent_before_a_run_is_needed() {
    let server = Scripted::answering("project", [page(&["a", "b"], 3, true), page(&["c"], 3, false)]);
    let mut runs = Runs::new("e", "p").paginate(server.transport()).per_page(2);
    assert!(server.asked().is_empty());
    assert_eq!(runs.len().await.unwrap(), Some(3));
    assert_eq!(runs.slice(..).await.unwrap().len(), 3);

    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0]["operationName"], "Runs");
    assert_eq!(
        asked[0]["variables"],
        json!({
            "entity": "e", "project": "p", "cursor": null, "perPage": 2, "order": "+created_at", "filters": "{}",
            "full": false,
        })
    );
    assert_eq!(asked[1]["variables"]["cursor"], "b");
    assert!(Runs::QUERY.starts_with("query Runs("));
}

#[tokio::test]
async fn filters_order_and_everything_are_sent() {
    let server = Scripted::answering("project", [page(&["a"], 1, false)]);
    let filter = Filter::state("finished").and(Filter::tag("x"));
    let runs = Runs::new("e", "p")
        .filters(filter)
        .order("-summary_metrics.loss")
        .full(true);
    assert_eq!(ids(runs.paginate(server.transport()).per_page(1000)).await, ["a"]);
    let variables = &server.asked()[0]["variables"];
    assert_eq!(
        variables["filters"],
        r#"{"$and":[{"state":"finished"},{"tags":"x"}]}"#
    );
    assert_eq!(variables["order"], "-summary_metrics.loss");
    assert_eq!(
        (&variables["full"], &variables["perPage"]),
        (&json!(true), &json!(1000))
    );
}

#[tokio::test]
async fn an_empty_order_is_the_usual_one() {
    let server = Scripted::answering("project", [page(&[], 0, false)]);
    assert!(
        ids(Runs::new("e", "p").order("").paginate(server.transport()))
            .await
            .is_empty()
    );
    assert_eq!(server.asked()[0]["variables"]["order"], "+created_at");
}

#[tokio::test]
async fn a_listing_is_taken_up_again_behind_a_cursor() {
    let server = Scripted::answering("project", [page(&["a", "b"], 3, true), page(&["c"], 3, false)]);
    let mut first = Runs::new("e", "p").paginate(server.transport());
    let cursor = first.get(1).await.unwrap().unwrap().cursor().unwrap().clone();
    let cursor = cursor.to_string().parse().unwrap();
    assert_eq!(
        ids(Runs::new("e", "p")
            .paginate(server.transport())
            .start_after(cursor))
        .await,
        ["c"]
    );
    assert_eq!(server.asked()[1]["variables"]["cursor"], "b");
}

#[tokio::test]
async fn null_nodes_are_passed_over_and_repeats_told_once() {
    let first = json!({"runCount": 4, "runs": {
        "edges": [edge(&json!({"id": "1", "name": "a"}), "1"), edge(&Value::Null, "2")],
        "pageInfo": {"endCursor": "elsewhere", "hasNextPage": true},
    }});
    let second = json!({"runCount": 4, "runs": {
        "edges": [edge(&json!({"id": "1", "name": "a"}), "3"), edge(&json!({"id": "2", "name": "b"}), "4")],
        "pageInfo": {"hasNextPage": false},
    }});
    let server = Scripted::answering("project", [first, second]);
    assert_eq!(
        ids(Runs::new("e", "p").paginate(server.transport())).await,
        ["a", "b"]
    );
    assert_eq!(server.asked()[1]["variables"]["cursor"], "2");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let server = Scripted::answering("project", [Value::Null]);
    let error = Runs::new("e", "p")
        .paginate(server.transport())
        .next()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("there is no project e/p, or no permission to see it"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_an_error_and_never_an_empty_project() {
    for (answer, said) in [
        (
            json!({"runCount": 3, "runs": null}),
            "the server counts 3 runs and lists none",
        ),
        (json!({"runs": null}), "the server does not list the runs"),
        (json!({"runs": {"edges": []}}), "no pageInfo"),
        (json!({"runs": {"edges": [], "pageInfo": {}}}), "no hasNextPage"),
        (
            json!({"runs": {"edges": [edge(&json!({"id": "1"}), "c")], "pageInfo": {"hasNextPage": false}}}),
            "has no name",
        ),
    ] {
        let server = Scripted::answering("project", [answer]);
        let error = Runs::new("e", "p")
            .paginate(server.transport())
            .next()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{error}");
    }
    let server = Scripted::answering("project", [json!({"runCount": 0, "runs": null})]);
    assert!(
        Runs::new("e", "p")
            .paginate(server.transport())
            .next()
            .await
            .unwrap()
            .is_none()
    );
}
