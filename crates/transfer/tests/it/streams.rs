//! Streams: the same bytes, taken up where they broke off.

use futures::StreamExt as _;
use wandb_transfer::{Source, TransferErrorKind};

use crate::server::{Reply, Request, Server};
use crate::support::{content, says, source, transfer};

const LENGTH: usize = 200_000;

fn from(request: &Request) -> Option<usize> {
    let range = request.header("range")?.strip_prefix("bytes=")?;
    range.trim_end_matches('-').parse().ok()
}

fn rest(bytes: &[u8], from: usize) -> Reply {
    let (last, whole) = (bytes.len() - 1, bytes.len());
    Reply::new(206, &bytes[from..]).header("Content-Range", format!("bytes {from}-{last}/{whole}"))
}

async fn read(source: &Source) -> Result<Vec<u8>, wandb_transfer::TransferError> {
    let bytes = transfer().stream(source).await?.into_bytes().await?;
    Ok(bytes.into())
}

#[tokio::test]
async fn all_bytes_and_then_the_end() {
    for length in [0, 1, LENGTH] {
        let bytes = content(length);
        let body = bytes.clone();
        let server = Server::start(move |_, _| Reply::ok(body.clone())).await;
        let mut stream = transfer()
            .stream(&source(server.url("f"), &bytes))
            .await
            .expect("a stream");
        let mut all = Vec::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.expect("a piece");
            assert!(!piece.is_empty());
            all.extend_from_slice(&piece);
        }
        assert_eq!(all, bytes);
        assert!(stream.try_next().await.expect("the end").is_none());
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn it_outlives_what_it_was_made_of() {
    fn is_static<T: Send + 'static>(value: T) -> T {
        value
    }
    let server = Server::start(|_, _| Reply::ok("hello")).await;
    let stream = {
        let source = Source::new(server.url("f"));
        is_static(transfer().stream(&source).await.expect("a stream"))
    };
    assert_eq!(
        tokio::spawn(stream.into_bytes())
            .await
            .expect("no panic")
            .expect("bytes"),
        "hello"
    );
}

#[tokio::test]
async fn a_broken_body_goes_on_by_range() {
    let bytes = content(LENGTH);
    let server = Server::start({
        let bytes = bytes.clone();
        move |n, request| match from(request) {
            None => Reply::ok(bytes.clone()).cut(50_000).header("ETag", "\"one\""),
            Some(_) if n == 1 => Reply::new(503, ""),
            Some(from) if n == 2 => rest(&bytes, from).cut(50_000).header("ETag", "\"one\""),
            Some(from) => rest(&bytes, from),
        }
    })
    .await;
    assert_eq!(read(&source(server.url("f"), &bytes)).await.expect("all"), bytes);
    let asked: Vec<_> = server.requests().iter().map(from).collect();
    assert_eq!(asked, [None, Some(50_000), Some(50_000), Some(100_000)]);
    assert_eq!(server.requests()[3].header("if-range"), Some("\"one\""));
}

#[tokio::test]
async fn a_broken_body_without_a_strong_tag_is_fetched_again_and_compared() {
    for tag in [None, Some("W/\"weak\"")] {
        let bytes = content(LENGTH);
        let server = Server::start({
            let bytes = bytes.clone();
            move |n, _| {
                let reply = Reply::ok(bytes.clone());
                let reply = if n < 2 { reply.cut(50_000 * (2 - n)) } else { reply };
                match tag {
                    Some(tag) => reply.header("ETag", tag),
                    None => reply,
                }
            }
        })
        .await;
        assert_eq!(read(&source(server.url("f"), &bytes)).await.expect("all"), bytes);
        assert_eq!(server.count(), 3);
        assert!(
            server
                .requests()
                .iter()
                .all(|request| request.header("range").is_none())
        );
    }
}

#[tokio::test]
async fn a_body_that_changed_meanwhile_is_never_mixed() {
    let mut other = content(LENGTH);
    other[10] ^= 1;
    for shorter in [false, true] {
        let other = if shorter { content(10) } else { other.clone() };
        let server = Server::start(move |n, _| match n {
            0 => Reply::ok(content(LENGTH)).cut(50_000).header("ETag", "\"one\""),
            _ => Reply::ok(other.clone()).header("ETag", "\"two\""),
        })
        .await;
        let error = read(&Source::new(server.url("f"))).await.expect_err("it changed");
        assert_eq!(error.kind(), TransferErrorKind::Integrity, "{error}");
        says(&error, &["does not begin with the bytes that came before"]);
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn a_server_that_gets_ranges_wrong_is_asked_for_the_whole() {
    let bytes = content(LENGTH);
    let wrongs: [fn(&[u8], usize) -> Reply; 4] = [
        |bytes, _| rest(bytes, 0),
        |bytes, from| rest(bytes, from).header("ETag", "\"two\""),
        |bytes, from| Reply::new(206, &bytes[from..]),
        |bytes, from| rest(&[bytes, b"more"].concat(), from),
    ];
    for wrong in wrongs {
        let server = Server::start({
            let bytes = bytes.clone();
            move |n, request| match from(request) {
                Some(from) => wrong(&bytes, from),
                None if n == 0 => Reply::ok(bytes.clone()).cut(50_000).header("ETag", "\"one\""),
                None => Reply::ok(bytes.clone()).header("ETag", "\"one\""),
            }
        })
        .await;
        assert_eq!(read(&source(server.url("f"), &bytes)).await.expect("all"), bytes);
        assert_eq!(server.count(), 3);
    }
}

#[tokio::test]
async fn wrong_bytes_end_in_an_error() {
    let bytes = content(LENGTH);
    for body in [content(LENGTH)[1..].to_vec(), vec![0; LENGTH]] {
        let server = Server::start(move |_, request| match from(request) {
            Some(_) => Reply::new(416, ""),
            None => Reply::ok(body.clone()).chunked().header("ETag", "\"one\""),
        })
        .await;
        let error = read(&source(server.url("f"), &bytes)).await.expect_err("wrong");
        assert_eq!(error.kind(), TransferErrorKind::Integrity, "{error}");
    }
    let server = Server::start(|_, _| Reply::ok(content(LENGTH + 1)).chunked()).await;
    let error = read(&source(server.url("f"), &bytes))
        .await
        .expect_err("too long");
    says(&error, &["more than the 200000 bytes"]);
}

#[tokio::test]
async fn what_fails_before_the_first_byte() {
    for (reply, kind, requests) in [
        (Reply::new(404, ""), TransferErrorKind::NotFound, 1),
        (Reply::new(500, ""), TransferErrorKind::Server, 4),
        (Reply::ok(content(LENGTH + 1)), TransferErrorKind::Integrity, 2),
        (
            Reply::redirect("file:///etc/passwd"),
            TransferErrorKind::Redirect,
            1,
        ),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let outcome = transfer()
            .stream(&source(server.url("f"), &content(LENGTH)))
            .await;
        let error = outcome.expect_err("no stream");
        assert_eq!((error.kind(), server.count()), (kind, requests), "{error}");
        says(&error, &["cannot read http://"]);
    }
    let reference = Source::new("s3://bucket/key".parse().expect("an address"));
    assert_eq!(
        read(&reference).await.expect_err("no http").kind(),
        TransferErrorKind::Address
    );
}

#[tokio::test]
async fn gzip_that_was_not_asked_for() {
    use std::io::Write as _;
    let text = b"all work and no play\n".repeat(20_000);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&text).expect("memory");
    let sent = encoder.finish().expect("memory");
    let server = Server::start({
        let sent = sent.clone();
        move |n, _| {
            let reply = Reply::ok(sent.clone())
                .header("Content-Encoding", "gzip")
                .header("ETag", "\"one\"");
            if n == 0 { reply.cut(1000) } else { reply }
        }
    })
    .await;
    assert!(read(&source(server.url("f"), &text)).await.expect("decoded") == text);
    assert_eq!(server.count(), 2);
    assert!(read(&Source::new(server.url("f"))).await.expect("decoded") == text);
    assert!(read(&source(server.url("f"), &sent)).await.expect("as sent") == sent);
    let server =
        Server::start(move |_, _| Reply::ok(&sent[..sent.len() - 9]).header("Content-Encoding", "gzip"))
            .await;
    let error = read(&Source::new(server.url("f"))).await.expect_err("no end");
    assert_eq!(error.kind(), TransferErrorKind::Integrity, "{error}");
}
