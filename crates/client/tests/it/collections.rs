//! Collections by the path of what they belong to, on the embedded server.

use std::sync::Arc;

use wandb_client::{Api, ErrorKind, Filter, PaginatorErrorKind, Place, RetryConfig, RunPath, parse_place};
use wandb_devserver::{ArtifactEntry, ArtifactSpec, DevServer, RunSpec, SweepSpec};

/// `team/project` with the runs `a` (finished, which logged a model), `b` and a sweep, and `me/own`.
async fn server() -> DevServer {
    let server = DevServer::builder().entity("me").start().await.expect("a server");
    server.add_project("me", "own").await.expect("a project");
    for (run, state) in [("a", "finished"), ("b", "crashed")] {
        let spec = RunSpec {
            state: Some(state.to_owned()),
            ..RunSpec::default()
        };
        let added = server.add_run_with("team", "project", run, spec).await;
        added.expect("a run");
    }
    let sweep = server
        .add_sweep("team", "project", "sweep", SweepSpec::default())
        .await;
    sweep.expect("a sweep");
    let artifact = ArtifactSpec {
        entries: vec![ArtifactEntry::file("model.pt", "weights")],
        logged_by: Some("a".to_owned()),
        used_by: vec!["b".to_owned()],
        ..ArtifactSpec::default()
    };
    let artifact = server
        .add_artifact("team", "project", "model", "net", artifact)
        .await;
    artifact.expect("an artifact");
    server
}

fn api(server: &DevServer) -> Api {
    Api::builder()
        .base_url(server.url())
        .api_key(server.api_key())
        .retry(RetryConfig::none())
        .build()
        .expect("an Api")
}

#[tokio::test]
async fn every_collection_sends_one_request_for_its_first_item_and_none_before() {
    let server = server().await;
    let api = api(&server);
    let transport = || Arc::clone(api.transport());
    let project = "team/project";
    let run = |id| api.run_at(RunPath::new("team", "project", id));

    let finished = Filter::state("finished");
    let mut runs = api
        .runs(project)
        .await
        .expect("runs")
        .filters(finished)
        .paginate(transport());
    let mut sweeps = api.sweeps(project).await.expect("sweeps").paginate(transport());
    let mut projects = api
        .projects(Some("me"))
        .await
        .expect("projects")
        .paginate(transport());
    let mut types = api
        .artifact_types(project)
        .await
        .expect("types")
        .paginate(transport());
    let collections = api.artifact_collections(project, "model").await;
    let mut collections = collections.expect("collections").paginate(transport());
    let versions = api.artifacts(project, "model", "net").await;
    let mut versions = versions.expect("versions").paginate(transport());
    let (mut logged, mut used) = (run("a").logged_artifacts(), run("b").used_artifacts());
    assert_eq!(server.requests().len(), 0);

    assert_eq!(
        runs.next()
            .await
            .expect("a page")
            .map(|run| run.id().to_owned())
            .as_deref(),
        Some("a")
    );
    assert_eq!(runs.len().await.expect("a count"), Some(1));
    assert_eq!(
        sweeps
            .next()
            .await
            .expect("a page")
            .map(|sweep| sweep.id().to_owned())
            .as_deref(),
        Some("sweep")
    );
    assert_eq!(
        projects
            .next()
            .await
            .expect("a page")
            .map(|project| project.path().join("/"))
            .as_deref(),
        Some("me/own")
    );
    assert_eq!(
        types
            .next()
            .await
            .expect("a page")
            .map(|found| found.name().to_owned())
            .as_deref(),
        Some("model")
    );
    assert_eq!(
        collections
            .next()
            .await
            .expect("a page")
            .map(|found| found.name().to_owned())
            .as_deref(),
        Some("net")
    );
    for versions in [&mut versions, &mut logged, &mut used] {
        let first = versions.next().await.expect("a page");
        assert_eq!(
            first.map(wandb_client::ArtifactInfo::name).as_deref(),
            Some("net:v0")
        );
    }
    assert_eq!(server.requests().len(), 8);
}

#[tokio::test]
async fn the_default_entity_is_asked_for_once() {
    let server = server().await;
    let api = api(&server);
    for _ in 0..2 {
        let mut runs = api
            .runs("own")
            .await
            .expect("runs")
            .paginate(Arc::clone(api.transport()));
        assert!(runs.next().await.expect("a page").is_none());
        let mut projects = api
            .projects(None)
            .await
            .expect("projects")
            .paginate(Arc::clone(api.transport()));
        assert!(projects.next().await.expect("a page").is_some());
    }
    let requests = server.graphql_requests().into_iter();
    let asked = requests.filter(|request| request.operation.as_deref() == Some("Viewer"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_said_by_the_first_page() {
    let server = server().await;
    let api = api(&server);
    let mut runs = api
        .runs("team/nope")
        .await
        .expect("runs")
        .paginate(Arc::clone(api.transport()));
    let error = runs.next().await.expect_err("no project");
    assert!(matches!(error.kind(), PaginatorErrorKind::Convert(_)));
    assert!(
        error.to_string().starts_with("there is no project team/nope"),
        "{error}"
    );
    let error = api.sweeps("a/b/c").await.expect_err("no project");
    assert_eq!(*error.kind(), ErrorKind::Path);
}

#[test]
fn a_place_is_a_project_or_a_run() {
    for (text, is_run) in [
        ("p", false),
        ("e/p", false),
        ("/e/p/", false),
        ("https://wandb.ai/e/p", false),
        ("https://wandb.ai/e/p/runs", false),
        ("wandb.ai/e/p/workspace?nw=1", false),
        ("e/p/r", true),
        ("e/p/runs/r", true),
        ("p/runs/r", true),
        ("e/p:r", true),
        ("https://wandb.ai/e/p/runs/r/files", true),
    ] {
        let place = parse_place(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(matches!(place, Place::Run(_)), is_run, "{text}");
    }
    for text in ["", "a/b/c/d", "https://wandb.ai/e"] {
        parse_place(text).expect_err(text);
    }
}
