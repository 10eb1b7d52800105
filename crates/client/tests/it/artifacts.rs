//! Artifacts by name, and their files.

use wandb_client::{Api, ErrorKind, names_artifact, parse_artifact_path};
use wandb_devserver::{ArtifactEntry, ArtifactSpec, DevServer};

/// What `parse_artifact_path` makes of `text`: entity (or `-`), project, name and alias.
fn read(text: &str, entity: Option<&str>, project: Option<&str>) -> String {
    let read = parse_artifact_path(text, entity, project).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let entity = read.entity.as_deref().unwrap_or("-");
    format!("{entity}/{}/{}:{}", read.project, read.name, read.alias)
}

#[test]
fn every_form_is_read() {
    for (text, bare, with_defaults) in [
        ("e/p/n:best", "e/p/n:best", "e/p/n:best"),
        ("e/p/n:v3", "e/p/n:v3", "e/p/n:v3"),
        ("e/p/n", "e/p/n:latest", "e/p/n:latest"),
        (" /e/p/n:v0/ ", "e/p/n:v0", "e/p/n:v0"),
        ("p/n:v0", "-/p/n:v0", "E/p/n:v0"),
        (
            "https://wandb.ai/e/my%20project/artifacts/model/n/v3/files/a.txt?x=1#y",
            "e/my project/n:v3",
            "e/my project/n:v3",
        ),
        ("wandb.ai/e/p/artifacts/model/n", "e/p/n:latest", "e/p/n:latest"),
        (
            "https://host:8080/prefix/e/p/artifacts/model/n/best",
            "e/p/n:best",
            "e/p/n:best",
        ),
    ] {
        assert_eq!(read(text, None, None), bare, "{text:?}");
        assert_eq!(read(text, Some("E"), Some("P")), with_defaults, "{text:?}");
    }
    assert_eq!(read("n:v1", Some("E"), Some("P")), "E/P/n:v1");
}

#[test]
fn what_names_none_is_refused_with_the_forms() {
    for text in [
        "",
        "n:v0",
        "e/p/n:",
        "e/p/:v0",
        "e//n:v0",
        "a/b/c/d:v0",
        "e/p/n:v0:v1",
        "e/p/n:a/b",
        "e/../n:v0",
        "https://wandb.ai/e/p/runs/r",
        "https://wandb.ai/e/p/artifacts/model",
        "ftp://wandb.ai/e/p/artifacts/model/n/v0",
    ] {
        let error = parse_artifact_path(text, None, None).unwrap_err().to_string();
        assert!(
            error.contains("names no artifact: ") && error.contains("ENTITY/PROJECT/NAME:VERSION"),
            "{error}"
        );
    }
}

#[test]
fn artifacts_are_told_from_runs() {
    for text in [
        "e/p/n:v0",
        "/e/p/n:latest",
        "https://wandb.ai/e/p/artifacts/model/n/v0",
    ] {
        assert!(names_artifact(text), "{text}");
    }
    for text in [
        "e/p/r",
        "e/p:r",
        "p:r",
        "r",
        "e/p/runs/r",
        "https://wandb.ai/e/p/runs/r",
        "http://localhost:8080/e/p/runs/r",
        "https://wandb.ai/e/p/runs/r/artifacts/model/n/v0",
    ] {
        assert!(!names_artifact(text), "{text}");
    }
}

#[tokio::test]
async fn an_artifact_is_asked_for_once_and_has_its_files() {
    let server = DevServer::start().await.unwrap();
    let api = Api::builder()
        .base_url(server.url())
        .api_key(server.api_key())
        .build()
        .unwrap();
    for content in ["old", "new"] {
        let artifact = ArtifactSpec {
            entries: vec![ArtifactEntry::file("a", content)],
            ..ArtifactSpec::default()
        };
        let added = server.add_artifact("e", "p", "dataset", "data", artifact);
        added.await.unwrap();
    }
    server.clear_requests();
    let artifact = api.artifact("e/p/data").await.unwrap();
    assert_eq!(artifact.info().to_string(), "e/p/data:v1");
    assert_eq!(artifact.info().artifact_type.as_deref(), Some("dataset"));
    assert_eq!(server.graphql_requests().len(), 1);
    assert_eq!(artifact.file("a").await.unwrap().run().to_string(), "e/p/data:v1");
    let missing = artifact.file("b").await.unwrap_err();
    assert_eq!(*missing.kind(), ErrorKind::NotFound);

    server.clear_requests();
    let files = api.artifact_files("e/p/data:v0").await.unwrap();
    assert!(server.requests().is_empty());
    assert_eq!(files.paginate().unwrap().len().await.unwrap(), Some(1));

    let unseen = api.artifact("e/p/data:v7").await.unwrap_err();
    assert_eq!(*unseen.kind(), ErrorKind::NotFound);
    assert!(
        unseen.to_string().starts_with("no artifact e/p/data:v7 on "),
        "{unseen}"
    );
    let odd = api.artifact("e/p/data:").await.unwrap_err();
    assert_eq!(*odd.kind(), ErrorKind::Path);
}
