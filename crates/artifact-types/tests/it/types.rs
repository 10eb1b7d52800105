//! The types of a project.

use serde_json::{Value, json};
use wandb_artifact_types::ArtifactTypes;
use wandb_transport::Scripted;

fn page(edges: &[Value], has_next: bool) -> Value {
    json!({"artifactTypes": {"edges": edges, "pageInfo": {"endCursor": null, "hasNextPage": has_next}}})
}

#[tokio::test]
async fn the_operation_is_the_sdks_and_the_server_does_not_count() {
    let full = json!({"cursor": "1", "node": {
        "id": "QXJ0", "name": "model", "description": "d", "createdAt": "2024-05-01T12:00:00Z",
    }});
    let server = Scripted::answering(
        "project",
        [
            page(&[full, json!({"cursor": "2", "node": null})], true),
            page(&[json!({"cursor": "3", "node": {"name": "dataset"}})], false),
        ],
    );
    let mut types = ArtifactTypes::new("e", "p").paginate(server.transport());
    assert!(server.asked().is_empty());
    assert_eq!(types.len().await.unwrap(), None);
    let [model, dataset] = types.slice(..).await.unwrap() else {
        unreachable!("two types were listed");
    };
    assert_eq!(
        (model.id(), model.name(), model.description()),
        (Some("QXJ0"), "model", Some("d"))
    );
    assert_eq!(model.created_at().unwrap().as_str(), "2024-05-01T12:00:00Z");
    assert_eq!(
        (model.cursor().unwrap().as_str(), model.to_string()),
        ("1", "<ArtifactType model>".to_owned())
    );
    assert_eq!(
        (dataset.id(), dataset.name(), dataset.description()),
        (None, "dataset", None)
    );
    assert!(dataset.created_at().is_none());

    let asked = server.asked();
    assert_eq!(asked[0]["operationName"], "ProjectArtifactTypes");
    assert_eq!(
        asked[0]["variables"],
        json!({"entityName": "e", "projectName": "p", "cursor": null, "perPage": 50})
    );
    assert_eq!(asked[1]["variables"]["cursor"], "2");
    assert!(ArtifactTypes::QUERY.starts_with("query ProjectArtifactTypes("));
}

#[tokio::test]
async fn what_is_not_there_is_named_and_a_broken_answer_is_an_error() {
    for (answer, said) in [
        (Value::Null, "there is no project e/p, or no permission to see it"),
        (
            json!({"artifactTypes": null}),
            "the server does not list the artifact types",
        ),
        (page(&[json!({"node": {}})], false), "has no name"),
    ] {
        let server = Scripted::answering("project", [answer]);
        let mut types = ArtifactTypes::new("e", "p").paginate(server.transport());
        let error = types.next().await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
