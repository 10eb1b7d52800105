//! One version by its name.

use serde_json::{Value, json};
use wandb_artifact::artifact;
use wandb_transport::Scripted;

use crate::answers::node;

#[tokio::test]
async fn an_alias_is_resolved_in_one_request() {
    let answer = json!({"artifact": node(3)});
    let server = Scripted::answering("project", [answer.clone(), answer]);
    let found = artifact(&*server, "e", "p", "model:latest")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.name().as_str(), found.is_link()), ("model:v3", false));
    artifact(&*server, "e", "p", "model").await.unwrap().unwrap();

    let asked = server.asked();
    assert_eq!(asked[0]["operationName"], "ArtifactByName");
    let variables = json!({"entityName": "e", "projectName": "p", "name": "model:latest"});
    assert_eq!(
        (&asked[0]["variables"], &asked[1]["variables"]),
        (&variables, &variables)
    );
}

#[tokio::test]
async fn a_link_has_the_version_of_its_portfolio() {
    let server = Scripted::answering("project", [json!({"artifact": node(2)})]);
    let link = artifact(&*server, "e", "registry", "best models:production")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (link.qualified_name().as_str(), link.is_link()),
        ("e/registry/best models:v7", true)
    );
    assert_eq!(link.source_version, "v2");
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    for answer in [Value::Null, json!({"artifact": null}), json!({})] {
        let server = Scripted::answering("project", [answer]);
        assert!(
            artifact(&*server, "e", "p", "model:nope")
                .await
                .unwrap()
                .is_none()
        );
    }
}
