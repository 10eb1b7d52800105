//! What GraphQL requests are answered with beside the files.

use crate::client::{RUN_FILES, data, post, server_with, with_key};
use reqwest::Method;
use serde_json::{Value, json};
use wandb_devserver::{DevServer, Listener};

#[tokio::test]
async fn a_query_that_does_not_fit_the_schema_is_a_bad_request() {
    let server = server_with(&[]).await;
    for query in [
        "{ viewer { nope } }",
        "{ viewer }",
        "{ viewer { id",
        "query A($x: String!) { viewer { id } }",
        "query A { project(name: $x) { id } }",
        "query A($x: Int) { project(name: $x) { id } }",
        "{ project(nope: 1) { id } }",
        r#"{ project(name: "project", entityName: "team") { run { id } } }"#,
        r#"mutation { deleteFiles(input: { files: [null] }) { success } }"#,
        "query A { viewer { id } } query A { viewer { id } }",
        "{ ...Nowhere }",
        "",
    ] {
        let (status, body) = post(&server, &json!({ "query": query })).await;
        let message = body["errors"][0]["message"].as_str();
        assert_eq!(
            (status, message.map(str::is_empty)),
            (400, Some(false)),
            "{query}: {body}"
        );
    }
}

#[tokio::test]
async fn variables_that_do_not_fit_are_a_bad_request() {
    let server = server_with(&[]).await;
    for variables in [
        json!({ "entity": "team", "project": "project" }),
        json!({ "entity": "team", "project": "project", "name": null }),
        json!({ "entity": "team", "project": "project", "name": 1 }),
        json!({ "entity": "team", "project": "project", "name": "run", "fileLimit": "many" }),
        json!({ "entity": "team", "project": "project", "name": "run", "fileNames": [1] }),
    ] {
        let (status, body) = post(&server, &json!({ "query": RUN_FILES, "variables": variables })).await;
        assert_eq!(
            (status, body["errors"].is_array()),
            (400, true),
            "{variables}: {body}"
        );
    }
}

#[tokio::test]
async fn what_is_no_graphql_request_is_a_bad_request() {
    let server = DevServer::start().await.unwrap();
    for body in ["", "{}", "[1]", "query=1", r#"{"query": 1}"#] {
        let url = format!("{}/graphql", server.url());
        let response = with_key(&server, Method::POST, &url)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{body}");
        let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert!(answer["errors"][0]["message"].is_string(), "{body}: {answer}");
    }
}

#[tokio::test]
async fn an_error_of_a_field_comes_with_the_data() {
    let server = server_with(&[]).await;
    let variables =
        json!({ "entity": "team", "project": "project", "name": "run", "fileCursor": "no cursor" });
    let (status, body) = post(&server, &json!({ "query": RUN_FILES, "variables": variables })).await;
    assert_eq!(
        (status, &body["errors"][0]["message"]),
        (200, &json!("invalid cursor"))
    );
    assert_eq!(body["errors"][0]["path"], json!(["project", "run", "files"]));
    assert_eq!(body["data"]["project"]["run"]["files"], Value::Null);
    assert_eq!(body["data"]["project"]["run"]["fileCount"], 0);
}

#[tokio::test]
async fn what_is_not_there_is_null() {
    let server = server_with(&[]).await;
    let missing_run = json!({ "entity": "team", "project": "project", "name": "nope" });
    assert_eq!(
        data(&server, RUN_FILES, missing_run).await["project"]["run"],
        Value::Null
    );
    let missing_project = json!({ "entity": "team", "project": "nope", "name": "run" });
    assert_eq!(
        data(&server, RUN_FILES, missing_project).await["project"],
        Value::Null
    );
}

#[tokio::test]
async fn an_empty_operation_name_is_none() {
    let server = DevServer::start().await.unwrap();
    let query = "query Viewer { viewer { entity } }";
    for name in [json!(""), Value::Null, json!("Viewer")] {
        let (status, body) = post(&server, &json!({ "query": query, "operationName": name })).await;
        assert_eq!((status, &body["data"]["viewer"]["entity"]), (200, &json!("dev")));
    }
    let (status, _) = post(&server, &json!({ "query": query, "operationName": "Other" })).await;
    assert_eq!(status, 400);
    let operations: Vec<_> = server
        .requests()
        .into_iter()
        .map(|request| request.operation.unwrap_or_default())
        .collect();
    assert_eq!(operations, ["Viewer", "Viewer", "Viewer", "Other"]);
}

#[tokio::test]
async fn the_sdk_finds_what_it_probes_for() {
    let server = DevServer::start().await.unwrap();
    let query = r#"{
        run: __type(name: "Run") { fields { name } }
        mutations: __type(name: "Mutation") { fields { name } }
        info: __type(name: "ServerInfo") { fields { name } }
        delete: __type(name: "DeleteFilesInput") { inputFields { name } }
        nothing: __type(name: "Nothing") { name }
    }"#;
    let found = data(&server, query, json!({})).await;
    let has = |kind: &str, list: &str, name: &str| {
        let fields = found[kind][list].as_array().unwrap();
        assert!(fields.iter().any(|field| field["name"] == name), "{kind}.{name}");
    };
    has("run", "fields", "projectId");
    has("mutations", "fields", "createRunFiles");
    has("mutations", "fields", "markRunFilesUploaded");
    has("info", "fields", "cliVersionInfo");
    has("info", "fields", "features");
    has("delete", "inputFields", "projectId");
    assert_eq!(found["nothing"], Value::Null);
}

#[tokio::test]
async fn types_are_as_nullable_as_the_real_ones() {
    let server = DevServer::start().await.unwrap();
    let query = r#"{
        __schema { types { name fields { name type { ...Shape } } } }
    }
    fragment Shape on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }"#;
    let schema = data(&server, query, json!({})).await;
    let shape = |owner: &str, field: &str| {
        let types = schema["__schema"]["types"].as_array().unwrap();
        let owner = types.iter().find(|known| known["name"] == owner).unwrap();
        let fields = owner["fields"].as_array().unwrap();
        written(&fields.iter().find(|known| known["name"] == field).unwrap()["type"])
    };
    for (owner, field, expected) in [
        ("Query", "project", "Project"),
        ("Query", "model", "Project"),
        ("Query", "viewer", "User"),
        ("Query", "serverInfo", "ServerInfo"),
        ("Project", "id", "ID!"),
        ("Project", "name", "String!"),
        ("Project", "run", "Run"),
        ("Project", "bucket", "Run"),
        ("Project", "createdAt", "DateTime!"),
        ("Project", "runCount", "Int!"),
        ("Run", "fileCount", "Int"),
        ("Run", "files", "FileConnection"),
        ("Run", "projectId", "ID!"),
        ("Run", "config", "JSONString"),
        ("Run", "tags", "[String!]"),
        ("FileConnection", "uploadHeaders", "[String!]!"),
        ("FileConnection", "edges", "[FileEdge!]!"),
        ("FileConnection", "pageInfo", "PageInfo!"),
        ("FileEdge", "node", "File"),
        ("FileEdge", "cursor", "String!"),
        ("PageInfo", "endCursor", "String"),
        ("PageInfo", "hasNextPage", "Boolean!"),
        ("File", "id", "ID!"),
        ("File", "name", "String!"),
        ("File", "url", "String"),
        ("File", "directUrl", "String!"),
        ("File", "sizeBytes", "Int64!"),
        ("File", "md5", "String"),
        ("File", "mimetype", "String"),
        ("File", "updatedAt", "DateTime"),
        ("ServerInfo", "cliVersionInfo", "JSON!"),
        ("DeleteFilesPayload", "success", "Boolean!"),
    ] {
        assert_eq!(shape(owner, field), expected, "{owner}.{field}");
    }
}

/// A type as it is written in a schema.
fn written(shape: &Value) -> String {
    match shape["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", written(&shape["ofType"])),
        "LIST" => format!("[{}]", written(&shape["ofType"])),
        _ => shape["name"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn runs_and_projects_are_made_by_mutations() {
    let server = DevServer::start().await.unwrap();
    let upsert = r#"mutation UpsertBucket($project: String, $entity: String, $name: String!, $state: String) {
        upsertBucket(input: { modelName: $project, entityName: $entity, name: $name, state: $state }) {
            bucket { id name projectId project { name entity { name } } } inserted
        }
    }"#;
    let variables = json!({ "project": "made", "entity": "team", "name": "r1", "state": "running" });
    let first = data(&server, upsert, variables.clone()).await;
    assert_eq!(first["upsertBucket"]["inserted"], true);
    assert_eq!(
        first["upsertBucket"]["bucket"]["project"],
        json!({ "name": "made", "entity": { "name": "team" } })
    );
    let again = data(&server, upsert, variables).await;
    assert_eq!(again["upsertBucket"]["inserted"], false);
    assert_eq!(again["upsertBucket"]["bucket"], first["upsertBucket"]["bucket"]);

    let change = r#"mutation UpsertBucket($id: String!, $config: JSONString!) {
        upsertBucket(input: { id: $id, config: $config, tags: ["a"] }) { bucket { config tags state } }
    }"#;
    let id = &first["upsertBucket"]["bucket"]["id"];
    let changed = data(&server, change, json!({ "id": id, "config": "{\"lr\": 1}" })).await;
    let expected = json!({ "config": "{\"lr\": 1}", "tags": ["a"], "state": "running" });
    assert_eq!(changed["upsertBucket"]["bucket"], expected);

    let model = r#"mutation { upsertModel(input: { name: "other", entityName: "team" }) { inserted project { name } } }"#;
    assert_eq!(
        data(&server, model, json!({})).await["upsertModel"]["inserted"],
        true
    );
    let projects =
        r#"{ models(entityName: "team", first: 1) { edges { node { name } } pageInfo { hasNextPage } } }"#;
    let projects = data(&server, projects, json!({})).await;
    assert_eq!(
        projects["models"]["edges"],
        json!([{ "node": { "name": "made" } }])
    );
    assert_eq!(projects["models"]["pageInfo"]["hasNextPage"], true);

    let delete = "mutation D($id: ID!) { deleteRun(input: { id: $id }) { clientMutationId } }";
    data(&server, delete, json!({ "id": id })).await;
    let runs = r#"{ project(name: "made", entityName: "team") { runCount run(name: "r1") { id } } }"#;
    assert_eq!(
        data(&server, runs, json!({})).await["project"],
        json!({ "runCount": 0, "run": null })
    );
}

#[tokio::test]
async fn requests_are_recorded_in_order() {
    let server = server_with(&[]).await;
    data(&server, "query One { viewer { id } }", json!({})).await;
    post(
        &server,
        &json!({ "query": "query Two($x: Int) { nope(x: $x) }", "variables": { "x": 2 } }),
    )
    .await;
    let requests = server.requests();
    let seen: Vec<_> = requests
        .iter()
        .map(|request| {
            (
                request.operation.as_deref(),
                request.variables.clone(),
                request.status,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (Some("One"), Some(json!({})), 200),
            (Some("Two"), Some(json!({ "x": 2 })), 400)
        ]
    );
    assert!(
        requests
            .iter()
            .all(|request| request.listener == Listener::Api && request.method == "POST")
    );
    assert_eq!(server.graphql_requests(), requests);
    server.clear_requests();
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_default_decides_what_is_included() {
    let server = server_with(&[]).await;
    let query = "query A($with: Boolean = true, $without: Boolean = false) {
        viewer { id @include(if: $with) name @include(if: $without) entity @skip(if: $with) }
    }";
    let fields = async |variables: Value| {
        let viewer = data(&server, query, variables).await["viewer"].take();
        let fields: Vec<String> = viewer.as_object().unwrap().keys().cloned().collect();
        fields
    };
    assert_eq!(fields(json!({})).await, ["id"]);
    assert_eq!(fields(json!({ "without": true })).await, ["id", "name"]);
    assert_eq!(fields(json!({ "with": false })).await, ["entity"]);
}
