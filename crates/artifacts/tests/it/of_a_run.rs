//! What a run logged and used.

use serde_json::{Value, json};
use wandb_artifacts::RunArtifacts;
use wandb_transport::Scripted;

use crate::answers::node;

fn page(field: &str, nodes: &[Value], has_next: bool) -> Value {
    let edges: Vec<Value> = (0..)
        .zip(nodes)
        .map(|(at, node)| json!({"cursor": format!("c{at}"), "node": node}))
        .collect();
    json!({"run": {field: {
        "totalCount": 2, "edges": edges, "pageInfo": {"endCursor": null, "hasNextPage": has_next},
    }}})
}

#[tokio::test]
async fn the_operations_are_the_sdks_and_their_pages_too() {
    let hidden = json!({"id": "x", "artifactSequence": {"name": "gone", "project": null}});
    let server = Scripted::answering(
        "project",
        [
            page("outputArtifacts", &[node(1), Value::Null], true),
            page("outputArtifacts", &[node(1), hidden, node(2)], false),
            page("inputArtifacts", &[node(3)], false),
        ],
    );
    let run = RunArtifacts::new("e", "p", "r");
    let mut logged = run.clone().logged(server.transport());
    assert!(server.asked().is_empty());
    assert_eq!(logged.len().await.unwrap(), Some(2));
    let logged: Vec<String> = logged
        .slice(..)
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        logged,
        ["e/p/model:v1", "e/p/model:v2"],
        "without what may not be seen, and once each"
    );
    let mut used = run.used(server.transport()).per_page(7);
    let used = used.next().await.unwrap().unwrap();
    assert_eq!(
        (used.name().as_str(), used.aliases().collect()),
        ("model:v3", vec!["latest"])
    );
    assert_eq!(used.cursor.as_ref().unwrap().as_str(), "c0");

    let asked = server.asked();
    assert_eq!(asked[0]["operationName"], "RunOutputArtifacts");
    assert_eq!(
        asked[0]["variables"],
        json!({"entity": "e", "project": "p", "runName": "r", "cursor": null, "perPage": 100})
    );
    assert_eq!(asked[1]["variables"]["cursor"], "c1");
    assert_eq!(asked[2]["operationName"], "RunInputArtifacts");
    assert_eq!(asked[2]["variables"]["perPage"], 7);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    for (answer, said) in [
        (Value::Null, "there is no project e/p, or no permission to see it"),
        (
            json!({"run": null}),
            "there is no run e/p/r, or no permission to see it",
        ),
        (json!({"run": {}}), "the server does not list the artifacts"),
    ] {
        let server = Scripted::answering("project", [answer.clone(), answer]);
        let run = RunArtifacts::new("e", "p", "r");
        for mut listing in [
            run.clone().logged(server.transport()),
            run.used(server.transport()),
        ] {
            let error = listing.next().await.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
