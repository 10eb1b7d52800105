//! Deletions.

use crate::client::{data, field, get, names, post, run_files, server_with};
use serde_json::{Value, json};

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
