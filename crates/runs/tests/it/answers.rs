//! Answers of a server.

use serde_json::{Value, json};

/// A page of runs with these ids, each with its id as its cursor.
pub(crate) fn page(ids: &[&str], count: i64, has_next: bool) -> Value {
    let edges: Vec<Value> = ids
        .iter()
        .map(|id| edge(&json!({"id": id, "name": id}), id))
        .collect();
    json!({"runCount": count, "runs": {
        "edges": edges, "pageInfo": {"endCursor": ids.last(), "hasNextPage": has_next},
    }})
}

pub(crate) fn edge(node: &Value, cursor: &str) -> Value {
    json!({"node": node, "cursor": cursor})
}
