//! The collections of a type.

use serde_json::{Value, json};
use wandb_artifact_types::{ArtifactCollections, ArtifactTypes};
use wandb_transport::Scripted;

fn page(edges: &[Value], has_next: bool) -> Value {
    json!({"artifactType": {"artifactCollections": {
        "totalCount": 2, "edges": edges, "pageInfo": {"endCursor": null, "hasNextPage": has_next},
    }}})
}

#[tokio::test]
async fn the_operation_is_the_sdks_and_length_is_the_servers_count() {
    let full = json!({"cursor": "1", "node": {
        "id": "QXJ0", "name": "resnet", "description": "d", "createdAt": "2024-05-01T12:00:00Z",
    }});
    let types = json!({"artifactTypes": {
        "edges": [{"cursor": "1", "node": {"name": "model"}}], "pageInfo": {"hasNextPage": false},
    }});
    let server = Scripted::answering(
        "project",
        [
            types,
            page(&[full, json!({"cursor": "2", "node": null})], true),
            page(&[json!({"cursor": "3", "node": {"name": "vgg"}})], false),
        ],
    );
    let mut types = ArtifactTypes::new("e", "p").paginate(server.transport());
    let model = types.next().await.unwrap().unwrap();
    let mut collections = model.collections().paginate(server.transport()).per_page(2);
    assert_eq!(collections.len().await.unwrap(), Some(2));
    let [resnet, vgg] = collections.slice(..).await.unwrap() else {
        unreachable!("two collections were listed");
    };
    assert_eq!(
        (resnet.id(), resnet.name(), resnet.artifact_type()),
        (Some("QXJ0"), "resnet", "model")
    );
    assert_eq!(resnet.description(), Some("d"));
    assert_eq!(resnet.created_at().unwrap().as_str(), "2024-05-01T12:00:00Z");
    assert_eq!(resnet.cursor().unwrap().as_str(), "1");
    assert_eq!(resnet.to_string(), "<ArtifactCollection resnet (model)>");
    assert_eq!((vgg.id(), vgg.name(), vgg.description()), (None, "vgg", None));

    let asked = server.asked();
    assert_eq!(asked[1]["operationName"], "ProjectArtifactCollections");
    assert_eq!(
        asked[1]["variables"],
        json!({"entityName": "e", "projectName": "p", "artifactTypeName": "model", "cursor": null, "perPage": 2})
    );
    assert_eq!(asked[2]["variables"]["cursor"], "2");
    assert!(ArtifactCollections::QUERY.starts_with("query ProjectArtifactCollections("));
}

#[tokio::test]
async fn what_is_not_there_is_named_and_a_broken_answer_is_an_error() {
    for (answer, said) in [
        (Value::Null, "there is no project e/p, or no permission to see it"),
        (
            json!({"artifactType": null}),
            "there is no artifact type model in e/p, or no permission",
        ),
        (
            json!({"artifactType": {"artifactCollections": null}}),
            "the server does not list the artifact collections",
        ),
        (page(&[json!({"node": {}})], false), "has no name"),
    ] {
        let server = Scripted::answering("project", [answer]);
        let mut collections = ArtifactCollections::new("e", "p", "model").paginate(server.transport());
        let error = collections.next().await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
