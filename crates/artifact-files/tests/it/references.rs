//! Entries whose bytes lie elsewhere.

use std::fs;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use tokio::net::TcpListener;
use wandb_devserver::ArtifactEntry;
use wandb_files::FilesError;
use wandb_transfer::{IfExists, TransferErrorKind};

use crate::setup::Setup;

/// The address of a server of somebody else's, which answers with the `Authorization` that it got.
async fn elsewhere() -> String {
    let shown = async |headers: HeaderMap| match headers.get("authorization") {
        Some(_) => "the key",
        None => "no key!",
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/x", listener.local_addr().unwrap());
    let app = Router::new().route("/x", get(shown));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn fetched(entry: ArtifactEntry) -> Result<Vec<u8>, FilesError> {
    let setup = Setup::new(vec![entry]).await;
    let file = setup.files("data").one("r").await?;
    assert!(file.is_reference());
    let folder = tempfile::tempdir().unwrap();
    let done = file.download(folder.path(), IfExists::Refuse).await?;
    Ok(fs::read(done.path).unwrap())
}

#[tokio::test]
async fn what_no_http_leads_to_is_told_with_its_address_and_not_touched() {
    for uri in [
        "s3://bucket/key",
        "gs://bucket/key",
        "file:///etc/hostname",
        "wandb-artifact://41727469666163743a31/x",
    ] {
        let error = fetched(ArtifactEntry::reference("r", uri, "etag"))
            .await
            .unwrap_err();
        assert!(
            matches!(&error, FilesError::Reference { uri: told, .. } if told == uri),
            "{error}"
        );
        assert!(error.to_string().contains(uri), "{error}");
    }
}

#[tokio::test]
async fn a_plain_address_is_fetched_whatever_its_etag() {
    let uri = elsewhere().await;
    for digest in ["an-etag", "0cc175b9c0f1b6a831c399e269772661", &uri] {
        let entry = ArtifactEntry::reference("r", &uri, digest);
        assert_eq!(
            fetched(entry.clone()).await.unwrap(),
            b"no key!",
            "of a size nobody knew"
        );
        assert_eq!(fetched(entry.size(7)).await.unwrap(), b"no key!");
    }
}

#[tokio::test]
async fn its_length_and_its_md5_are_checked() {
    let uri = elsewhere().await;
    let right = "/oEHtqfUBXL90/Ig1jqO/A==";
    let wrong = "XUFAKrxLKna5cZ2REBfFkg==";
    for entry in [
        ArtifactEntry::reference("r", &uri, "an-etag").size(6),
        ArtifactEntry::reference("r", &uri, wrong).size(7),
    ] {
        let error = fetched(entry).await.unwrap_err();
        assert!(
            matches!(&error, FilesError::Transfer(error) if error.kind() == TransferErrorKind::Integrity),
            "{error}"
        );
    }
    assert_eq!(
        fetched(ArtifactEntry::reference("r", &uri, right)).await.unwrap(),
        b"no key!"
    );
}

#[tokio::test]
async fn the_credential_stays_here_even_where_the_reference_leads_to_the_server_itself() {
    let setup = Setup::new(Vec::new()).await;
    let uri = format!("{}/files/e/p/r/a", setup.server.url());
    setup.log(vec![ArtifactEntry::reference("r", uri, "etag")]).await;
    let file = setup.files("data").one("r").await.unwrap();
    setup.server.clear_requests();
    let folder = tempfile::tempdir().unwrap();
    assert!(file.download(folder.path(), IfExists::Refuse).await.is_err());
    let requests = setup.server.requests();
    assert!(!requests.is_empty() && requests.iter().all(|request| !request.has_authorization));
}
