//! What servers and networks do wrong.

use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use wandb_http::RetryConfig;
use wandb_transfer::{IfExists, Source, Transfer, TransferErrorKind};

use crate::server::{Reply, Server};
use crate::support::{Folder, client, content, md5, quick_retry, says, source};

const LENGTH: usize = 200_000;

/// Answers the first `faulty` requests with `fault`, later ones with the content.
async fn faulty(faulty: usize, fault: Reply) -> (Vec<u8>, Server) {
    let bytes = content(LENGTH);
    let whole = Reply::ok(bytes.clone());
    let server = Server::start(move |n, _| if n < faulty { fault.clone() } else { whole.clone() }).await;
    (bytes, server)
}

fn whole() -> Reply {
    Reply::ok(content(LENGTH))
}

fn wrong_bytes() -> Reply {
    let mut bytes = content(LENGTH);
    bytes[LENGTH / 2] ^= 1;
    Reply::ok(bytes)
}

#[tokio::test]
async fn what_is_tried_again_recovers() {
    for (what, times, fault) in [
        ("cut", 3, whole().cut(100_000)),
        ("cut at once", 3, whole().cut(0)),
        ("cut before the last byte", 3, whole().cut(LENGTH - 1)),
        ("cut without a length", 3, whole().until_close().cut(100_000)),
        ("short, and announced so", 3, Reply::ok(content(LENGTH - 1))),
        ("short and chunked", 3, Reply::ok(content(LENGTH - 1)).chunked()),
        ("empty", 3, Reply::ok("")),
        (
            "an error page with 200",
            3,
            Reply::ok("<html>sorry</html>").header("Content-Type", "text/html"),
        ),
        ("wrong bytes", 1, wrong_bytes()),
        ("longer", 1, Reply::ok(content(LENGTH + 1))),
        ("longer and chunked", 1, Reply::ok(content(LENGTH + 1)).chunked()),
        ("408", 3, Reply::new(408, "")),
        ("429", 3, Reply::new(429, "")),
        ("500", 3, Reply::new(500, "")),
        ("502", 3, Reply::new(502, "<html>bad gateway</html>")),
        ("503", 3, Reply::new(503, "").header("Retry-After", "0")),
        ("504", 3, Reply::new(504, "")),
    ] {
        let ((bytes, server), folder) = (faulty(times, fault).await, Folder::new());
        folder.get(&source(server.url("f"), &bytes)).await.expect(what);
        assert_eq!(folder.read("file"), bytes, "{what}");
        assert_eq!(folder.names(), ["file"], "{what}");
        assert_eq!(server.count(), times + 1, "{what}");
    }
}

#[tokio::test]
async fn what_does_not_end_is_an_error_and_leaves_nothing() {
    use TransferErrorKind::{Integrity, Network, NotFound, Permission, RateLimited, Server as Broken};
    for (fault, kind, requests, words) in [
        (
            whole().cut(100_000),
            Network,
            4,
            &["100000 of 200000 bytes", "tried 4 times"][..],
        ),
        (
            Reply::ok(content(LENGTH - 1)),
            Integrity,
            4,
            &["199999 bytes", "200000 are listed"],
        ),
        (
            Reply::ok(content(LENGTH - 1)).chunked(),
            Integrity,
            4,
            &["199999 bytes with MD5", "200000 bytes with MD5"],
        ),
        (
            whole().until_close().cut(100_000),
            Integrity,
            4,
            &["100000 bytes with MD5"],
        ),
        (
            wrong_bytes(),
            Integrity,
            2,
            &["tried 2 times", "list it again", "MD5"],
        ),
        (Reply::ok(content(LENGTH + 1)), Integrity, 2, &["200001 bytes"]),
        (
            Reply::ok(content(LENGTH + 1)).chunked(),
            Integrity,
            2,
            &["more than the 200000 bytes"],
        ),
        (
            Reply::new(500, "<html>it  broke\n</html>"),
            Broken,
            4,
            &["500", "(<html>it broke </html>)", "later"],
        ),
        (
            Reply::new(429, "slow down"),
            RateLimited,
            4,
            &["429", "slow down"],
        ),
        (Reply::new(403, "no"), Permission, 1, &["403", "ask the owner"]),
        (
            Reply::new(404, "{}"),
            NotFound,
            1,
            &["404", "list the run's files"],
        ),
        (Reply::new(410, ""), NotFound, 1, &["410"]),
        (Reply::new(418, "tea"), Broken, 1, &["418", "tea"]),
        (Reply::new(206, "tea"), Broken, 1, &["206"]),
        (Reply::new(304, ""), Broken, 1, &["304"]),
    ] {
        let ((bytes, server), folder) = (faulty(usize::MAX, fault).await, Folder::new());
        let error = folder.fails(&source(server.url("f"), &bytes), kind).await;
        says(&error, words);
        assert_eq!(
            (server.count(), error.attempts() as usize),
            (requests, requests),
            "{error}"
        );
    }
}

#[tokio::test]
async fn both_digests_are_named() {
    let ((bytes, server), folder) = (faulty(usize::MAX, Reply::ok("hello")).await, Folder::new());
    let source = Source::new(server.url("f")).with_md5(md5(&bytes));
    let error = folder.fails(&source, TransferErrorKind::Integrity).await;
    says(
        &error,
        &[&md5(b"hello").to_string(), &md5(&bytes).to_string(), "5 bytes"],
    );
}

#[tokio::test]
async fn silence_is_bounded() {
    for fault in [whole().cut(100_000).stall(), whole().cut(0).stall()] {
        for (times, recovers) in [(1, true), (usize::MAX, false)] {
            let ((bytes, server), folder) = (faulty(times, fault.clone()).await, Folder::new());
            let transfer = Transfer::new(client(Duration::from_millis(100))).with_retry(RetryConfig {
                max_retries: 1,
                ..quick_retry()
            });
            let outcome = transfer
                .download(
                    &source(server.url("f"), &bytes),
                    &folder.root,
                    "file",
                    IfExists::Refuse,
                    &(),
                )
                .await;
            assert_eq!(server.count(), 2);
            match outcome {
                Ok(_) => assert!(recovers && folder.read("file") == bytes),
                Err(error) => {
                    assert!(!recovers, "{error}");
                    assert_eq!(error.kind(), TransferErrorKind::Timeout, "{error}");
                    says(&error, &["silent after", "of 200000 bytes"]);
                    assert_eq!(folder.names(), [""; 0]);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_and_one_that_is_not_there() {
    let folder = Folder::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!(
        "http://{}/f?signature=abc",
        listener.local_addr().expect("an address")
    );
    let source = Source::new(url.parse().expect("an address"));
    let transfer = Transfer::new(client(Duration::from_millis(100))).with_retry(RetryConfig::none());
    let mut outcomes = Vec::new();
    outcomes.push(
        transfer
            .download(&source, &folder.root, "file", IfExists::Refuse, &())
            .await,
    );
    drop(listener);
    outcomes.push(
        transfer
            .download(&source, &folder.root, "file", IfExists::Refuse, &())
            .await,
    );
    for (outcome, kind) in outcomes
        .into_iter()
        .zip([TransferErrorKind::Timeout, TransferErrorKind::Network])
    {
        let error = outcome.expect_err("no answer");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.source().is_some());
        let mut chain = format!("{error:?}");
        let mut next: Option<&dyn Error> = Some(&error);
        while let Some(error) = next {
            chain += &error.to_string();
            next = error.source();
        }
        assert!(!chain.contains("abc"), "{chain}");
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_waited() {
    let busy = Reply::new(429, "").header("Retry-After", "1");
    let ((bytes, server), folder, started) = (faulty(1, busy).await, Folder::new(), Instant::now());
    folder
        .get(&source(server.url("f"), &bytes))
        .await
        .expect("the file");
    assert!(started.elapsed() >= Duration::from_secs(1));

    let busy = Reply::new(429, "").header("RateLimit-Reset", "3600");
    let ((bytes, server), folder) = (faulty(usize::MAX, busy).await, Folder::new());
    let error = folder
        .fails(&source(server.url("f"), &bytes), TransferErrorKind::RateLimited)
        .await;
    says(&error, &["asked to wait 3600 s"]);
    assert_eq!(server.count(), 1);
}

const EXPIRED: &str = "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message>\
                       <StringToSign>the-secret-signature</StringToSign></Error>";

#[tokio::test]
async fn an_expired_redirect_is_asked_for_again() {
    let (bytes, folder) = (content(LENGTH), Folder::new());
    let server = Server::start({
        let bytes = bytes.clone();
        move |n, request| match request.target.as_str() {
            "/files/f" => Reply::redirect(format!("/storage/f?X-Amz-Signature=the-secret-signature{n}")),
            _ if n < 4 => Reply::new(403, EXPIRED),
            _ => Reply::ok(bytes.clone()),
        }
    })
    .await;
    folder
        .get(&source(server.url("files/f"), &bytes))
        .await
        .expect("the file");
    assert_eq!((folder.read("file"), server.count()), (bytes, 6));
}

#[tokio::test]
async fn a_signature_that_stays_refused_is_an_error() {
    for (status, path, requests) in [
        (403, "files/f", 6),
        (403, "direct/f?X-Amz-Signature=the-secret-signature", 1),
        (403, "direct/f", 1),
        (400, "direct/f?X-Goog-Signature=the-secret-signature", 1),
    ] {
        let folder = Folder::new();
        let server = Server::start(move |_, request| match request.target.as_str() {
            "/files/f" => Reply::redirect("/storage/f?X-Amz-Signature=the-secret-signature"),
            _ if status == 400 => Reply::new(400, EXPIRED.replace("AccessDenied", "ExpiredToken")),
            _ => Reply::new(status, EXPIRED),
        })
        .await;
        let error = folder
            .fails(&Source::new(server.url(path)), TransferErrorKind::Expired)
            .await;
        says(&error, &["Request has expired", &status.to_string()]);
        assert!(!format!("{error} {error:?}").contains("the-secret"), "{error:?}");
        assert_eq!(server.count(), requests, "{path}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn gzip_that_was_not_asked_for() {
    let text = b"all work and no play\n".repeat(5000);
    let sent = gzip(&text);
    let server = Server::start({
        let sent = sent.clone();
        move |_, request| {
            let reply = Reply::ok(sent.clone()).header("Content-Encoding", "gzip");
            if request.target == "/chunked" {
                reply.chunked()
            } else {
                reply
            }
        }
    })
    .await;
    for path in ["length", "chunked"] {
        let url = server.url(path);
        for (what, source, expected) in [
            ("the content is listed", source(url.clone(), &text), &text),
            ("what is stored is listed", source(url.clone(), &sent), &sent),
            ("nothing is listed", Source::new(url.clone()), &text),
            (
                "the content's digest is listed",
                Source::new(url.clone()).with_md5(md5(&text)),
                &text,
            ),
        ] {
            let folder = Folder::new();
            let done = folder.get(&source).await.expect(what);
            assert!(folder.read("file") == *expected, "{what}");
            assert_eq!(
                (done.bytes, folder.names()),
                (expected.len() as u64, vec!["file".to_owned()]),
                "{what}"
            );
        }
        let folder = Folder::new();
        folder
            .fails(
                &source(url.clone(), b"something else"),
                TransferErrorKind::Integrity,
            )
            .await;
        let longer = [&text[..], b"and more"].concat();
        folder
            .fails(&source(url, &longer), TransferErrorKind::Integrity)
            .await;
    }
}

#[tokio::test]
async fn encodings_that_cannot_be_read() {
    let server = Server::start(|_, request| match request.target.as_str() {
        "/br" => Reply::ok("hello").header("Content-Encoding", "br"),
        _ => Reply::ok("hello").header("Content-Encoding", "gzip"),
    })
    .await;
    let folder = Folder::new();
    let error = folder
        .fails(&Source::new(server.url("br")), TransferErrorKind::Server)
        .await;
    says(&error, &["\"br\"", "not asked for"]);
    let error = folder
        .fails(&Source::new(server.url("no-gzip")), TransferErrorKind::Integrity)
        .await;
    says(&error, &["gzip", "the bytes are none"]);
    folder
        .get(&source(server.url("br"), b"hello"))
        .await
        .expect("it is what is listed");
}
