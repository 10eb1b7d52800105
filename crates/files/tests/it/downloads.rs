//! From a listed file to its bytes.

use std::fs;

use futures::TryStreamExt as _;
use serde_json::json;
use wandb_devserver::{Fault, Listener};
use wandb_files::{FilesError, Via};
use wandb_transfer::IfExists;

use crate::setup::Setup;

#[tokio::test]
async fn a_file_comes_whole_and_into_its_folder() {
    let setup = Setup::new(&[("media/a.txt", b"content")]).await;
    let file = setup.files().one("media/a.txt").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let done = file.download(folder.path(), IfExists::Refuse).await.unwrap();
    assert_eq!(done.path, folder.path().join("media/a.txt"));
    assert_eq!(fs::read(&done.path).unwrap(), b"content");

    assert!(file.download(folder.path(), IfExists::Refuse).await.is_err());
    assert_eq!(
        file.download(folder.path(), IfExists::Keep).await.unwrap().bytes,
        7
    );
    assert!(file.download(folder.path(), IfExists::Replace).await.is_ok());
}

/// Where each request went, and whether the credential went with it.
fn seen(setup: &Setup) -> Vec<(Listener, bool)> {
    let requests = setup.server.requests();
    requests
        .iter()
        .map(|request| (request.listener, request.has_authorization))
        .collect()
}

const API: (Listener, bool) = (Listener::Api, true);
const STORAGE: (Listener, bool) = (Listener::Storage, false);
const EXPIRED: &str = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";

async fn fetch(setup: &Setup, via: Via) -> Result<(), FilesError> {
    let file = setup.files().via(via).one("a").await?;
    setup.server.clear_requests();
    let folder = tempfile::tempdir().unwrap();
    let done = file.download(folder.path(), IfExists::Refuse).await?;
    assert_eq!(fs::read(&done.path).unwrap(), b"content");
    Ok(())
}

#[tokio::test]
async fn one_request_a_file_and_the_credential_stays_with_the_server() {
    let setup = Setup::new(&[("a", b"content")]).await;
    for (via, expected) in [
        (Via::Auto, vec![STORAGE]),
        (Via::Direct, vec![STORAGE]),
        (Via::Api, vec![API, STORAGE]),
    ] {
        fetch(&setup, via).await.unwrap();
        assert_eq!(seen(&setup), expected, "{via:?}");
    }
}

#[tokio::test]
async fn an_address_that_has_expired_is_replaced() {
    let setup = Setup::new(&[("a", b"content")]).await;
    let expired = || Fault::on_storage("").reply(403, &[], EXPIRED);
    for (via, expected) in [
        (Via::Auto, vec![STORAGE, API, STORAGE]),
        // Here the request to the API asks for the file again.
        (Via::Direct, vec![STORAGE, API, STORAGE]),
    ] {
        setup.server.inject(expired());
        fetch(&setup, via).await.unwrap();
        assert_eq!(seen(&setup), expected, "{via:?}");
        let asked_again = setup.server.graphql_requests().len();
        assert_eq!(asked_again, usize::from(via == Via::Direct));
    }
    setup.server.inject(expired().times(u32::MAX));
    let error = fetch(&setup, Via::Auto).await.unwrap_err().to_string();
    assert!(error.contains("403") && !error.contains("Signature="), "{error}");
}

#[tokio::test]
async fn storage_that_cannot_be_reached_is_left_for_the_server() {
    let setup = Setup::new(&[("a", b"content")]).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let direct = format!("http://{}/a?X-Amz-Signature=1", nobody.local_addr().unwrap());
    drop(nobody);
    for direct in [direct.as_str(), "s3://bucket/a", "", "no address"] {
        let body = json!({"data": {"project": {"run": {"files": {
            "edges": [{"cursor": "c", "node": {"name": "a", "url": "/files/e/p/r/a", "directUrl": direct, "sizeBytes": 7}}],
            "pageInfo": {"hasNextPage": false},
        }}}}});
        setup
            .server
            .inject(Fault::on_graphql().reply(200, &[], body.to_string()));
        fetch(&setup, Via::Auto).await.unwrap();
        assert_eq!(seen(&setup), [API, STORAGE], "{direct}");
    }
}

#[tokio::test]
async fn a_reference_is_told_without_a_request() {
    let setup = Setup::new(&[]).await;
    setup
        .server
        .add_reference("e", "p", "r", "a", "s3://bucket/some key")
        .await
        .unwrap();
    for via in [Via::Auto, Via::Direct, Via::Api] {
        let error = fetch(&setup, via).await.unwrap_err().to_string();
        assert!(error.contains("s3://bucket/some key"), "{error}");
        assert_eq!(seen(&setup), []);
    }
}

#[tokio::test]
async fn a_stream_gives_the_bytes() {
    let setup = Setup::new(&[("a", b"content")]).await;
    let file = setup.files().one("a").await.unwrap();
    let chunks: Vec<_> = file.stream().await.unwrap().try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"content");
}

#[tokio::test]
async fn a_missing_file_costs_no_request() {
    let setup = Setup::new(&[]).await;
    let mut files = setup.files().names(["nope"]).paginate().unwrap();
    let file = files.next().await.unwrap().unwrap().clone();
    setup.server.clear_requests();
    let error = file
        .download(tempfile::tempdir().unwrap().path(), IfExists::Refuse)
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("e/p/r has no file \"nope\""),
        "{error}"
    );
    assert_eq!(setup.server.requests().len(), 0);
}

#[tokio::test]
async fn an_address_without_a_host_is_the_servers() {
    let setup = Setup::new(&[("a", b"content")]).await;
    let body = json!({"data": {"project": {"run": {"files": {
        "edges": [{"cursor": "c", "node": {"name": "a", "url": "/files/e/p/r/a"}}],
        "pageInfo": {"hasNextPage": false},
    }}}}});
    setup
        .server
        .inject(Fault::on_graphql().reply(200, &[], body.to_string()));
    let file = setup
        .files()
        .paginate()
        .unwrap()
        .next()
        .await
        .unwrap()
        .unwrap()
        .clone();
    let folder = tempfile::tempdir().unwrap();
    file.download(folder.path(), IfExists::Refuse).await.unwrap();
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"content");
}

#[tokio::test]
async fn a_file_without_an_address_is_told() {
    let setup = Setup::new(&[]).await;
    let body = json!({"data": {"project": {"run": {"files": {
        "edges": [{"cursor": "c", "node": {"name": "a", "url": "", "directUrl": null}}],
        "pageInfo": {"hasNextPage": false},
    }}}}});
    setup
        .server
        .inject(Fault::on_graphql().reply(200, &[], body.to_string()));
    let file = setup
        .files()
        .paginate()
        .unwrap()
        .next()
        .await
        .unwrap()
        .unwrap()
        .clone();
    let error = file
        .download(tempfile::tempdir().unwrap().path(), IfExists::Refuse)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the server gave no usable address for \"a\""),
        "{error}"
    );
}
