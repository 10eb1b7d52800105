//! From this machine, or another run, into a run.

use std::fs;
use std::time::Instant;

use futures::stream;
use wandb_devserver::{Builder, DevServer, Fault, Feature, RecordedRequest};
use wandb_files::{FilesError, Upload, UploadEvent};
use wandb_transfer::{Content, Step};

use crate::setup::Setup;

async fn server(builder: Builder) -> Setup {
    let server = builder.start().await.unwrap();
    server.add_run("e", "p", "r").await.unwrap();
    Setup { server }
}

fn upload(name: &str, content: &str) -> Result<Upload, FilesError> {
    Ok(Upload::new(name, Content::bytes(content.to_owned())))
}

/// Names and outcomes, sorted: `ok` with the md5 that the server lists, or the error.
async fn uploaded(setup: &Setup, uploads: Vec<Result<Upload, FilesError>>) -> Vec<(String, String)> {
    let mut events = setup.files().upload_all(stream::iter(uploads), 8);
    let mut outcomes = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            UploadEvent::File(upload, Step::Finished(stored)) => {
                let file = stored.file.unwrap();
                assert_eq!(file.name(), upload.name());
                assert_eq!(file.size(), stored.bytes);
                outcomes.push((upload.name().to_owned(), file.md5().unwrap_or("none").to_owned()));
            }
            UploadEvent::File(upload, Step::Failed(error)) => {
                outcomes.push((upload.name().to_owned(), error.to_string()));
            }
            UploadEvent::Source(error) => outcomes.push(("source".to_owned(), error.to_string())),
            UploadEvent::Stopped(error) => outcomes.push(("stopped".to_owned(), error.to_string())),
            _ => {}
        }
    }
    outcomes.sort();
    outcomes
}

/// How many requests of each kind there were.
fn counted(requests: &[RecordedRequest]) -> Vec<(String, usize)> {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for request in requests {
        let kind = request
            .operation
            .clone()
            .unwrap_or_else(|| request.method.clone());
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    kinds.sort();
    kinds
}

const HELLO: &str = "XUFAKrxLKna5cZ2REBfFkg==";

#[tokio::test]
async fn addresses_and_confirmations_come_for_a_hundred_files_at_once() {
    let setup = Setup::new(&[]).await;
    let uploads = (0..250).map(|n| upload(&format!("d/{n}"), "hello")).collect();
    let begun = Instant::now();
    let outcomes = uploaded(&setup, uploads).await;
    let seconds = begun.elapsed().as_secs();
    assert_eq!(outcomes.len(), 250);
    assert!(outcomes.iter().all(|(_, md5)| md5 == HELLO), "{outcomes:?}");
    let requests = counted(&setup.server.requests());
    assert_eq!(requests[0], ("CreateRunFiles".to_owned(), 3));
    assert_eq!(requests[2], ("PUT".to_owned(), 250));
    // A batch is full, or the last, or has waited for a second.
    let batches = u64::try_from(requests[1].1).unwrap();
    assert!(
        (3..=3 + seconds).contains(&batches),
        "{requests:?} in {seconds} s"
    );
    assert_eq!(requests[1].1, requests[3].1, "{requests:?}");
}

#[tokio::test]
async fn every_kind_of_server_takes_uploads() {
    let kinds: [fn(Builder) -> Builder; 8] = [
        |new| new,
        |new| new.without(Feature::CreateRunFiles),
        |new| {
            new.without(Feature::CreateRunFiles)
                .without(Feature::Introspection)
        },
        |new| new.without(Feature::MarkRunFilesUploaded),
        |new| {
            new.without(Feature::MarkRunFilesUploaded)
                .without(Feature::Introspection)
        },
        |new| new.list_when_marked(true),
        |new| new.relative_upload_urls(true).prefix("/wandb"),
        |new| new.azure(true),
    ];
    for (kind, with) in kinds.into_iter().enumerate() {
        let setup = server(with(DevServer::builder())).await;
        let uploads = vec![upload("a b#?%/é.txt", "hello"), upload("empty", "")];
        assert_eq!(
            uploaded(&setup, uploads).await,
            [
                ("a b#?%/é.txt".to_owned(), HELLO.to_owned()),
                ("empty".to_owned(), "1B2M2Y8AsgTpgAmY7PhCfg==".to_owned()),
            ],
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_server_without_digests_is_asked_for_the_size() {
    let setup = server(DevServer::builder().without(Feature::Md5)).await;
    assert_eq!(
        uploaded(&setup, vec![upload("a", "hello")]).await,
        [("a".to_owned(), "none".to_owned())]
    );
}

#[tokio::test]
async fn what_is_listed_late_is_waited_for() {
    let setup = server(DevServer::builder().listing_delay(3)).await;
    assert_eq!(
        uploaded(&setup, vec![upload("a", "hello")]).await,
        [("a".to_owned(), HELLO.to_owned())]
    );
}

#[tokio::test]
async fn two_files_of_one_name_do_not_race() {
    let setup = Setup::new(&[]).await;
    let outcomes = uploaded(&setup, vec![upload("a", "hello"), upload("a", "other")]).await;
    assert_eq!(outcomes[0].1, HELLO);
    assert!(
        outcomes[1]
            .1
            .contains("another file is uploaded as \"a\" already"),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_stops_no_other() {
    let setup = Setup::new(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("there"), "hello").unwrap();
    let local = |name: &str| Ok(Upload::new(name, Content::file(folder.path().join(name))));
    let outcomes = uploaded(&setup, vec![local("gone"), local("there")]).await;
    assert!(outcomes[0].1.contains("there is no such file"), "{outcomes:?}");
    assert_eq!(outcomes[1].1, HELLO);
    assert_eq!(counted(&setup.server.requests())[2], ("PUT".to_owned(), 1));
}

#[tokio::test]
async fn a_wrong_key_ends_it_at_once() {
    let setup = Setup::new(&[]).await;
    setup.server.inject(
        Fault::on_graphql()
            .times(u32::MAX)
            .reply(401, &[], "user is not logged in"),
    );
    let uploads = (0..300).map(|n| upload(&n.to_string(), "hello")).collect();
    let outcomes = uploaded(&setup, uploads).await;
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(outcomes[0].0, "stopped");
    assert_eq!(setup.server.requests().len(), 1);
}

#[tokio::test]
async fn an_address_that_expired_is_asked_for_again() {
    let setup = Setup::new(&[]).await;
    setup
        .server
        .inject(Fault::on_storage("/a").method("PUT").expired());
    assert_eq!(
        uploaded(&setup, vec![upload("a", "hello")]).await,
        [("a".to_owned(), HELLO.to_owned())]
    );
    assert_eq!(
        counted(&setup.server.requests())[0],
        ("CreateRunFiles".to_owned(), 2)
    );
}

#[tokio::test]
async fn nothing_is_sent_before_the_stream_is_polled() {
    let setup = Setup::new(&[]).await;
    let events = setup.files().upload_all(stream::iter([upload("a", "hello")]), 8);
    tokio::task::yield_now().await;
    drop(events);
    assert_eq!(setup.server.requests().len(), 0);
}

#[tokio::test]
async fn a_copy_carries_the_bytes_of_storage() {
    let setup = Setup::new(&[("a", b"hello"), ("d/b c", b"")]).await;
    setup.server.add_run("e", "p", "copy").await.unwrap();
    let target = setup.files_of(wandb_files::RunPath::new("e", "p", "copy"));
    let mut events = setup.files().copy_to(&target, 8).unwrap();
    let mut done = 0;
    while let Some(event) = events.next().await {
        match event {
            UploadEvent::File(_, Step::Finished(_)) => done += 1,
            UploadEvent::File(_, Step::Failed(error)) | UploadEvent::Source(error) => panic!("{error}"),
            _ => {}
        }
    }
    assert_eq!(done, 2);
    let listed = target.select().await.unwrap();
    assert_eq!(listed.files.iter().map(wandb_files::File::size).sum::<u64>(), 5);
}
