//! The reports of a project, from a server in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use example_reports::{Report, project_reports};
use serde_json::{Value, json};
use wandb_paginator::PaginatorErrorKind;
use wandb_transport::{Operation, Reply, Transport, TransportError};

/// Seven reports, in pages of the size that is asked for; the fourth may not be seen.
#[derive(Default)]
struct Shelf {
    requests: AtomicUsize,
}

#[async_trait::async_trait]
impl Transport for Shelf {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let request: Value = serde_json::from_slice(operation.body()).unwrap();
        assert_eq!(request["operationName"], "Reports");
        let variables = &request["variables"];
        if variables["project"] != "p" {
            return Ok(Reply::new(200, r#"{"data": {"project": null}}"#));
        }
        let first = variables["cursor"]
            .as_str()
            .map_or(0, |cursor| cursor.parse::<u64>().unwrap() + 1);
        let end = (first + variables["perPage"].as_u64().unwrap()).min(7);
        let edges: Vec<Value> = (first..end)
            .map(|n| {
                let node =
                    (n != 3).then(|| json!({"id": n.to_string(), "displayName": format!("report {n}")}));
                json!({"cursor": n.to_string(), "node": node})
            })
            .collect();
        let views = json!({
            "totalCount": 7, "edges": edges, "pageInfo": {"endCursor": (end - 1).to_string(), "hasNextPage": end < 7},
        });
        Ok(Reply::new(
            200,
            json!({"data": {"project": {"allViews": views}}}).to_string(),
        ))
    }
}

fn titles(reports: &[Report]) -> Vec<&str> {
    reports.iter().map(|report| report.title.as_str()).collect()
}

#[tokio::test]
async fn reports_are_listed_lazily_and_taken_up_again() {
    let shelf = Arc::new(Shelf::default());
    let list = || project_reports(Arc::clone(&shelf) as Arc<dyn Transport>, "e", "p").per_page(3);
    let mut reports = list();
    assert_eq!(shelf.requests.load(Ordering::Relaxed), 0);
    assert_eq!(reports.len().await.unwrap(), Some(7));
    assert_eq!(
        titles(reports.slice(..2).await.unwrap()),
        ["report 0", "report 1"]
    );
    assert_eq!(shelf.requests.load(Ordering::Relaxed), 1);

    let mut rest = list().start_after(reports.cursor().unwrap().clone()).prefetch(2);
    assert_eq!(
        titles(rest.slice(..).await.unwrap()),
        ["report 4", "report 5", "report 6"]
    );
    assert_eq!(shelf.requests.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_project_that_is_not_there_is_named() {
    let mut reports = project_reports(Arc::new(Shelf::default()), "e", "elsewhere");
    let error = reports.next().await.unwrap_err();
    assert!(matches!(error.kind(), PaginatorErrorKind::Convert(_)));
    assert!(
        error.to_string().contains("there is no project e/elsewhere"),
        "{error}"
    );
}
