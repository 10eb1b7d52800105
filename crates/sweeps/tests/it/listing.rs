//! What is asked for, and what comes of the answers.

use serde_json::{Value, json};
use wandb_sweeps::{SweepInfo, Sweeps};
use wandb_transport::Scripted;

fn page(edges: &[Value], has_next: bool) -> Value {
    json!({"totalSweeps": 3, "sweeps": {
        "edges": edges, "pageInfo": {"endCursor": null, "hasNextPage": has_next},
    }})
}

fn edge(id: &str) -> Value {
    json!({"cursor": id, "node": {"id": id, "name": id}})
}

#[tokio::test]
async fn the_operation_is_the_sdks_and_length_is_the_servers_count() {
    let server = Scripted::answering(
        "project",
        [
            page(&[edge("1"), edge("2")], true),
            page(
                &[edge("2"), json!({"cursor": "3", "node": null}), edge("4")],
                false,
            ),
        ],
    );
    let mut sweeps = Sweeps::new("e", "p").paginate(server.transport()).per_page(2);
    assert!(server.asked().is_empty());
    assert_eq!(sweeps.len().await.unwrap(), Some(3));
    assert_eq!(server.asked().len(), 1);
    let ids: Vec<&str> = sweeps
        .slice(..)
        .await
        .unwrap()
        .iter()
        .map(SweepInfo::id)
        .collect();
    assert_eq!(ids, ["1", "2", "4"]);

    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0]["operationName"], "GetSweeps");
    assert_eq!(
        asked[0]["variables"],
        json!({"entity": "e", "project": "p", "cursor": null, "perPage": 2})
    );
    assert_eq!(asked[1]["variables"]["cursor"], "2");
    assert!(Sweeps::QUERY.starts_with("query GetSweeps("));
}

#[tokio::test]
async fn the_names_are_the_sdks() {
    let full = json!({"cursor": "c", "node": {
        "id": "U3dl", "name": "s1", "displayName": null, "method": "grid", "state": "FINISHED", "description": "d",
        "config": "name: from the config\n", "bestLoss": 0.25, "createdAt": "2024-05-01T12:00:00Z",
        "updatedAt": "2024-05-01T12:01:00Z", "runCount": 4, "runCountExpected": 9,
    }});
    let shown = json!({"node": {"name": "s2", "displayName": "Shown", "config": "name: hidden\n"}});
    let server = Scripted::answering(
        "project",
        [page(&[full, shown, json!({"node": {"name": "s3"}})], false)],
    );
    let mut sweeps = Sweeps::new("e", "p").paginate(server.transport());
    let [full, shown, bare] = sweeps.slice(..).await.unwrap() else {
        unreachable!("three sweeps were listed");
    };
    assert_eq!(
        (full.id(), full.storage_id(), full.path()),
        ("s1", Some("U3dl"), ["e", "p", "s1"])
    );
    assert_eq!(
        (full.name(), shown.name(), bare.name()),
        ("from the config".into(), "Shown".into(), "s3".into())
    );
    assert_eq!(
        (full.method(), full.state(), full.description()),
        (Some("grid"), Some("FINISHED"), Some("d"))
    );
    assert_eq!(
        (full.best_loss(), full.run_count(), full.expected_run_count()),
        (Some(0.25), Some(4), Some(9))
    );
    assert_eq!(full.created_at().unwrap().as_str(), "2024-05-01T12:00:00Z");
    assert_eq!(full.updated_at().unwrap().as_str(), "2024-05-01T12:01:00Z");
    assert_eq!(full.cursor().unwrap().as_str(), "c");
    let url = full.url(&"https://wandb.example.com/".parse().unwrap());
    assert_eq!(url.as_str(), "https://wandb.example.com/e/p/sweeps/s1");
    assert_eq!(full.to_string(), "<Sweep e/p/s1 (FINISHED)>");

    assert_eq!(
        (bare.storage_id(), bare.state(), bare.config()),
        (None, None, None)
    );
    assert_eq!(
        (bare.best_loss(), bare.run_count(), bare.expected_run_count()),
        (None, None, None)
    );
    assert!(bare.created_at().is_none() && bare.updated_at().is_none());
    assert_eq!(bare.to_string(), "<Sweep e/p/s3 (Unknown State)>");
}

#[tokio::test]
async fn no_sweeps_and_no_project_are_told_apart() {
    let server = Scripted::answering(
        "project",
        [json!({"totalSweeps": 0, "sweeps": null}), Value::Null],
    );
    assert!(
        Sweeps::new("e", "p")
            .paginate(server.transport())
            .next()
            .await
            .unwrap()
            .is_none()
    );
    let error = Sweeps::new("e", "p")
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
