//! Uploads as clients make them: a mutation for the addresses, then a PUT for each file.

use crate::client::{basic, data, get, header, http, names, node, post, run_files, server_with};
use reqwest::Response;
use serde_json::{Value, json};
use wandb_devserver::DevServer;

const CREATE: &str =
    "mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
    createRunFiles(input: { entityName: $entity, projectName: $project, runName: $run, files: $files }) {
        runID uploadHeaders files { name uploadUrl }
    }
}";

pub(crate) async fn create(server: &DevServer, files: &[&str]) -> Value {
    let variables = json!({ "entity": "team", "project": "project", "run": "run", "files": files });
    data(server, CREATE, variables).await["createRunFiles"].take()
}

/// Sends the bytes with the headers of the mutation's answer, and more.
pub(crate) async fn put(
    created: &Value,
    place: usize,
    bytes: &'static [u8],
    more: &[(&str, &str)],
) -> Response {
    let mut request = http().put(created["files"][place]["uploadUrl"].as_str().unwrap());
    for header in created["uploadHeaders"].as_array().unwrap() {
        let (name, value) = header.as_str().unwrap().split_once(':').unwrap();
        request = request.header(name.trim(), value.trim());
    }
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    request.body(bytes).send().await.unwrap()
}

#[tokio::test]
async fn an_uploaded_file_is_listed_and_comes_back() {
    let server = server_with(&[]).await;
    let created = create(&server, &["sub/a.json", "empty"]).await;
    assert!(created["runID"].is_string());
    assert_eq!(created["files"][1]["name"], "empty");
    assert_eq!(run_files(&server, json!({})).await["fileCount"], 0);

    let answer = put(&created, 0, b"{\"x\": 1}", &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        put(&created, 1, b"", &[("content-length", "0")]).await.status(),
        200
    );
    assert_eq!(names(&server, json!({})).await, ["sub/a.json", "empty"]);

    let file = node(&server, "sub/a.json").await;
    assert_eq!(
        (&file["sizeBytes"], &file["mimetype"]),
        (&json!(8), &json!("application/json"))
    );
    assert_eq!(file["md5"], "J5WGSKnlf81mrl4x/zNZ6Q==");
    assert!(file["updatedAt"].as_str().unwrap().ends_with('Z'));
    let back = get(file["directUrl"].as_str().unwrap(), &[]).await;
    assert_eq!(back.text().await.unwrap(), "{\"x\": 1}");
    assert_eq!(node(&server, "empty").await["md5"], "1B2M2Y8AsgTpgAmY7PhCfg==");
}

#[tokio::test]
async fn older_clients_take_the_address_from_the_listing() {
    let server = server_with(&[]).await;
    let query = "query RunUploadUrls($name: String!, $files: [String]!, $entity: String, $run: String!, $description: String) {
        model(name: $name, entityName: $entity) {
            bucket(name: $run, desc: $description) {
                id files(names: $files) { uploadHeaders edges { node { name url(upload: true) updatedAt } } }
            }
        }
    }";
    let variables =
        json!({ "name": "project", "entity": "team", "run": "run", "files": ["a"], "description": null });
    let files = data(&server, query, variables).await["model"]["bucket"]["files"].take();
    let url = files["edges"][0]["node"]["url"].clone();
    let created = json!({ "uploadHeaders": files["uploadHeaders"], "files": [{ "uploadUrl": url }] });
    assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 200);
    assert_eq!(node(&server, "a").await["sizeBytes"], 3);
}

#[tokio::test]
async fn an_upload_needs_its_headers_and_the_right_bytes() {
    let server = server_with(&[]).await;
    let mut created = create(&server, &["a"]).await;
    let wrong_digest = put(
        &created,
        0,
        b"abc",
        &[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")],
    )
    .await;
    assert_eq!(wrong_digest.status(), 400);
    assert!(wrong_digest.text().await.unwrap().contains("BadDigest"));
    let credential = basic(server.api_key());
    assert_eq!(
        put(&created, 0, b"abc", &[("authorization", &credential)])
            .await
            .status(),
        400
    );
    created["uploadHeaders"] = json!([]);
    assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 403);
    assert_eq!(names(&server, json!({})).await, [""; 0]);
}

#[tokio::test]
async fn a_self_hosted_server_lists_what_was_marked() {
    let server = DevServer::builder().list_when_marked(true).start().await.unwrap();
    server.add_run("team", "project", "run").await.unwrap();
    let created = create(&server, &["a", "b"]).await;
    for place in [0, 1] {
        assert_eq!(put(&created, place, b"abc", &[]).await.status(), 200);
    }
    assert_eq!(run_files(&server, json!({})).await["fileCount"], 0);
    assert_eq!(node(&server, "b").await["md5"], "0");
    let mark = r#"mutation { markRunFilesUploaded(input: {
        entityName: "team", projectName: "project", runName: "run", files: ["b", "never uploaded"]
    }) { success } }"#;
    assert_eq!(
        data(&server, mark, json!({})).await["markRunFilesUploaded"]["success"],
        true
    );
    assert_eq!(names(&server, json!({})).await, ["b"]);
}

#[tokio::test]
async fn a_run_that_does_not_exist_takes_no_files() {
    let server = server_with(&[]).await;
    let variables = json!({ "entity": "team", "project": "project", "run": "nope", "files": ["a"] });
    let (status, body) = post(&server, &json!({ "query": CREATE, "variables": variables })).await;
    assert_eq!((status, &body["data"]["createRunFiles"]), (200, &Value::Null));
    assert_eq!(body["errors"][0]["message"], "run team/project/nope not found");
}

#[tokio::test]
async fn a_long_body_is_stored_whole() {
    let server = server_with(&[]).await;
    let created = create(&server, &["big"]).await;
    let bytes: &'static [u8] = Vec::leak((0..=255).cycle().take(5_000_003).collect());
    let answer = put(&created, 0, bytes, &[]).await;
    let etag = header(&answer, "etag").to_owned();
    let file = node(&server, "big").await;
    let back = get(file["directUrl"].as_str().unwrap(), &[]).await;
    assert_eq!(header(&back, "etag"), etag);
    assert!(back.bytes().await.unwrap() == bytes);
}
