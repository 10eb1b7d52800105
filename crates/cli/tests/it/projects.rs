//! `wbf projects`.

use insta::assert_snapshot;
use wandb_devserver::DevServer;

use crate::setup::{Setup, objects};

async fn setup() -> Setup {
    let server = DevServer::builder().entity("e").start().await.unwrap();
    let setup = Setup::with(server, &[]).await;
    for (entity, project) in [("e", "q"), ("team", "t")] {
        setup.server.add_project(entity, project).await.unwrap();
    }
    setup
}

#[tokio::test]
async fn the_default_entity_is_asked_for_once() {
    let setup = setup().await;
    let outcome = setup.wbf(["projects", "--format", "ndjson"]).await;
    let rows = objects(&outcome.stdout);
    let mut names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!((outcome.status, names), (0, vec!["p", "q"]));
    let keys: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "created_at",
            "cursor",
            "entity",
            "id",
            "is_benchmark",
            "name",
            "url"
        ]
    );
    let operations: Vec<_> = setup
        .server
        .graphql_requests()
        .into_iter()
        .filter_map(|request| request.operation)
        .collect();
    assert_eq!(operations, ["Viewer", "Projects"]);
}

#[tokio::test]
async fn of_an_entity() {
    let setup = setup().await;
    let outcome = setup.wbf(["projects", "team"]).await;
    assert_eq!((outcome.status, &outcome.stdout[20..]), (0, "  team/t\n"));
    assert_eq!(setup.server.graphql_requests().len(), 1);
    let outcome = setup
        .wbf(["projects", "e", "--limit", "1", "--format", "csv"])
        .await;
    assert_eq!(outcome.stdout.lines().count(), 2);
    assert_snapshot!(outcome.stdout.lines().next().unwrap_or_default(), @r#"id,name,entity,created_at,is_benchmark,url,cursor"#);
}

#[tokio::test]
async fn an_entity_without_projects_has_an_empty_listing() {
    let setup = setup().await;
    let outcome = setup.wbf(["projects", "nobody"]).await;
    assert_eq!((outcome.status, outcome.stdout.as_str()), (0, ""));
}
