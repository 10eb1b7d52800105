//! From a listed file to its bytes.

use std::fs;

use futures::TryStreamExt as _;
use wandb_devserver::{ArtifactEntry, Fault, Listener};
use wandb_files::{FileEvent, Via};
use wandb_transfer::{BulkOptions, IfExists, Root, Step, TransferErrorKind};

use crate::setup::{Setup, named};

#[tokio::test]
async fn a_whole_version_comes_home_in_one_request_and_one_for_each_file() {
    let setup = Setup::new(named(&["a", "b/c", "d"])).await;
    let folder = tempfile::tempdir().unwrap();
    let root = Root::open(folder.path()).unwrap();
    let files = setup.files("data").names(["a", "b/c", "nope"]);
    let mut downloads = files.download_all(&root, BulkOptions::default()).unwrap();
    let (mut done, mut missing) = (Vec::new(), Vec::new());
    while let Some(event) = downloads.next().await {
        match event {
            FileEvent::File(file, Step::Finished(_)) => done.push(file.name().to_owned()),
            FileEvent::Missing(name, error) => missing.push((name, error.to_string())),
            FileEvent::File(_, Step::Failed(error)) | FileEvent::Listing(error) => panic!("{error}"),
            _ => {}
        }
    }
    done.sort();
    assert_eq!(done, ["a", "b/c"]);
    assert_eq!(missing.len(), 1);
    assert!(missing[0].1.contains(r#"has no file "nope""#), "{missing:?}");
    assert_eq!(fs::read(folder.path().join("b/c")).unwrap(), b"b/c");
    let requests = setup.server.requests();
    assert_eq!(requests.len(), 3);
    let storage = requests
        .iter()
        .filter(|request| request.listener == Listener::Storage);
    assert!(storage.clone().count() == 2 && storage.clone().all(|request| !request.has_authorization));
}

#[tokio::test]
async fn wrong_bytes_of_the_right_length_are_not_taken() {
    let setup = Setup::new(vec![ArtifactEntry::file("a", "content")]).await;
    let file = setup.files("data").one("a").await.unwrap();
    setup
        .server
        .inject(Fault::on_storage("").reply(200, &[], "CONTENT").times(u32::MAX));
    let folder = tempfile::tempdir().unwrap();
    let error = file.download(folder.path(), IfExists::Refuse).await.unwrap_err();
    assert!(
        matches!(&error, wandb_files::FilesError::Transfer(error) if error.kind() == TransferErrorKind::Integrity),
        "{error}"
    );
    assert!(!folder.path().join("a").exists());
}

#[tokio::test]
async fn it_can_be_streamed_and_come_by_way_of_the_server() {
    let setup = Setup::new(vec![ArtifactEntry::file("a", "content")]).await;
    let files = setup
        .files("data")
        .with_context(|context| context.with_via(Via::Api));
    let file = files.one("a").await.unwrap();
    setup.server.clear_requests();
    let content: Vec<_> = file.stream().await.unwrap().try_collect().await.unwrap();
    assert_eq!(content.concat(), b"content");
    let went: Vec<_> = setup
        .server
        .requests()
        .iter()
        .map(|request| request.listener)
        .collect();
    assert_eq!(went, [Listener::Api, Listener::Storage]);
}

#[tokio::test]
async fn an_address_that_has_expired_is_asked_for_again() {
    let setup = Setup::new(vec![ArtifactEntry::file("a", "content")]).await;
    let files = setup
        .files("data:latest")
        .with_context(|context| context.with_via(Via::Direct));
    let file = files.one("a").await.unwrap();
    setup.log(vec![ArtifactEntry::file("a", "another")]).await;
    setup.server.clear_requests();
    let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    setup
        .server
        .inject(Fault::on_storage("").reply(403, &[], expired));
    let folder = tempfile::tempdir().unwrap();
    let done = file.download(folder.path(), IfExists::Refuse).await.unwrap();
    assert_eq!(
        fs::read(done.path).unwrap(),
        b"content",
        "of the version that was listed"
    );
    assert_eq!(setup.asked(), 1);
}
