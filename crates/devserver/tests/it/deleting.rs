//! Deletions.

use crate::client::{data, field, fill, get, names, post, run_files, server_with, with_key};
use reqwest::Method;
use serde_json::{Value, json};
use wandb_devserver::{DevServer, Fault};

const DELETE: &str = "mutation deleteFiles($files: [ID!]!, $projectId: Int) {
    deleteFiles(input: { files: $files, projectId: $projectId }) { success }
}";

#[tokio::test]
async fn deleted_files_are_gone() {
    let server = server_with(&[("a", "1"), ("b", "2"), ("c", "3")]).await;
    let (a, c) = (field(&server, "a", "id").await, field(&server, "c", "id").await);
    let url = field(&server, "a", "directUrl").await;
    let query = r#"{ project(name: "project", entityName: "team") { run(name: "run") { projectId } } }"#;
    let project = data(&server, query, json!({})).await["project"]["run"]["projectId"].take();
    let project: i32 = project.as_str().unwrap().parse().unwrap();
    let variables = json!({ "files": [a, c], "projectId": project });
    assert_eq!(
        data(&server, DELETE, variables.clone()).await["deleteFiles"]["success"],
        true
    );
    assert_eq!(names(&server, json!({})).await, ["b"]);
    assert_eq!(run_files(&server, json!({})).await["fileCount"], 1);
    assert_eq!(get(&url, &[]).await.status(), 404);
    // Sent again, as after a lost answer.
    assert_eq!(
        data(&server, DELETE, variables).await["deleteFiles"]["success"],
        true
    );
}

#[tokio::test]
async fn what_cannot_be_deleted_is_an_error_and_stays() {
    let server = server_with(&[("a", "1")]).await;
    let id = field(&server, "a", "id").await;
    for variables in [
        json!({ "files": [id], "projectId": 99 }),
        json!({ "files": [id, "no id"] }),
    ] {
        let (status, body) = post(&server, &json!({ "query": DELETE, "variables": variables })).await;
        assert_eq!(
            (status, &body["data"]["deleteFiles"]),
            (200, &Value::Null),
            "{body}"
        );
        assert!(body["errors"][0]["message"].is_string());
    }
    assert_eq!(names(&server, json!({})).await, ["a"]);
}

#[tokio::test]
async fn the_server_counts_what_it_deleted() {
    let server = server_with(&[("a", "1"), ("b", "2"), ("c", "3")]).await;
    let (a, c) = (field(&server, "a", "id").await, field(&server, "c", "id").await);
    let never = "RmlsZTo5OTk=";
    data(&server, DELETE, json!({ "files": [c, never] })).await;
    data(&server, DELETE, json!({ "files": [a, c] })).await;
    let went: Vec<(String, String)> = server
        .deletions()
        .into_iter()
        .map(|deletion| (deletion.id, deletion.name))
        .collect();
    assert_eq!(went, [(c, "c".to_owned()), (a, "a".to_owned())]);
    server.clear_requests();
    assert!(server.deletions().is_empty());
}

#[tokio::test]
async fn more_than_the_limit_are_refused_whole() {
    let server = DevServer::builder().delete_limit(2).start().await.unwrap();
    fill(&server, &[("a", "1"), ("b", "2"), ("c", "3")]).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(field(&server, name, "id").await);
    }
    let request = json!({ "query": DELETE, "variables": { "files": ids } });
    let (status, body) = post(&server, &request).await;
    assert_eq!((status, &body["data"]["deleteFiles"]), (200, &Value::Null));
    assert_eq!(body["errors"][0]["message"], "too many files");
    assert_eq!(names(&server, json!({})).await.len(), 3);
    assert!(server.deletions().is_empty());
    data(&server, DELETE, json!({ "files": ids[..2] })).await;
    assert_eq!(names(&server, json!({})).await, ["c"]);
}

#[tokio::test]
async fn a_deletion_can_fail_and_be_done_all_the_same() {
    let server = server_with(&[("a", "1"), ("b", "2")]).await;
    let on_delete = || Fault::on_graphql().operation("deleteFiles");
    server.inject(on_delete().reply(200, &[], r#"{"data": {"deleteFiles": {"success": false}}}"#));
    server.inject(on_delete().reply(504, &[], "").carried_out());
    let request = json!({ "query": DELETE, "variables": { "files": [field(&server, "a", "id").await] } });
    let (status, body) = post(&server, &request).await;
    assert_eq!(
        (status, &body["data"]["deleteFiles"]["success"]),
        (200, &json!(false))
    );
    assert_eq!(names(&server, json!({})).await, ["a", "b"]);

    let url = format!("{}/graphql", server.url());
    let send = || {
        with_key(&server, Method::POST, &url)
            .body(request.to_string())
            .send()
    };
    assert_eq!(send().await.unwrap().status(), 504);
    assert_eq!(names(&server, json!({})).await, ["b"]);

    // The second of them gets no answer at all.
    server.inject(on_delete().close().carried_out());
    let id = field(&server, "b", "id").await;
    let request = json!({ "query": DELETE, "variables": { "files": [id] } });
    let lost = with_key(&server, Method::POST, &url)
        .body(request.to_string())
        .send();
    lost.await.unwrap_err();
    assert_eq!(names(&server, json!({})).await, [""; 0]);
}

#[tokio::test]
async fn a_deleted_name_may_come_back_with_another_id() {
    let server = server_with(&[("a", "1"), ("b", "2")]).await;
    let id = field(&server, "b", "id").await;
    data(&server, DELETE, json!({ "files": [id] })).await;
    server
        .add_file("team", "project", "run", "b", b"2")
        .await
        .unwrap();
    assert_ne!(field(&server, "b", "id").await, id);
    assert_eq!(names(&server, json!({})).await, ["a", "b"]);
}

#[tokio::test]
async fn bytes_stay_as_long_as_a_file_has_them() {
    let server = DevServer::start().await.unwrap();
    server.add_synthetic_runs("team", "project", 3, 2).await.unwrap();
    let query = r#"{ project(name: "project", entityName: "team") { runs { edges { node {
        files { edges { node { id name md5 directUrl } } }
    } } } } }"#;
    let found = data(&server, query, json!({})).await["project"]["runs"]["edges"].take();
    let files = |run: usize| found[run]["node"]["files"]["edges"].clone();
    assert_eq!(files(0)[0]["node"]["md5"], files(1)[0]["node"]["md5"]);
    let ids = |run: usize| json!({ "files": [files(run)[0]["node"]["id"], files(run)[1]["node"]["id"]] });
    data(&server, DELETE, ids(0)).await;
    data(&server, DELETE, ids(1)).await;
    for (run, status) in [(0, 404), (1, 404), (2, 200)] {
        for file in 0..2 {
            let url = files(run)[file]["node"]["directUrl"].as_str().unwrap().to_owned();
            assert_eq!(get(&url, &[]).await.status(), status, "{run} {file}");
        }
    }
}
