//! What is asked for, and what comes of the answers.

use serde_json::{Value, json};
use wandb_projects::Projects;
use wandb_transport::Scripted;

fn page(edges: &[Value], has_next: bool) -> Value {
    json!({"edges": edges, "pageInfo": {"endCursor": null, "hasNextPage": has_next}})
}

fn edge(id: &str, name: &str) -> Value {
    json!({"cursor": id, "node": {"id": id, "name": name}})
}

#[tokio::test]
async fn the_operation_is_the_sdks_and_the_server_does_not_count() {
    let server = Scripted::answering(
        "models",
        [
            page(&[edge("1", "a"), edge("2", "b")], true),
            page(
                &[
                    edge("2", "b"),
                    json!({"cursor": "3", "node": null}),
                    edge("4", "c"),
                ],
                false,
            ),
        ],
    );
    let mut projects = Projects::new("e").paginate(server.transport()).per_page(2);
    assert!(server.asked().is_empty());
    assert_eq!(projects.len().await.unwrap(), None);
    let names: Vec<String> = projects
        .slice(..)
        .await
        .unwrap()
        .iter()
        .map(|project| project.name().to_owned())
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(projects.len().await.unwrap(), Some(3));

    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0]["operationName"], "Projects");
    assert_eq!(
        asked[0]["variables"],
        json!({"entity": "e", "cursor": null, "perPage": 2})
    );
    assert_eq!(asked[1]["variables"]["cursor"], "2");
    assert!(Projects::QUERY.starts_with("query Projects("));
}

#[tokio::test]
async fn the_names_are_the_sdks() {
    let full = json!({"cursor": "c", "node": {
        "id": "UHJv", "name": "my project", "entityName": "Team", "createdAt": "2024-05-01T12:00:00Z", "isBenchmark": true,
    }});
    let server = Scripted::answering(
        "models",
        [page(&[full, json!({"node": {"name": "bare"}})], false)],
    );
    let mut projects = Projects::new("e").paginate(server.transport());
    let [full, bare] = projects.slice(..).await.unwrap() else {
        unreachable!("two projects were listed");
    };
    assert_eq!((full.id(), full.path()), (Some("UHJv"), ["Team", "my project"]));
    assert_eq!(full.created_at().unwrap().as_str(), "2024-05-01T12:00:00Z");
    assert_eq!(
        (full.is_benchmark(), full.cursor().unwrap().as_str()),
        (Some(true), "c")
    );
    let url = full.url(&"https://wandb.example.com".parse().unwrap());
    assert_eq!(
        url.as_str(),
        "https://wandb.example.com/Team/my%20project/workspace"
    );
    assert_eq!(full.to_string(), "<Project Team/my project>");

    assert_eq!(
        (bare.id(), bare.path(), bare.is_benchmark()),
        (None, ["e", "bare"], None)
    );
    assert!(bare.created_at().is_none() && bare.cursor().is_none());
}

#[tokio::test]
async fn an_entity_that_is_not_there_is_named_and_a_broken_answer_is_an_error() {
    for (answer, said) in [
        (Value::Null, "there is no entity e, or no permission to see it"),
        (json!({"edges": []}), "no pageInfo"),
        (page(&[json!({"node": {"id": "1"}})], false), "has no name"),
    ] {
        let server = Scripted::answering("models", [answer]);
        let error = Projects::new("e")
            .paginate(server.transport())
            .next()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{error}");
    }
}
