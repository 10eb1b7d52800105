//! From a listed file to its bytes.

use std::fs;

use futures::TryStreamExt as _;
use serde_json::json;
use wandb_devserver::Fault;
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

#[tokio::test]
async fn the_credential_stays_with_the_server() {
    let setup = Setup::new(&[("a", b"content")]).await;
    let file = setup.files().one("a").await.unwrap();
    setup.server.clear_requests();
    file.download(tempfile::tempdir().unwrap().path(), IfExists::Refuse)
        .await
        .unwrap();
    let seen: Vec<bool> = setup
        .server
        .requests()
        .iter()
        .map(|request| request.has_authorization)
        .collect();
    assert_eq!(seen, [true, false], "the server, then its storage");
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
