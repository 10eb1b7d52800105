//! Against the embedded server.

use std::sync::Arc;

use wandb_artifacts::{ArtifactInfo, Artifacts, RunArtifacts, artifact};
use wandb_devserver::{ArtifactEntry, ArtifactSpec, Builder, DevServer, Feature};
use wandb_features::Server;
use wandb_http::{ClientConfig, Credential};
use wandb_paginator::Paginator;
use wandb_transport::{HttpTransport, Transport};

fn transport(server: &DevServer) -> Arc<dyn Transport> {
    let base = server.url().parse().unwrap();
    let credential = Arc::new(Credential::api_key(&base, server.api_key()));
    let http = ClientConfig::default().build().unwrap();
    Arc::new(HttpTransport::new(http, &base).with_credentials(credential))
}

/// Four versions of `e/p/resnet` of the type `model`: all logged by `r`, the last used by `u`, `v1` tagged and called `best`.
async fn four_versions() -> DevServer {
    versions_on(DevServer::builder()).await
}

async fn versions_on(builder: Builder) -> DevServer {
    let server = builder.start().await.unwrap();
    for n in 0..4 {
        let spec = ArtifactSpec {
            entries: vec![ArtifactEntry::file("model.pt", format!("weights {n}"))],
            aliases: if n == 1 { vec!["best".into()] } else { Vec::new() },
            tags: if n == 1 { vec!["good".into()] } else { Vec::new() },
            metadata: serde_json::json!({"n": n}),
            logged_by: Some("r".into()),
            used_by: if n == 3 { vec!["u".into()] } else { Vec::new() },
            ..ArtifactSpec::default()
        };
        server
            .add_artifact("e", "p", "model", "resnet", spec)
            .await
            .unwrap();
    }
    server
}

async fn names(mut artifacts: Paginator<ArtifactInfo>) -> Vec<String> {
    let mut names: Vec<String> = artifacts
        .slice(..)
        .await
        .unwrap()
        .iter()
        .map(ArtifactInfo::name)
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_versions_of_a_collection() {
    let server = four_versions().await;
    let versions = || Artifacts::new("e", "p", "model", "resnet");
    let mut listing = versions().paginate(transport(&server)).per_page(3);
    assert_eq!(listing.len().await.unwrap(), Some(4));
    for artifact in listing.slice(..).await.unwrap() {
        assert_eq!(
            artifact.metadata().unwrap()["n"],
            artifact.version[1..].parse::<u32>().unwrap()
        );
        assert_eq!(
            (artifact.size, artifact.file_count, artifact.state.as_deref()),
            (Some(9), Some(1), Some("COMMITTED"))
        );
        assert!(!artifact.is_link() && artifact.digest.is_some() && artifact.created_at.is_some());
        let aliases: Vec<&str> = artifact.aliases().collect();
        let expected: &[&str] = match artifact.version.as_str() {
            "v1" => &["best"],
            "v3" => &["latest"],
            _ => &[],
        };
        assert_eq!(aliases, expected, "{artifact}");
    }
    assert_eq!(
        names(versions().tags(["good"]).paginate(transport(&server))).await,
        ["resnet:v1"]
    );
    let best = artifact(&*transport(&server), "e", "p", "resnet:best")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(best.name(), "resnet:v1");
    let latest = artifact(&*transport(&server), "e", "p", "resnet")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(latest.name(), "resnet:v3");
    assert!(
        artifact(&*transport(&server), "e", "p", "resnet:nope")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn what_a_run_logged_and_used() {
    let server = four_versions().await;
    let of = |run| RunArtifacts::new("e", "p", run);
    let mut logged = of("r").logged(transport(&server)).per_page(3);
    assert_eq!(logged.len().await.unwrap(), Some(4));
    assert_eq!(
        names(logged).await,
        ["resnet:v0", "resnet:v1", "resnet:v2", "resnet:v3"]
    );
    assert_eq!(names(of("u").used(transport(&server))).await, ["resnet:v3"]);
    assert!(names(of("u").logged(transport(&server))).await.is_empty());
}

#[tokio::test]
async fn on_a_server_that_knows_no_tags_there_are_none() {
    let dev = versions_on(DevServer::builder().without(Feature::ArtifactTags)).await;
    let server: Arc<dyn Transport> = Arc::new(Server::new(transport(&dev)));
    let of_run = RunArtifacts::new("e", "p", "r").logged(Arc::clone(&server));
    assert_eq!(names(of_run).await.len(), 4);
    let mut versions = Artifacts::new("e", "p", "model", "resnet").paginate(Arc::clone(&server));
    let versions = versions.slice(..).await.unwrap();
    assert!(versions.len() == 4 && versions.iter().all(|artifact| artifact.tags.is_empty()));
    assert!(
        artifact(&*server, "e", "p", "resnet:best")
            .await
            .unwrap()
            .is_some()
    );
}
