//! Bytes that have come need not come again, if they surely belong to the same object.

use std::sync::Mutex;
use std::time::Duration;

use wandb_http::RetryConfig;
use wandb_transfer::{IfExists, Parts, Root, Source, Transfer, TransferErrorKind, is_partial};

use crate::server::{Reply, Request, Server};
use crate::support::{Folder, Heard, client, content, says, source, transfer};

const LENGTH: usize = 200_000;
const LARGE: usize = 3_000_000;

/// Serves `bytes`, of which the first `cuts` answers bring only so many.
async fn cutting(bytes: Vec<u8>, etag: &'static str, cuts: &'static [usize]) -> Server {
    Server::start(move |n, request| {
        let reply = Reply::ranged(request, &bytes, etag);
        match cuts.get(n) {
            Some(cut) => reply.cut(*cut),
            None => reply,
        }
    })
    .await
}

fn once() -> Transfer {
    Transfer::new(client(Duration::from_secs(20))).with_retry(RetryConfig::none())
}

#[tokio::test]
async fn a_broken_body_goes_on_where_it_broke_off() {
    for (etag, md5) in [
        ("", true),
        ("\"one\"", true),
        ("\"one\"", false),
        ("W/\"one\"", true),
    ] {
        let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
        let server = cutting(bytes.clone(), etag, &[50_000, 0, 70_000]).await;
        let mut source = source(server.url("f"), &bytes);
        if !md5 {
            source = Source::new(server.url("f"));
        }
        transfer()
            .download(&source, &folder.root, "file", IfExists::Refuse, &heard)
            .await
            .expect("the file");
        assert_eq!(
            (folder.read("file"), folder.names()),
            (bytes, vec!["file".to_owned()])
        );
        assert_eq!(server.froms(), [0, 50_000, 50_000, 120_000]);
        let known = Some(etag).filter(|etag| etag.starts_with('"'));
        assert_eq!(server.requests()[3].header("if-range"), known);
        assert_eq!(*heard.bytes.lock().expect("no panic"), LENGTH as u64);
        assert_eq!(*heard.restarts.lock().expect("no panic"), 0);
        let retries = heard.retries.lock().expect("no panic");
        assert_eq!(retries.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(retries[0].1.contains("50000 of 200000 bytes"), "{retries:?}");
    }
}

#[tokio::test]
async fn without_a_digest_and_a_strong_tag_it_starts_over() {
    for etag in ["", "W/\"one\""] {
        let (bytes, folder) = (content(LENGTH), Folder::new());
        let server = cutting(bytes.clone(), etag, &[50_000]).await;
        folder
            .get(&Source::new(server.url("f")).with_size(LENGTH as u64))
            .await
            .expect("the file");
        assert_eq!((folder.read("file"), server.froms()), (bytes, vec![0, 0]));
    }
}

/// The answer to a request for the bytes from this place on.
type Wrong = fn(&[u8], usize) -> Reply;

#[tokio::test]
async fn answers_to_a_range_that_do_not_fit_are_not_used() {
    let wrongs: [(&str, Wrong); 7] = [
        ("the whole", |bytes, _| Reply::ok(bytes)),
        ("nothing there", |_, _| Reply::new(416, "")),
        ("another place", |bytes, _| {
            Reply::new(206, &bytes[1..]).header("Content-Range", format!("bytes 1-{}/{LENGTH}", LENGTH - 1))
        }),
        ("another object", |bytes, from| {
            Reply::new(206, &bytes[from..])
                .header("Content-Range", format!("bytes {from}-{}/{LENGTH}", LENGTH - 1))
                .header("ETag", "\"two\"")
        }),
        ("another length", |bytes, from| {
            Reply::new(206, &bytes[from..]).header(
                "Content-Range",
                format!("bytes {from}-{}/{}", LENGTH - 1, LENGTH + 1),
            )
        }),
        ("no place", |bytes, from| Reply::new(206, &bytes[from..])),
        ("encoded", |bytes, from| {
            Reply::new(206, &bytes[from..])
                .header("Content-Range", format!("bytes {from}-{}/{LENGTH}", LENGTH - 1))
                .header("Content-Encoding", "gzip")
        }),
    ];
    for (what, wrong) in wrongs {
        let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
        let body = bytes.clone();
        let server = Server::start(move |n, request| match request.range() {
            Some((from, _)) => wrong(&body, from),
            None if n == 0 => Reply::ok(body.clone()).cut(50_000).header("ETag", "\"one\""),
            None => Reply::ok(body.clone()).header("ETag", "\"one\""),
        })
        .await;
        bring(transfer(), &bytes, &server, &folder, &heard).await;
        assert_eq!(*heard.bytes.lock().expect("no panic"), LENGTH as u64, "{what}");
        assert_eq!(*heard.restarts.lock().expect("no panic"), 1, "{what}");
    }
}

#[tokio::test]
async fn an_object_that_changed_meanwhile_is_never_mixed() {
    let (old, new, folder) = (content(LENGTH), content(LENGTH + 5)[5..].to_vec(), Folder::new());
    let server = Server::start({
        let new = new.clone();
        move |n, request| match n {
            0 => Reply::ranged(request, &old, "\"one\"").cut(50_000),
            _ => Reply::ranged(request, &new, "\"two\""),
        }
    })
    .await;
    folder
        .get(&Source::new(server.url("f")).with_size(LENGTH as u64))
        .await
        .expect("the new one");
    assert!(folder.read("file") == new);
}

/// A download that gets `cut` bytes of `bytes` and fails.
async fn fail_after(folder: &Folder, bytes: &[u8], cut: usize, with_md5: bool) {
    let body = bytes.to_vec();
    let server = Server::start(move |_, request| Reply::ranged(request, &body, "").cut(cut)).await;
    let mut source = source(server.url("f"), bytes);
    if !with_md5 {
        source = source.with_md5(None);
    }
    let error = once()
        .download(&source, &folder.root, "file", IfExists::Refuse, &())
        .await
        .expect_err("it is cut");
    assert_eq!(error.kind(), TransferErrorKind::Network, "{error}");
}

/// A folder in which a download of these bytes has left the first 2,000,000.
async fn broken_off() -> (Vec<u8>, Folder) {
    let (bytes, folder) = (content(LARGE), Folder::new());
    fail_after(&folder, &bytes, 2_000_000, true).await;
    (bytes, folder)
}

/// Brings `bytes` from `server` to the file of which an earlier download may have left a part.
async fn bring(transfer: Transfer, bytes: &[u8], server: &Server, folder: &Folder, heard: &Heard) {
    // As a new process has it.
    let root = Root::open(folder.path()).expect("a root");
    let source = source(server.url("f"), bytes);
    let done = transfer.download(&source, &root, "file", IfExists::Refuse, heard);
    done.await.expect("the file");
    assert!(folder.read("file") == bytes);
}

fn partials(folder: &Folder) -> Vec<String> {
    let names = folder.names();
    assert!(names.iter().all(|name| is_partial(name)), "{names:?}");
    names
}

#[tokio::test]
async fn what_a_download_left_is_taken_up_by_the_next() {
    let ((bytes, folder), heard) = (broken_off().await, Heard::default());
    assert_eq!(partials(&folder).len(), 1);
    let server = cutting(bytes.clone(), "", &[]).await;
    bring(transfer(), &bytes, &server, &folder, &heard).await;
    assert_eq!(
        (server.froms(), folder.names()),
        (vec![2_000_000], vec!["file".to_owned()])
    );
    assert_eq!(*heard.resumed.lock().expect("no panic"), 2_000_000);
    assert_eq!(*heard.bytes.lock().expect("no panic"), 1_000_000);
}

#[tokio::test]
async fn nothing_is_left_that_cannot_be_taken_up() {
    let (bytes, folder) = (content(LARGE), Folder::new());
    fail_after(&folder, &bytes, 2_000_000, false).await;
    fail_after(&folder, &bytes, 1_000_000, true).await;
    let body = bytes.clone();
    let server = Server::start(move |_, _| Reply::ok(body.clone()).cut(2_000_000)).await;
    let no_length = source(server.url("f"), &bytes).with_size(None);
    folder.fails(&no_length, TransferErrorKind::Network).await;
    assert_eq!(folder.names(), [""; 0]);
}

#[tokio::test]
async fn all_that_a_killed_process_may_leave_ends_well() {
    let bytes = content(LARGE);
    let mut wrong = bytes.clone();
    wrong[1000] ^= 1;
    for (what, left, froms) in [
        ("nothing", vec![], vec![0]),
        ("the whole", bytes.clone(), vec![]),
        ("the beginning", bytes[..2_500_000].to_vec(), vec![2_500_000]),
        ("too much", [&bytes[..], b"more"].concat(), vec![0]),
        ("wrong bytes", wrong[..2_500_000].to_vec(), vec![2_500_000, 0]),
        ("wrong bytes to the end", wrong, vec![0]),
    ] {
        let (bytes, folder) = broken_off().await;
        let [partial] = partials(&folder).try_into().expect("one file");
        folder.write(&partial, &left);
        // Of another version, and of another file.
        let family = partial.rsplit_once('-').expect("two hashes").0;
        folder.write(&format!("{family}-0123456789abcdef.part"), b"old");
        folder.write(".wbf-0123456789abcdef-0123456789abcdef.part", b"other");
        let server = cutting(bytes.clone(), "", &[]).await;
        bring(transfer(), &bytes, &server, &folder, &Heard::default()).await;
        assert_eq!(server.froms(), froms, "{what}");
        assert_eq!(
            folder.names(),
            [".wbf-0123456789abcdef-0123456789abcdef.part", "file"],
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_kept_has_its_leftovers_removed() {
    let (bytes, folder) = broken_off().await;
    folder.write("file", &bytes);
    let root = Root::open(folder.path()).expect("a new process");
    let source = source("http://127.0.0.1:1/".parse().expect("an address"), &bytes);
    transfer()
        .download(&source, &root, "file", IfExists::Keep, &())
        .await
        .expect("kept");
    assert_eq!(folder.names(), ["file"]);
}

#[tokio::test]
async fn without_verification_nothing_is_taken_up() {
    let (bytes, folder) = broken_off().await;
    let server = cutting(bytes.clone(), "", &[]).await;
    let transfer = once().with_verify(false);
    bring(transfer, &bytes, &server, &folder, &Heard::default()).await;
    assert_eq!(
        (server.froms(), folder.names()),
        (vec![0], vec!["file".to_owned()])
    );
}

#[tokio::test]
async fn a_dropped_download_is_taken_up() {
    let bytes = content(LARGE);
    for parts in [
        Parts::none(),
        Parts {
            threshold: 0,
            size: 400_000,
            connections: 3,
            slow_below: u64::MAX,
        },
    ] {
        let (folder, heard) = (Folder::new(), Heard::default());
        let asked: Mutex<u64> = Mutex::new(0);
        let server = Server::start({
            let bytes = bytes.clone();
            move |_, request: &Request| {
                let reply = Reply::ranged(request, &bytes, "\"one\"");
                let mut asked = asked.lock().expect("no panic");
                *asked += 1;
                // In one piece, or in parts of which the fifth and all later ones stop in their middle.
                match reply.body_length() {
                    LARGE => reply.cut(2_000_000).stall(),
                    _ if *asked > 4 => reply.cut(200_000).stall(),
                    _ => reply,
                }
            }
        })
        .await;
        let (transfer, wanted) = (transfer().with_parts(parts), source(server.url("f"), &bytes));
        let mut download =
            Box::pin(transfer.download(&wanted, &folder.root, "file", IfExists::Refuse, &heard));
        // What nothing was written to is not kept, and bytes that have come may wait to be written.
        let is_written = || {
            let partial = partials(&folder).pop()?;
            let there = std::fs::read(folder.path().join(partial)).ok()?;
            Some(
                there.get(..4096) == bytes.get(..4096)
                    && there.get(300_000..304_096) == bytes.get(300_000..304_096),
            )
        };
        while *heard.bytes.lock().expect("no panic") < 2_000_000 || is_written() != Some(true) {
            let more = tokio::time::timeout(Duration::from_millis(5), &mut download).await;
            assert!(more.is_err(), "it cannot be done: {more:?}");
        }
        drop(download);
        assert_eq!(partials(&folder).len(), 1);

        // The thread that writes may hold the file for a moment more.
        let path = folder.path().join(&partials(&folder)[0]);
        while std::fs::File::open(&path).expect("a file").try_lock().is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let (server, heard) = (cutting(bytes.clone(), "", &[]).await, Heard::default());
        bring(transfer, &bytes, &server, &folder, &heard).await;
        assert_eq!(folder.names(), ["file"]);
        assert!(*heard.resumed.lock().expect("no panic") >= 1_500_000);
        let both = *heard.resumed.lock().expect("no panic") + *heard.bytes.lock().expect("no panic");
        assert_eq!(both, LARGE as u64);
    }
}

#[tokio::test]
async fn wrong_bytes_are_fetched_once_more_from_the_start() {
    let (bytes, folder) = (content(LARGE), Folder::new());
    let mut wrong = bytes.clone();
    wrong[LARGE - 1] ^= 1;
    let server = Server::start(move |_, request| Reply::ranged(request, &wrong, "")).await;
    let error = folder
        .fails(&source(server.url("f"), &bytes), TransferErrorKind::Integrity)
        .await;
    says(&error, &["MD5", "tried 2 times"]);
    assert_eq!(server.froms(), [0, 0]);
}
