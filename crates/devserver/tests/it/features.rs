//! Older and restricted servers.

use crate::client::{RUN_FILES, data, fill, post, server_with};
use serde_json::{Value, json};
use wandb_devserver::{DevServer, Feature};

const INTROSPECTION: &str = "{
    file: __type(name: \"File\") { fields { name } }
    run: __type(name: \"Run\") { fields { name args { name } } }
    delete: __type(name: \"DeleteFilesInput\") { inputFields { name } }
    mutation: __type(name: \"Mutation\") { fields { name } }
    info: __type(name: \"ServerInfo\") { fields { name } }
    create: __type(name: \"CreateRunFilesInput\") { name }
}";

async fn server_without(features: &[Feature]) -> DevServer {
    let builder = DevServer::builder();
    let builder = features
        .iter()
        .fold(builder, |builder, feature| builder.without(*feature));
    let server = builder.start().await.unwrap();
    fill(&server, &[("a", "1")]).await;
    server
}

/// A request that uses the feature, and what a server says that does not have it.
fn use_of(feature: Feature) -> (Value, &'static str) {
    let of_run = |selection: &str| {
        format!(
            r#"{{ project(name: "project", entityName: "team") {{ run(name: "run") {{ {selection} }} }} }}"#
        )
    };
    let (query, refusal) = match feature {
        Feature::Md5 => (
            of_run("files { edges { node { ...Sums } } }") + " fragment Sums on File { sum: md5 }",
            r#"Cannot query field "md5" on type "File"."#,
        ),
        Feature::DirectUrl => (
            of_run("... on Run { files { edges { node { directUrl } } } }"),
            r#"Cannot query field "directUrl" on type "File"."#,
        ),
        Feature::Pattern => (
            of_run(r#"files(pattern: "%") { edges { node { id } } }"#),
            r#"Unknown argument "pattern" on field "files" of type "Run"."#,
        ),
        Feature::RunProjectId => (
            of_run("projectId"),
            r#"Cannot query field "projectId" on type "Run"."#,
        ),
        Feature::DeleteProjectId => (
            "mutation { deleteFiles(input: { files: [], projectId: 1 }) { success } }".to_owned(),
            r#"Field "projectId" is not defined by type "DeleteFilesInput"."#,
        ),
        Feature::CreateRunFiles => (
            r#"mutation { createRunFiles(input: {
                entityName: "team", projectName: "project", runName: "run", files: ["b"]
            }) { runID } }"#
                .to_owned(),
            r#"Cannot query field "createRunFiles" on type "Mutation"."#,
        ),
        Feature::MarkRunFilesUploaded => (
            r#"mutation { markRunFilesUploaded(input: {
                entityName: "team", projectName: "project", runName: "run", files: ["a"]
            }) { success } }"#
                .to_owned(),
            r#"Cannot query field "markRunFilesUploaded" on type "Mutation"."#,
        ),
        Feature::ServerInfoFeatures => (
            "{ serverInfo { features { name isEnabled } } }".to_owned(),
            r#"Cannot query field "features" on type "ServerInfo"."#,
        ),
        Feature::FileCount => (
            of_run("fileCount"),
            r#"Cannot query field "fileCount" on type "Run"."#,
        ),
        Feature::ArtifactTags => (
            of_run("outputArtifacts { edges { node { tags { name } } } }"),
            r#"Cannot query field "tags" on type "Artifact"."#,
        ),
        Feature::IsReference => (
            of_run("files { edges { node { isReference } } }"),
            r#"Cannot query field "isReference" on type "File"."#,
        ),
        Feature::ArtifactMembershipFiles => (
            r#"{ project(name: "project", entityName: "team") { artifactCollection(name: "a") {
                artifactMembership(aliasName: "latest") { files { edges { node { id } } } }
            } } }"#
                .to_owned(),
            r#"Cannot query field "files" on type "ArtifactCollectionMembership"."#,
        ),
        Feature::ArtifactDigestAlgorithm => (
            of_run("outputArtifacts { edges { node { digestAlgorithm } } }"),
            r#"Cannot query field "digestAlgorithm" on type "Artifact"."#,
        ),
        Feature::Introspection => (INTROSPECTION.to_owned(), "introspection disabled"),
        other => (other.to_string(), "no test uses it"),
    };
    (json!({ "query": query }), refusal)
}

#[tokio::test]
async fn what_a_server_lacks_is_refused_and_nothing_else() {
    let whole = server_with(&[("a", "1")]).await;
    for missing in Feature::ALL {
        let server = server_without(&[missing]).await;
        for used in Feature::ALL {
            let (request, refusal) = use_of(used);
            let (status, body) = post(&server, &request).await;
            if used == missing {
                assert_eq!(
                    (status, &body["errors"][0]["message"]),
                    (400, &json!(refusal)),
                    "{missing}: {body}"
                );
                assert_eq!(body["data"], Value::Null);
            } else {
                assert_eq!(
                    (status, &body["errors"]),
                    (200, &Value::Null),
                    "{used} without {missing}"
                );
            }
        }
        let (request, _) = use_of(missing);
        assert_eq!(post(&whole, &request).await.0, 200, "{missing}");
    }
}

#[tokio::test]
async fn an_input_field_is_refused_in_variables_too() {
    let server = server_without(&[Feature::DeleteProjectId]).await;
    let refusal = json!(r#"Field "projectId" is not defined by type "DeleteFilesInput"."#);
    let query = "mutation D($input: DeleteFilesInput!) { deleteFiles(input: $input) { success } }";
    let variables = json!({ "input": { "files": [], "projectId": 1 } });
    let (status, body) = post(&server, &json!({ "query": query, "variables": variables })).await;
    assert_eq!((status, &body["errors"][0]["message"]), (400, &refusal), "{body}");
    assert_eq!(body["errors"].as_array().unwrap().len(), 1);
    let variables = json!({ "input": { "files": [] } });
    assert_eq!(
        data(&server, query, variables).await["deleteFiles"]["success"],
        true
    );

    let query = "mutation D($id: Int) { deleteFiles(input: { files: [], projectId: $id }) { success } }";
    let (status, body) = post(&server, &json!({ "query": query, "variables": {} })).await;
    assert_eq!((status, &body["errors"][0]["message"]), (400, &refusal), "{body}");
}

#[tokio::test]
async fn all_that_a_query_asks_too_much_is_said_at_once() {
    let server = server_without(&[
        Feature::Md5,
        Feature::DirectUrl,
        Feature::Pattern,
        Feature::FileCount,
    ])
    .await;
    let variables = json!({ "entity": "team", "project": "project", "name": "run" });
    let (status, body) = post(&server, &json!({ "query": RUN_FILES, "variables": variables })).await;
    let errors = body["errors"].as_array().unwrap();
    assert_eq!((status, errors.len()), (400, 4), "{body}");
}

#[tokio::test]
async fn introspection_shows_what_there_is() {
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap();
        list.iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let lacking = server_without(&[
        Feature::Md5,
        Feature::DirectUrl,
        Feature::Pattern,
        Feature::RunProjectId,
        Feature::DeleteProjectId,
        Feature::CreateRunFiles,
        Feature::MarkRunFilesUploaded,
        Feature::ServerInfoFeatures,
        Feature::FileCount,
    ])
    .await;
    let whole = server_with(&[]).await;
    for (server, shown) in [(&whole, true), (&lacking, false)] {
        let types = data(server, INTROSPECTION, json!({})).await;
        let run = &types["run"]["fields"];
        let files = run
            .as_array()
            .unwrap()
            .iter()
            .find(|field| field["name"] == "files");
        for (list, name) in [
            (&types["file"]["fields"], "md5"),
            (&types["file"]["fields"], "directUrl"),
            (run, "projectId"),
            (run, "fileCount"),
            (&files.unwrap()["args"], "pattern"),
            (&types["delete"]["inputFields"], "projectId"),
            (&types["mutation"]["fields"], "createRunFiles"),
            (&types["mutation"]["fields"], "markRunFilesUploaded"),
            (&types["info"]["fields"], "features"),
        ] {
            assert_eq!(names(list).iter().any(|shown| shown == name), shown, "{name}");
        }
        assert_eq!(types["create"].is_object(), shown, "a type that nothing leads to");
        assert!(names(&types["delete"]["inputFields"]).contains(&"files".to_owned()));
    }
}

#[tokio::test]
async fn a_server_without_introspection_still_names_types() {
    let server = server_without(&[Feature::Introspection]).await;
    let answer = data(&server, "{ __typename viewer { __typename id } }", json!({})).await;
    assert_eq!(answer["viewer"]["__typename"], "User");
    for query in [
        "{ __schema { queryType { name } } }",
        "{ ...Deep } fragment Deep on Query { ... { found: __type(name: \"Run\") { name } } }",
    ] {
        let (status, body) = post(&server, &json!({ "query": query })).await;
        let message = &body["errors"][0]["message"];
        assert_eq!(
            (status, message),
            (400, &json!("introspection disabled")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_server_tells_of_its_features() {
    let query = "query ServerFeaturesQuery { serverInfo { features { name isEnabled } } }";
    for (server, marks) in [
        (server_with(&[]).await, true),
        (server_without(&[Feature::MarkRunFilesUploaded]).await, false),
    ] {
        let answer = data(&server, query, json!({})).await;
        let features = answer["serverInfo"]["features"].as_array().unwrap();
        let mark = json!({ "name": "MARK_RUN_FILES_UPLOADED", "isEnabled": marks });
        assert!(features.contains(&mark), "{answer}");
    }
}

#[tokio::test]
async fn what_never_was_is_refused_in_the_same_words() {
    let server = server_with(&[]).await;
    for (query, refusal) in [
        (
            "{ viewer { nope } }",
            r#"Cannot query field "nope" on type "User"."#,
        ),
        (
            "{ project(nope: 1) { id } }",
            r#"Unknown argument "nope" on field "project" of type "Query"."#,
        ),
        (
            "{ viewer @skip(unless: true) { id } }",
            r#"Unknown argument "unless" on directive "@skip"."#,
        ),
        (
            "mutation { deleteFiles(input: { files: [], nope: 1 }) { success } }",
            r#"Field "nope" is not defined by type "DeleteFilesInput"."#,
        ),
    ] {
        let (status, body) = post(&server, &json!({ "query": query })).await;
        assert_eq!((status, &body["errors"][0]["message"]), (400, &json!(refusal)));
    }
}
