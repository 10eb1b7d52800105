//! The versions of a collection.

use serde_json::{Value, json};
use wandb_artifacts::{ArtifactInfo, Artifacts, Filter};
use wandb_transport::Scripted;

use crate::answers::node;

fn page(versions: &[u32], total: i64, has_next: bool) -> Value {
    let edges: Vec<Value> = versions
        .iter()
        .map(|index| json!({"cursor": format!("c{index}"), "version": format!("v{index}"), "node": node(*index)}))
        .collect();
    json!({"artifactType": {"artifactCollection": {"artifacts": {
        "totalCount": total, "edges": edges, "pageInfo": {"endCursor": null, "hasNextPage": has_next},
    }}}})
}

fn artifacts() -> Artifacts {
    Artifacts::new("e", "p", "nets", "model")
}

#[tokio::test]
async fn the_operation_is_the_sdks_and_length_is_the_servers_count() {
    let server = Scripted::answering("project", [page(&[2, 1], 3, true), page(&[0], 3, false)]);
    let mut versions = artifacts()
        .order("-createdAt")
        .paginate(server.transport())
        .per_page(2);
    assert!(server.asked().is_empty());
    assert_eq!(versions.len().await.unwrap(), Some(3));
    let names: Vec<String> = versions
        .slice(..)
        .await
        .unwrap()
        .iter()
        .map(ArtifactInfo::name)
        .collect();
    assert_eq!(names, ["model:v2", "model:v1", "model:v0"]);

    let asked = server.asked();
    assert_eq!(asked[0]["operationName"], "ProjectArtifacts");
    assert_eq!(
        asked[0]["variables"],
        json!({
            "entity": "e", "project": "p", "type": "nets", "collection": "model", "cursor": null, "perPage": 2,
            "order": "-createdAt", "filters": r#"{"state":"COMMITTED"}"#,
        })
    );
    assert_eq!(asked[1]["variables"]["cursor"], "c1");
    assert!(Artifacts::QUERY.starts_with("query ProjectArtifacts("));
}

#[tokio::test]
async fn every_attribute_is_there() {
    let server = Scripted::answering("project", [page(&[4], 1, false)]);
    let mut versions = artifacts().paginate(server.transport());
    let artifact = versions.next().await.unwrap().unwrap();
    assert_eq!(artifact.id.as_deref(), Some("id4"));
    assert_eq!(artifact.qualified_name(), "e/p/model:v4");
    assert_eq!(
        (artifact.is_link(), &artifact.source_version),
        (false, &artifact.version)
    );
    assert_eq!(
        artifact.aliases().collect::<Vec<_>>(),
        ["latest"],
        "neither the version nor those of other collections"
    );
    assert_eq!(artifact.tags, ["good", "t4"]);
    assert_eq!(artifact.artifact_type.as_deref(), Some("nets"));
    assert_eq!(
        (artifact.description.as_deref(), artifact.history_step),
        (Some("d"), Some(12))
    );
    assert_eq!(artifact.metadata().unwrap()["acc"], 0.5);
    assert_eq!(
        (artifact.state.as_deref(), artifact.digest.as_deref()),
        (Some("COMMITTED"), Some("abc"))
    );
    assert_eq!(artifact.commit_hash.as_deref(), Some("def"));
    assert_eq!(
        (artifact.size, artifact.file_count),
        (Some(9_007_199_254_740_993), Some(3))
    );
    assert_eq!(
        artifact.created_at.as_ref().unwrap().as_str(),
        "2024-05-01T12:00:00Z"
    );
    assert!(artifact.updated_at.is_none());
    assert_eq!(artifact.cursor.as_ref().unwrap().as_str(), "c4");
    assert_eq!(artifact.to_string(), "e/p/model:v4");
}

#[tokio::test]
async fn a_link_knows_where_it_comes_from() {
    let edge = json!({"cursor": "c", "version": "v7", "node": node(2)});
    let server = Scripted::answering(
        "project",
        [json!({"artifactType": {"artifactCollection": {"artifacts": {
            "totalCount": 1, "edges": [edge], "pageInfo": {"hasNextPage": false},
        }}}})],
    );
    let mut versions = Artifacts::new("e", "registry", "nets", "best models").paginate(server.transport());
    let link = versions.next().await.unwrap().unwrap();
    assert_eq!(link.qualified_name(), "e/registry/best models:v7");
    assert_eq!(link.aliases().collect::<Vec<_>>(), ["production"]);
    assert!(link.is_link());
    assert_eq!(
        (link.source_collection.join("/"), link.source_version.as_str()),
        ("e/p/model".into(), "v2")
    );
}

#[tokio::test]
async fn filters_replace_the_usual_one_and_tags_are_looked_at_here() {
    let server = Scripted::answering("project", [page(&[1, 2], 3, true), page(&[3], 3, false)]);
    let listing = artifacts()
        .filters(Filter::field("versionIndex").gt(0))
        .tags(["good", "t2"]);
    let mut versions = listing.paginate(server.transport());
    assert_eq!(versions.len().await.unwrap(), None);
    let names: Vec<String> = versions
        .slice(..)
        .await
        .unwrap()
        .iter()
        .map(ArtifactInfo::name)
        .collect();
    assert_eq!(names, ["model:v2"]);
    assert_eq!(versions.len().await.unwrap(), Some(1));
    let variables = &server.asked()[0]["variables"];
    assert_eq!(
        (&variables["filters"], &variables["order"]),
        (&json!(r#"{"versionIndex":{"$gt":0}}"#), &Value::Null)
    );
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    for (answer, said) in [
        (Value::Null, "there is no project e/p, or no permission to see it"),
        (
            json!({"artifactType": null}),
            "there is no artifact type nets in e/p,",
        ),
        (
            json!({"artifactType": {"artifactCollection": null}}),
            "there is no artifact collection e/p/model of type nets,",
        ),
        (
            json!({"artifactType": {"artifactCollection": {"artifacts": null}}}),
            "the server does not list the artifacts",
        ),
    ] {
        let server = Scripted::answering("project", [answer]);
        let error = artifacts()
            .paginate(server.transport())
            .next()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{error}");
    }
}
