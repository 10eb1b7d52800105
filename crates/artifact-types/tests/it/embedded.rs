//! Against the embedded server.

use std::sync::Arc;

use wandb_artifact_types::ArtifactTypes;
use wandb_devserver::{ArtifactSpec, DevServer};
use wandb_http::{ClientConfig, Credential};
use wandb_transport::{HttpTransport, Transport};

fn transport(server: &DevServer) -> Arc<dyn Transport> {
    let base = server.url().parse().unwrap();
    let credential = Arc::new(Credential::api_key(&base, server.api_key()));
    let http = ClientConfig::default().build().unwrap();
    Arc::new(HttpTransport::new(http, &base).with_credentials(credential))
}

#[tokio::test]
async fn types_and_their_collections() {
    let server = DevServer::start().await.unwrap();
    for (artifact_type, collection) in [("model", "a"), ("model", "b"), ("model", "c"), ("dataset", "d")] {
        server
            .add_artifact("e", "p", artifact_type, collection, ArtifactSpec::default())
            .await
            .unwrap();
    }
    let mut types = ArtifactTypes::new("e", "p")
        .paginate(transport(&server))
        .per_page(1);
    let mut found: Vec<(String, Option<u64>, Vec<String>)> = Vec::new();
    for artifact_type in types.slice(..).await.unwrap() {
        let mut collections = artifact_type
            .collections()
            .paginate(transport(&server))
            .per_page(2);
        let count = collections.len().await.unwrap();
        let listed = collections.slice(..).await.unwrap().iter();
        let mut names: Vec<String> = listed.map(|found| found.name().to_owned()).collect();
        names.sort();
        found.push((artifact_type.name().to_owned(), count, names));
    }
    found.sort();
    assert_eq!(found[0], ("dataset".into(), Some(1), vec!["d".into()]));
    assert_eq!(
        found[1],
        (
            "model".into(),
            Some(3),
            ["a", "b", "c"].map(String::from).to_vec()
        )
    );
}
