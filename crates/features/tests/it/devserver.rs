//! Against servers that lack something, by a schema of their own.

use std::sync::Arc;

use url::Url;
use wandb_devserver::{DevServer, Feature};
use wandb_features::Server;
use wandb_http::{ClientConfig, Credential};
use wandb_queries::Variants;
use wandb_transport::HttpTransport;

/// Which feature of the embedded server a document's mark means.
const NAMES: [(Feature, &str); 13] = [
    (Feature::Md5, "File.md5"),
    (Feature::DirectUrl, "File.directUrl"),
    (Feature::IsReference, "File.isReference"),
    (Feature::Pattern, "Run.files(pattern)"),
    (Feature::FileCount, "Run.fileCount"),
    (Feature::RunProjectId, "Run.projectId"),
    (Feature::ArtifactTags, "Artifact.tags"),
    (Feature::DeleteProjectId, "DeleteFilesInput.projectId"),
    (Feature::CreateRunFiles, "Mutation.createRunFiles"),
    (Feature::MarkRunFilesUploaded, "Mutation.markRunFilesUploaded"),
    (
        Feature::ArtifactMembershipFiles,
        "ArtifactCollectionMembership.files",
    ),
    (Feature::ArtifactDigestAlgorithm, "Artifact.digestAlgorithm"),
    (Feature::ServerInfoFeatures, "ServerInfo.features"),
];

fn server(dev: &DevServer) -> Server {
    let base: Url = dev.url().parse().unwrap();
    let http = ClientConfig::default().build().unwrap();
    let credential = Arc::new(Credential::api_key(&base, dev.api_key()));
    Server::new(Arc::new(
        HttpTransport::new(http, &base).with_credentials(credential),
    ))
}

#[tokio::test]
async fn each_lack_is_seen_in_the_schema_and_no_other() {
    for (lacking, _) in NAMES {
        let dev = DevServer::builder().without(lacking).start().await.unwrap();
        let features = server(&dev).features().await.unwrap();
        for (feature, since) in NAMES {
            assert_eq!(
                features.has(since),
                feature != lacking,
                "{since} without {lacking}"
            );
        }
        assert!(features.introspection);
        assert_eq!(dev.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_hides_its_schema_is_asked_for_it_once() {
    let dev = DevServer::builder().without(Feature::Introspection);
    let dev = dev.start().await.unwrap();
    let server = server(&dev);
    for _ in 0..2 {
        let features = server.features().await.unwrap();
        assert!(!features.introspection && features.file_md5);
    }
    assert_eq!(dev.requests().len(), 1);
}

#[tokio::test]
async fn every_part_of_every_document_is_played() {
    for variants in Variants::all() {
        let optional = variants.optional().iter().map(|part| part.since);
        for since in optional.chain(variants.requires().iter().copied()) {
            assert!(NAMES.iter().any(|(_, name)| *name == since), "{since}");
        }
    }
}

#[tokio::test]
async fn flags_are_none_where_the_server_has_none() {
    let dev = DevServer::builder()
        .without(Feature::ServerInfoFeatures)
        .start()
        .await
        .unwrap();
    assert_eq!(server(&dev).flag("X").await.unwrap(), None);
    let dev = DevServer::start().await.unwrap();
    assert_eq!(server(&dev).flag("X").await.unwrap(), Some(false));
}
