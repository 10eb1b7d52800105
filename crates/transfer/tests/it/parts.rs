//! Large files, in parts at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;
use wandb_devserver::{DevServer, Fault, Listener};
use wandb_http::Credential;
use wandb_transfer::{IfExists, Parts, Source, Transfer, TransferErrorKind};

use crate::server::{Reply, Request, Server};
use crate::support::{Folder, Heard, content, quick_retry, says, source, transfer};

const LENGTH: usize = 2_500_000;
const PART: usize = 300_000;

fn in_parts() -> Transfer {
    transfer().with_parts(Parts {
        threshold: 1_000_000,
        size: PART as u64,
        connections: 4,
        slow_below: u64::MAX,
    })
}

async fn get(source: &Source, folder: &Folder, heard: &Heard) -> Result<(), wandb_transfer::TransferError> {
    in_parts()
        .download(source, &folder.root, "file", IfExists::Refuse, heard)
        .await
        .map(drop)
}

#[tokio::test]
async fn every_part_is_asked_for_once() {
    for (etag, md5) in [("", true), ("\"one\"", true), ("", false)] {
        let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
        let body = bytes.clone();
        let server = Server::start(move |_, request| Reply::ranged(request, &body, etag)).await;
        let mut wanted = source(server.url("f"), &bytes);
        if !md5 {
            wanted = wanted.with_md5(None);
        }
        get(&wanted, &folder, &heard).await.expect("the file");
        assert!(folder.read("file") == bytes);
        assert_eq!(folder.names(), ["file"]);
        let mut ranges: Vec<_> = server.requests().iter().map(Request::range).collect();
        ranges.sort_unstable();
        let expected: Vec<_> = (0..LENGTH)
            .step_by(PART)
            .map(|from| Some((from, Some((from + PART).min(LENGTH)))))
            .collect();
        assert_eq!(ranges, expected);
        assert_eq!(*heard.bytes.lock().expect("no panic"), LENGTH as u64);
        assert_eq!(*heard.starts.lock().expect("no panic"), [Some(LENGTH as u64)]);
    }
}

/// Each connection of the server brings so many bytes in a second, and one that brings fewer than `slow_below` is slow: the
/// ranges of parts of `size` bytes that are asked for.
async fn ranges_of(rate: u64, slow_below: u64, size: usize, fault: Option<Fault>) -> Vec<String> {
    let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
    let server = DevServer::builder().rate(rate).start().await.expect("a server");
    let added = server.add_file("team", "project", "run", "f", &bytes).await;
    added.expect("a file");
    if let Some(fault) = fault {
        server.inject(fault);
    }
    let base: Url = server.url().parse().expect("an address");
    let url = base.join("files/team/project/run/f").expect("an address");
    let transfer = transfer().with_credentials(Arc::new(Credential::api_key(&base, server.api_key())));
    let parts = Parts {
        threshold: 500_000,
        size: size as u64,
        connections: 4,
        slow_below,
    };
    let (transfer, wanted) = (transfer.with_parts(parts), source(url, &bytes));
    let done = transfer.download(&wanted, &folder.root, "file", IfExists::Refuse, &heard);
    done.await.expect("the file");
    assert!(folder.read("file") == bytes);
    assert_eq!(folder.names(), ["file"]);
    assert_eq!(*heard.bytes.lock().expect("no panic"), LENGTH as u64);
    let requests = server.requests();
    let stored = requests
        .iter()
        .filter(|request| request.listener == Listener::Storage);
    stored
        .map(|request| request.header("range").unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn a_connection_that_is_not_slow_brings_all() {
    assert_eq!(ranges_of(0, 1, PART, None).await, ["bytes=0-"]);
}

#[tokio::test]
async fn what_a_slow_connection_has_not_brought_comes_in_parts() {
    let ranges = ranges_of(3_000_000, 1 << 40, PART, None).await;
    assert_eq!(ranges[0], "bytes=0-");
    assert!(ranges.len() > 2, "{ranges:?}");
    let last = format!("bytes={}-{}", LENGTH / PART * PART, LENGTH - 1);
    assert_eq!(
        ranges.iter().filter(|range| **range == last).count(),
        1,
        "{ranges:?}"
    );
}

#[tokio::test]
async fn nothing_is_waited_for_or_asked_for_behind_the_end_of_a_part() {
    const SIZE: usize = 1_000_000;
    // Of the first connection nothing comes behind the first part, to which it is bound once it has proved to be slow.
    let silent = Fault::on_storage("").stall_after(SIZE as u64);
    let mut ranges = ranges_of(1_000_000, 1 << 40, SIZE, Some(silent)).await;
    ranges.sort_unstable();
    assert_eq!(
        ranges,
        ["bytes=0-", "bytes=1000000-1999999", "bytes=2000000-2499999"]
    );
}

#[tokio::test]
async fn below_the_threshold_and_without_a_length_it_comes_in_one_piece() {
    let bytes = content(LENGTH);
    let small = &bytes[..999_999];
    for (body, size) in [(&bytes[..], None), (small, Some(small.len() as u64))] {
        let (folder, sent) = (Folder::new(), body.to_vec());
        let server = Server::start(move |_, request| Reply::ranged(request, &sent, "")).await;
        let source = Source::new(server.url("f")).with_size(size);
        get(&source, &folder, &Heard::default()).await.expect("the file");
        assert!(folder.read("file") == body);
        assert_eq!((server.count(), server.requests()[0].range()), (1, None));
    }
}

#[tokio::test]
async fn a_server_that_ignores_ranges() {
    let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
    let body = bytes.clone();
    let server = Server::start(move |_, _| Reply::ok(body.clone())).await;
    get(&source(server.url("f"), &bytes), &folder, &heard)
        .await
        .expect("the file");
    assert!(folder.read("file") == bytes);
    assert_eq!(
        (server.count(), *heard.bytes.lock().expect("no panic")),
        (1, LENGTH as u64)
    );

    // Only at first does it not.
    let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
    let body = bytes.clone();
    let server = Server::start(move |n, request| match n {
        0..3 => Reply::ranged(request, &body, ""),
        _ => Reply::ok(body.clone()),
    })
    .await;
    get(&source(server.url("f"), &bytes), &folder, &heard)
        .await
        .expect("the file");
    assert!(folder.read("file") == bytes);
    assert_eq!(*heard.bytes.lock().expect("no panic"), LENGTH as u64);
}

#[tokio::test]
async fn random_cuts_and_refusals() {
    for seed in 0..12 {
        let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
        let (body, random) = (bytes.clone(), Mutex::new(fastrand::Rng::with_seed(seed)));
        let faults = AtomicUsize::new(0);
        let server = Server::start(move |_, request| {
            let reply = Reply::ranged(request, &body, "\"one\"");
            let mut random = random.lock().expect("no panic");
            // Few enough that no part meets more than its tries.
            if random.bool() && faults.fetch_add(1, Ordering::Relaxed) < 3 {
                match random.u8(0..4) {
                    0 => Reply::new(503, ""),
                    _ => {
                        let length = reply.body_length();
                        reply.cut(random.usize(0..length))
                    }
                }
            } else {
                reply
            }
        })
        .await;
        get(&source(server.url("f"), &bytes), &folder, &heard)
            .await
            .expect("the file");
        assert!(folder.read("file") == bytes, "{seed}");
        assert_eq!(*heard.bytes.lock().expect("no panic"), LENGTH as u64, "{seed}");
        assert_eq!(folder.names(), ["file"], "{seed}");
    }
}

#[tokio::test]
async fn a_part_that_fails_for_good_leaves_what_the_next_run_needs() {
    let (bytes, folder) = (content(LENGTH), Folder::new());
    for broken in [true, false] {
        let body = bytes.clone();
        let server = Server::start(move |_, request| match request.range() {
            // All others have come by the time in which its tries are used up.
            Some((from, _)) if broken && from >= 8 * PART => Reply::new(500, "no"),
            _ => Reply::ranged(request, &body, ""),
        })
        .await;
        let heard = Heard::default();
        let outcome = get(&source(server.url("f"), &bytes), &folder, &heard).await;
        if broken {
            let error = outcome.expect_err("a part is missing");
            assert_eq!(
                (error.kind(), error.attempts()),
                (TransferErrorKind::Server, 4),
                "{error}"
            );
            says(&error, &["500", "tried 4 times"]);
            assert!(wandb_transfer::is_partial(&folder.names()[0]));
        } else {
            outcome.expect("the file");
            let resumed = *heard.resumed.lock().expect("no panic");
            assert!(resumed >= 1 << 20, "{resumed}");
            assert_eq!(resumed + *heard.bytes.lock().expect("no panic"), LENGTH as u64);
            assert!(folder.read("file") == bytes);
            assert_eq!(folder.names(), ["file"]);
        }
    }
}

#[tokio::test]
async fn an_object_that_is_replaced_meanwhile_is_never_mixed() {
    let (old, new) = (content(LENGTH), content(LENGTH + 1)[1..].to_vec());
    for replaced_after in [1, 5] {
        for (wanted, ok) in [(&new, true), (&old, false)] {
            let (folder, bodies) = (Folder::new(), (old.clone(), new.clone()));
            let server = Server::start(move |n, request| {
                if n < replaced_after {
                    Reply::ranged(request, &bodies.0, "\"one\"")
                } else {
                    Reply::ranged(request, &bodies.1, "\"two\"")
                }
            })
            .await;
            let source = source(server.url("f"), wanted);
            let outcome = get(&source, &folder, &Heard::default()).await;
            match outcome {
                Ok(()) => assert!(ok && folder.read("file") == new),
                Err(error) => {
                    assert!(!ok, "{error}");
                    assert_eq!(error.kind(), TransferErrorKind::Integrity, "{error}");
                    assert_eq!(folder.names(), [""; 0]);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_redirect_is_followed_once_and_anew_when_it_has_expired() {
    let (bytes, folder) = (content(LENGTH), Folder::new());
    let body = bytes.clone();
    let server = Server::start(move |n, request| match request.target.as_str() {
        "/files/f" => Reply::redirect(format!("/storage/f?X-Amz-Signature={n}")),
        "/storage/f?X-Amz-Signature=0" if n > 5 => {
            Reply::new(403, "<Error><Code>AccessDenied</Code></Error>")
        }
        _ => Reply::ranged(request, &body, ""),
    })
    .await;
    transfer()
        .with_retry(quick_retry())
        .with_parts(Parts {
            threshold: 1_000_000,
            size: PART as u64,
            connections: 2,
            slow_below: u64::MAX,
        })
        .download(
            &source(server.url("files/f"), &bytes),
            &folder.root,
            "file",
            IfExists::Refuse,
            &(),
        )
        .await
        .expect("the file");
    assert!(folder.read("file") == bytes);
    let requests = server.requests();
    let redirects = requests
        .iter()
        .filter(|request| request.target == "/files/f")
        .count();
    assert!((2..=6).contains(&redirects), "{redirects}");
    assert_eq!(requests[0].target, "/files/f");
    assert!(
        requests[1..5]
            .iter()
            .all(|request| request.target.starts_with("/storage/"))
    );
}

#[tokio::test]
async fn files_at_the_same_time_share_the_connections() {
    let (bytes, folder) = (content(LENGTH), Folder::new());
    let body = bytes.clone();
    let server = Server::start(move |_, request| Reply::ranged(request, &body, "").cut(10).stall()).await;
    let (transfer, source) = (in_parts(), source(server.url("f"), &bytes));
    let downloads =
        ["a", "b", "c"].map(|name| transfer.download(&source, &folder.root, name, IfExists::Refuse, &()));
    let mut all = Box::pin(futures::future::join_all(downloads));
    // One each, and three more of the four that one file may have.
    while server.count() < 6 {
        let more = tokio::time::timeout(Duration::from_millis(5), &mut all).await;
        assert!(more.is_err(), "none can be done");
    }
    let more = tokio::time::timeout(Duration::from_millis(100), &mut all).await;
    assert!(more.is_err(), "none can be done");
    assert_eq!(server.count(), 6);
}
