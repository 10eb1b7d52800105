//! Answers of a server.

use serde_json::{Value, json};

/// A node of the version `index` of `e/p/model`, with an alias there and in a portfolio.
pub(crate) fn node(index: u32) -> Value {
    let source = json!({"name": "model", "project": {"entityName": "e", "name": "p"}});
    let portfolio = json!({"name": "best models", "project": {"entityName": "e", "name": "registry"}});
    json!({
        "id": format!("id{index}"), "artifactSequence": source, "versionIndex": index, "artifactType": {"name": "nets"},
        "aliases": [
            {"alias": "latest", "artifactCollection": source},
            {"alias": format!("v{index}"), "artifactCollection": source},
            {"alias": "v7", "artifactCollection": portfolio},
            {"alias": "production", "artifactCollection": portfolio},
            {"alias": "lost", "artifactCollection": null},
        ],
        "tags": [{"name": "good"}, {"name": format!("t{index}")}], "description": "d",
        "metadata": "{\"acc\": 0.5}", "historyStep": "12", "state": "COMMITTED", "digest": "abc", "commitHash": "def",
        "size": "9007199254740993", "fileCount": 3, "createdAt": "2024-05-01T12:00:00Z", "updatedAt": null,
    })
}
