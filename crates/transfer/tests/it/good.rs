//! What goes well: bytes, folders, and the three ways with a file that exists.

use std::sync::Arc;
use std::time::Duration;

use wandb_transfer::{IfExists, Source, Status, TransferErrorKind};

use crate::server::{Reply, Server};
use crate::support::{Folder, Heard, content, md5, quick_retry, says, source, transfer};

async fn serving(body: Vec<u8>) -> Server {
    Server::start(move |_, _| Reply::ok(body.clone())).await
}

#[tokio::test]
async fn files_of_any_length_come_whole_with_one_request_each() {
    for length in [0, 1, 70_000, 3_000_000] {
        let (bytes, folder) = (content(length), Folder::new());
        let server = serving(bytes.clone()).await;
        let done = folder
            .get_as("a/b/file", &source(server.url("x"), &bytes), IfExists::Refuse)
            .await
            .expect("the file");
        assert_eq!(done.path, folder.path().join("a/b/file"));
        assert_eq!((done.bytes, done.status), (length as u64, Status::Downloaded));
        assert_eq!(folder.read("a/b/file"), bytes);
        assert_eq!(folder.names(), ["a/", "a/b/", "a/b/file"]);
        assert_eq!(server.count(), 1);
        assert_eq!(server.requests()[0].header("accept-encoding"), Some("identity"));
        assert_eq!(server.requests()[0].header("authorization"), None);
    }
}

#[tokio::test]
async fn nothing_needs_to_be_known_of_a_file() {
    let (bytes, folder) = (content(1000), Folder::new());
    let server = Server::start({
        let bytes = bytes.clone();
        move |_, request| match request.target.as_str() {
            "/length" => Reply::ok(bytes.clone()),
            "/chunked" => Reply::ok(bytes.clone()).chunked(),
            _ => Reply::ok(bytes.clone()).until_close(),
        }
    })
    .await;
    for name in ["length", "chunked", "close"] {
        let source = Source::new(server.url(name));
        folder.get_as(name, &source, IfExists::Refuse).await.expect(name);
        assert_eq!(folder.read(name), bytes);
    }
}

#[tokio::test]
async fn an_existing_file_is_refused_without_a_request() {
    let (bytes, folder) = (content(10), Folder::new());
    let server = serving(bytes.clone()).await;
    folder.write("file", b"mine");
    let error = folder
        .get(&source(server.url(""), &bytes))
        .await
        .expect_err("exists");
    assert_eq!((error.kind(), error.attempts()), (TransferErrorKind::Exists, 0));
    says(&error, &["\"file\"", "exists already", "replace", "exist_ok"]);
    assert_eq!((folder.read("file"), server.count()), (b"mine".to_vec(), 0));
}

#[tokio::test]
async fn an_existing_file_is_replaced() {
    let (bytes, folder) = (content(10), Folder::new());
    let server = serving(bytes.clone()).await;
    folder.write("file", b"mine, and longer than the new one");
    let done = folder
        .get_as("file", &source(server.url(""), &bytes), IfExists::Replace)
        .await
        .expect("the file");
    assert_eq!(done.status, Status::Downloaded);
    assert_eq!(
        (folder.read("file"), folder.names()),
        (bytes, vec!["file".to_owned()])
    );
}

#[tokio::test]
async fn an_existing_file_is_kept_only_if_it_is_right() {
    let (bytes, folder) = (content(10), Folder::new());
    let server = serving(bytes.clone()).await;
    let whole = source(server.url(""), &bytes);
    let mut wrong = bytes.clone();
    wrong[5] ^= 1;

    folder.write("file", &bytes);
    let kept = folder.get_as("file", &whole, IfExists::Keep).await.expect("kept");
    assert_eq!((kept.status, kept.bytes, server.count()), (Status::Kept, 10, 0));

    for (n, damaged) in [&bytes[..9], &wrong, b""].into_iter().enumerate() {
        folder.write("file", damaged);
        let done = folder
            .get_as("file", &whole, IfExists::Keep)
            .await
            .expect("fetched");
        assert_eq!((done.status, server.count()), (Status::Downloaded, n + 1));
        assert_eq!(folder.read("file"), bytes);
    }

    folder.write("file", b"whatever");
    let unknown = Source::new(server.url(""));
    let kept = folder
        .get_as("file", &unknown, IfExists::Keep)
        .await
        .expect("kept");
    assert_eq!((kept.status, kept.bytes), (Status::Kept, 8));
    let known_size = unknown.with_size(7);
    folder
        .get_as("file", &known_size, IfExists::Keep)
        .await
        .expect_err("the server sends 10");
    assert_eq!(folder.read("file"), b"whatever");
}

#[tokio::test]
async fn an_existing_file_is_trusted_whatever_it_is() {
    let (bytes, folder) = (content(10), Folder::new());
    let server = serving(bytes.clone()).await;
    let source = source(server.url(""), &bytes);
    folder.write("file", b"short");
    let kept = folder
        .get_as("file", &source, IfExists::Trust)
        .await
        .expect("kept");
    assert_eq!((kept.status, kept.bytes, server.count()), (Status::Kept, 5, 0));
    let done = folder
        .get_as("other", &source, IfExists::Trust)
        .await
        .expect("fetched");
    assert_eq!((done.status, folder.read("other")), (Status::Downloaded, bytes));
}

#[tokio::test]
async fn without_verification_only_the_length_counts() {
    let (bytes, folder) = (content(1000), Folder::new());
    let server = serving(bytes.clone()).await;
    let mut other = bytes.clone();
    other[5] ^= 1;
    let blind = transfer().with_verify(false).with_fsync(true);
    let get = async |source: &Source| {
        blind
            .download(source, &folder.root, "file", IfExists::Replace, &())
            .await
    };
    get(&source(server.url(""), &other))
        .await
        .expect("it has the right length");
    assert_eq!(folder.read("file"), bytes);
    let error = get(&source(server.url(""), &other[..999]))
        .await
        .expect_err("a wrong length");
    assert_eq!(error.kind(), TransferErrorKind::Integrity);
    assert_eq!(folder.names(), ["file"]);
}

#[tokio::test]
async fn progress_is_told_in_order() {
    let (bytes, folder, heard) = (content(200_000), Folder::new(), Heard::default());
    let server = Server::start({
        let bytes = bytes.clone();
        move |n, _| {
            if n == 0 {
                Reply::ok(bytes.clone()).cut(100_000)
            } else {
                Reply::ok(bytes.clone())
            }
        }
    })
    .await;
    let source = source(server.url(""), &bytes);
    transfer()
        .download(&source, &folder.root, "file", IfExists::Refuse, &heard)
        .await
        .expect("the file");
    assert_eq!(*heard.starts.lock().expect("no panic"), [Some(200_000)]);
    assert_eq!(*heard.bytes.lock().expect("no panic"), 200_000);
    assert_eq!(*heard.restarts.lock().expect("no panic"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_of_one_name_at_once_do_not_mix() {
    let (bytes, folder) = (content(500_000), Arc::new(Folder::new()));
    let server = serving(bytes.clone()).await;
    for (if_exists, winners) in [(IfExists::Refuse, 1), (IfExists::Replace, 8), (IfExists::Keep, 8)] {
        let name = format!("folder/{if_exists:?}");
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (folder, name, source) = (Arc::clone(&folder), name.clone(), source(server.url(""), &bytes));
            tasks.spawn(async move { folder.get_as(&name, &source, if_exists).await });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), winners);
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(error.kind(), TransferErrorKind::Exists, "{error}");
        }
        assert_eq!(folder.read(&name), bytes);
    }
    assert_eq!(
        folder.names(),
        ["folder/", "folder/Keep", "folder/Refuse", "folder/Replace"]
    );
}

#[tokio::test]
async fn a_file_that_appears_meanwhile_is_not_overwritten() {
    let (bytes, folder) = (content(10), Folder::new());
    let path = folder.path().join("file");
    let server = Server::start({
        let bytes = bytes.clone();
        move |_, _| {
            std::fs::write(&path, b"mine").expect("a file");
            Reply::ok(bytes.clone())
        }
    })
    .await;
    let error = folder
        .get(&source(server.url(""), &bytes))
        .await
        .expect_err("exists");
    assert_eq!((error.kind(), error.attempts()), (TransferErrorKind::Exists, 1));
    assert_eq!(
        (folder.read("file"), folder.names()),
        (b"mine".to_vec(), vec!["file".to_owned()])
    );
}

#[tokio::test]
async fn a_transfer_that_is_dropped_leaves_nothing() {
    // A small file is not on the disk at all before it is whole.
    for (size, partials) in [(100_000, 0), (200_000, 1)] {
        let (bytes, folder, heard) = (content(size), Folder::new(), Heard::default());
        let server = Server::start({
            let bytes = bytes.clone();
            move |_, _| Reply::ok(bytes.clone()).cut(size / 2).stall()
        })
        .await;
        let (transfer, source) = (transfer(), source(server.url(""), &bytes));
        let mut download =
            Box::pin(transfer.download(&source, &folder.root, "file", IfExists::Refuse, &heard));
        while *heard.bytes.lock().expect("no panic") < size as u64 / 2 {
            let more = tokio::time::timeout(Duration::from_millis(5), &mut download).await;
            assert!(more.is_err(), "it cannot be done: {more:?}");
        }
        let names = folder.names();
        assert_eq!(names.len(), partials, "{names:?}");
        assert!(
            names
                .iter()
                .all(|name| name.starts_with(".wbf-") && name.ends_with(".part")),
            "{names:?}"
        );
        drop(download);
        assert_eq!(folder.names(), [""; 0]);
    }
}

#[tokio::test]
async fn building_one_sends_nothing_and_debug_shows_no_secret() {
    let server = serving(Vec::new()).await;
    let base = server.url("");
    let transfer =
        transfer().with_credentials(Arc::new(wandb_http::Credential::api_key(&base, "the-secret-key")));
    let source = Source::new(server.url("f?X-Amz-Signature=the-secret-signature")).with_md5(md5(b""));
    let shown = format!("{transfer:?} {source:?} {:?}", quick_retry());
    assert!(!shown.contains("the-secret"), "{shown}");
    assert_eq!(server.count(), 0);
}
