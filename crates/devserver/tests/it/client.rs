//! A client that knows nothing but HTTP and JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use wandb_devserver::DevServer;

pub(crate) const RUN_FILES: &str = "
    query RunFiles($project: String!, $entity: String!, $name: String!, $fileCursor: String,
        $fileLimit: Int = 50, $fileNames: [String] = [], $upload: Boolean = false, $pattern: String) {
        project(name: $project, entityName: $entity) {
            internalId
            run(name: $name) {
                fileCount
                files(names: $fileNames, after: $fileCursor, first: $fileLimit, pattern: $pattern) {
                    edges {
                        node { id name url(upload: $upload) directUrl sizeBytes mimetype updatedAt md5 }
                        cursor
                    }
                    pageInfo { endCursor hasNextPage }
                }
            }
        }
    }";

/// Follows no redirect and sends the key only where it is told to.
pub(crate) fn http() -> Client {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

pub(crate) fn basic(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("api:{key}")))
}

/// A request with the key.
pub(crate) fn with_key(server: &DevServer, method: Method, url: &str) -> RequestBuilder {
    http()
        .request(method, url)
        .header("authorization", basic(server.api_key()))
}

/// Sends a GraphQL request; its status and its body.
pub(crate) async fn post(server: &DevServer, body: &Value) -> (u16, Value) {
    let url = format!("{}/graphql", server.url());
    let response = with_key(server, Method::POST, &url)
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    )
}

/// The data of a GraphQL request that has to succeed.
pub(crate) async fn data(server: &DevServer, query: &str, variables: Value) -> Value {
    let (status, mut body) = post(server, &json!({ "query": query, "variables": variables })).await;
    assert_eq!((status, &body["errors"]), (200, &Value::Null), "{body}");
    body["data"].take()
}

/// The `run` of a `RunFiles` query for `team/project/run`, with more variables.
pub(crate) async fn run_files(server: &DevServer, more: Value) -> Value {
    let mut variables = json!({ "entity": "team", "project": "project", "name": "run" });
    variables
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    data(server, RUN_FILES, variables).await["project"]["run"].take()
}

/// The names on the page that [`run_files`] gives.
pub(crate) async fn names(server: &DevServer, more: Value) -> Vec<String> {
    names_of(&run_files(server, more).await)
}

pub(crate) fn names_of(run: &Value) -> Vec<String> {
    let edges = run["files"]["edges"].as_array().unwrap();
    edges
        .iter()
        .map(|edge| edge["node"]["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The node of one file.
pub(crate) async fn node(server: &DevServer, name: &str) -> Value {
    run_files(server, json!({ "fileNames": [name] })).await["files"]["edges"][0]["node"].take()
}

/// A field of the node of one file.
pub(crate) async fn field(server: &DevServer, name: &str, field: &str) -> String {
    node(server, name).await[field].as_str().unwrap().to_owned()
}

pub(crate) async fn get(url: &str, headers: &[(&str, &str)]) -> Response {
    ask(Method::GET, url, headers).await
}

pub(crate) async fn ask(method: Method, url: &str, headers: &[(&str, &str)]) -> Response {
    let request = headers
        .iter()
        .fold(http().request(method, url), |request, (name, value)| {
            request.header(*name, *value)
        });
    request.send().await.unwrap()
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// A server with `team/project/run`, in which these files are.
pub(crate) async fn server_with(files: &[(&str, &str)]) -> DevServer {
    let server = DevServer::start().await.unwrap();
    fill(&server, files).await;
    server
}

pub(crate) async fn fill(server: &DevServer, files: &[(&str, &str)]) {
    server.add_run("team", "project", "run").await.unwrap();
    for (name, text) in files {
        server
            .add_file("team", "project", "run", name, text.as_bytes())
            .await
            .unwrap();
    }
}
