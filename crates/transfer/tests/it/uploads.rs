//! Uploads, byte by byte.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use proptest::prelude::*;
use url::Url;
use wandb_http::{Credential, Pace};
use wandb_transfer::{
    Content, Destination, DestinationRenewal, IfExists, Source, TransferError, TransferErrorKind, Uploaded,
};

use crate::server::{Reply, Server};
use crate::support::{Folder, Heard, content, md5, says, source, transfer, transfer_with};

/// More than two sockets hold between them.
const LARGE: usize = 32 << 20;
const EXPIRED: &str = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";

async fn put(content: &Content, url: Url) -> Result<Uploaded, TransferError> {
    transfer()
        .upload(content, &Destination::new(url), "a.bin", &())
        .await
}

/// The error, after it has been seen that the message says what was done and gives no secret away.
async fn fails(content: &Content, url: Url, kind: TransferErrorKind) -> TransferError {
    let error = put(content, url).await.expect_err("it must fail");
    assert_eq!(error.kind(), kind, "{error}");
    let message = format!("{error} {error:?}");
    assert!(
        message.starts_with("cannot upload \"a.bin\" to http://127.0.0.1:"),
        "{error}"
    );
    assert!(!message.contains("secret"), "{message}");
    error
}

/// A file that was last written to an hour ago.
fn file(folder: &Folder, length: usize) -> PathBuf {
    folder.write("f", &content(length));
    let path = folder.path().join("f");
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let file = File::options().write(true).open(&path).expect("the file");
    file.set_modified(hour_ago).expect("the time");
    path
}

#[tokio::test]
async fn all_bytes_arrive_with_their_length_and_headers() {
    for length in [0, 1, 8191, 8192, 8193, 65_536, 1_000_003] {
        let (bytes, folder, heard) = (content(length), Folder::new(), Heard::default());
        let body = bytes.clone();
        let server = Server::start(move |_, request| match request.method.as_str() {
            "GET" => Reply::ok(body.clone()),
            _ => Reply::ok(""),
        })
        .await;
        let to = Destination::new(server.url("put?sig=a")).with_header("Content-Type", " image/png ");
        for what in [
            Content::file(file(&folder, length)),
            Content::bytes(bytes.clone()),
            Content::remote(transfer(), source(server.url("get"), &bytes)),
            Content::remote(transfer(), Source::new(server.url("get"))),
        ] {
            let done = transfer()
                .upload(&what, &to, "f", &heard)
                .await
                .expect("uploaded");
            assert_eq!((done.bytes, done.md5), (length as u64, md5(&bytes)), "{what:?}");
        }
        let mut requests = server.requests();
        requests.retain(|request| request.method == "PUT");
        assert_eq!(requests.len(), 4);
        for request in requests {
            assert_eq!(request.target, "/put?sig=a");
            assert_eq!(request.header("content-length"), Some(&*length.to_string()));
            assert_eq!(request.header("content-type"), Some("image/png"));
            assert_eq!(request.header("transfer-encoding"), None);
        }
        assert!(server.bodies() == vec![bytes; 4], "{length}");
        assert_eq!(*heard.bytes.lock().expect("no panic"), 4 * length as u64);
        assert_eq!(*heard.starts.lock().expect("no panic"), [Some(length as u64); 4]);
    }
}

type Change = fn(&mut File);

#[tokio::test]
async fn a_file_that_changes_meanwhile_is_never_taken_for_whole() {
    let changes: [(&str, Change); 3] = [
        ("now has 33554435", |file| {
            file.write_all(b"abc").expect("appended");
        }),
        ("now", |file| file.set_len(20 << 20).expect("cut")),
        ("the same length", |file| {
            file.set_len(LARGE as u64).expect("the same");
            file.set_modified(SystemTime::now()).expect("the time");
        }),
    ];
    for (words, change) in changes {
        let folder = Folder::new();
        let path = file(&folder, LARGE);
        let changing = path.clone();
        let server = Server::start(move |_, _| {
            let path = changing.clone();
            Reply::ok("").at(1 << 20, move || {
                change(&mut File::options().append(true).open(&path).expect("the file"));
            })
        })
        .await;
        let error = fails(
            &Content::file(&path),
            server.url("f?sig=secret"),
            TransferErrorKind::Changed,
        )
        .await;
        says(
            &error,
            &[
                words,
                "nothing was stored",
                "upload it again when nothing writes to it",
            ],
        );
        assert_eq!((server.count(), error.attempts()), (1, 1));
        assert!(server.bodies().is_empty());
    }
}

#[tokio::test]
async fn what_is_no_regular_file_is_refused_without_a_request() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("folder")).expect("a folder");
    let mut cases = vec![("missing", "no such file"), ("folder", "a folder")];
    #[cfg(unix)]
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
    #[cfg(unix)]
    cases.extend([("socket", "a socket"), ("/dev/null", "a device")]);
    let server = Server::start(|_, _| Reply::ok("")).await;
    for (name, words) in cases {
        let content = Content::file(folder.path().join(name));
        let error = fails(&content, server.url("f"), TransferErrorKind::Unreadable).await;
        says(&error, &[words, name]);
        assert_eq!(error.attempts(), 0);
    }
    assert_eq!(server.count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed() {
    let folder = Folder::new();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(file(&folder, 1000), &link).expect("a link");
    let server = Server::start(|_, _| Reply::ok("")).await;
    put(&Content::file(link), server.url("f"))
        .await
        .expect("uploaded");
    assert!(server.bodies() == [content(1000)]);
}

#[tokio::test]
async fn what_passes_is_sent_again_from_the_beginning() {
    let timeout = "<Error><Code>RequestTimeout</Code><Message>idle</Message></Error>";
    let mut replies: Vec<Reply> = [308, 408, 409, 425, 429, 500, 502, 503, 504, 507]
        .into_iter()
        .map(|status| Reply::new(status, "busy"))
        .collect();
    replies.extend([
        Reply::new(400, timeout),
        Reply::new(400, timeout).take(10_000),
        Reply::new(400, "<Error><Code>BadDigest</Code></Error>"),
        Reply::ok("").reset(),
        Reply::ok("").take(10_000).reset(),
        Reply::ok("").take(0).reset(),
    ]);
    let folder = Folder::new();
    let path = file(&folder, 3 << 20);
    for (case, reply) in replies.into_iter().enumerate() {
        let heard = Heard::default();
        let server = Server::start(move |n, _| if n == 0 { reply.clone() } else { Reply::ok("") }).await;
        let to = Destination::new(server.url("f?sig=secret"));
        let done = transfer()
            .upload(&Content::file(&path), &to, "f", &heard)
            .await
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(done.md5, md5(&content(3 << 20)));
        assert_eq!(server.count(), 2, "{case}");
        assert!(server.bodies().last() == Some(&content(3 << 20)), "{case}");
        assert_eq!(*heard.bytes.lock().expect("no panic"), 3 << 20, "{case}");
        let retries = heard.retries.lock().expect("no panic");
        assert!(
            retries.len() == 1 && !retries[0].1.contains("secret"),
            "{retries:?}"
        );
    }
}

#[tokio::test]
async fn nobody_listens() {
    let gone = Server::start(|_, _| Reply::ok("")).await.url("f?sig=secret");
    let error = fails(&Content::bytes("x"), gone, TransferErrorKind::Network).await;
    says(&error, &["no connection to", "tried 4 times"]);
}

/// What may go wrong with one request.
fn trouble(length: usize) -> impl Strategy<Value = Reply> {
    let anywhere = 0..=length;
    prop_oneof![
        Just(Reply::new(503, "")),
        Just(Reply::ok("").reset()),
        anywhere
            .clone()
            .prop_map(|bytes| Reply::ok("").take(bytes).reset()),
        anywhere.clone().prop_map(|bytes| Reply::new(500, "").take(bytes)),
        anywhere.prop_map(|bytes| {
            Reply::new(307, "")
                .header("Location", "/moved?sig=secret")
                .take(bytes)
        }),
    ]
}

fn troubles() -> impl Strategy<Value = (usize, Vec<Reply>)> {
    let length = prop_oneof![0..=3_usize, 65_530..65_540_usize, 0..400_000_usize];
    length.prop_flat_map(|length| (Just(length), prop::collection::vec(trouble(length), 0..=3)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_goes_wrong_the_whole_arrives((length, replies) in troubles()) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let (folder, requests) = (Folder::new(), replies.len() + 1);
            let server = Server::start(move |n, _| replies.get(n).cloned().unwrap_or(Reply::ok(""))).await;
            let content = Content::file(file(&folder, length));
            let done = put(&content, server.url("f?sig=secret")).await.expect("uploaded");
            let bytes = crate::support::content(length);
            assert_eq!((done.bytes, done.md5), (length as u64, md5(&bytes)));
            assert_eq!(server.count(), requests);
            assert!(server.bodies().last() == Some(&bytes));
        });
    }
}

#[tokio::test]
async fn what_stays_is_reported() {
    use TransferErrorKind as Kind;
    for (reply, kind, requests, words) in [
        (Reply::new(400, "what?"), Kind::Server, 1, "400"),
        (Reply::new(401, ""), Kind::Authentication, 1, "set an API key"),
        (Reply::new(403, "no"), Kind::Permission, 1, "right to write"),
        (Reply::new(404, ""), Kind::NotFound, 1, "check the run"),
        (Reply::new(405, ""), Kind::Server, 1, "405"),
        (
            Reply::new(413, "too big"),
            Kind::Server,
            1,
            "no file of this size",
        ),
        (Reply::new(501, ""), Kind::Server, 1, "501"),
        (
            Reply::new(302, "").header("Location", "/x"),
            Kind::Redirect,
            1,
            "302",
        ),
        (Reply::new(503, "busy"), Kind::Server, 4, "tried 4 times"),
        (Reply::ok("").reset(), Kind::Network, 4, "tried 4 times"),
        (Reply::ok("").take(10), Kind::Server, 4, "before it had all bytes"),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let length = if kind == Kind::Server { LARGE } else { 100_000 };
        let content = Content::bytes(content(length));
        let error = fails(&content, server.url("f"), kind).await;
        says(&error, &[words]);
        assert_eq!(
            (server.count(), error.attempts()),
            (requests, requests as u32),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_needs_no_bytes_is_heard() {
    let folder = Folder::new();
    let path = file(&folder, LARGE);
    for (status, kind) in [
        (413, TransferErrorKind::Server),
        (403, TransferErrorKind::Expired),
    ] {
        for slam in [false, true] {
            let server = Server::start(move |_, _| {
                let reply = Reply::new(status, EXPIRED).take(0);
                if slam { reply.slam() } else { reply }
            })
            .await;
            let error = fails(&Content::file(&path), server.url("f?sig=secret"), kind).await;
            says(&error, &[&status.to_string()]);
            assert!(server.bodies().is_empty());
        }
    }
}

/// Gives one address, with the number of times that it was asked, or none.
#[derive(Debug)]
struct Fresh(Option<Url>, AtomicUsize);

#[async_trait]
impl DestinationRenewal for Fresh {
    async fn renew(&self) -> Result<Destination, Box<dyn Error + Send + Sync>> {
        let n = self.1.fetch_add(1, Ordering::Relaxed) + 1;
        let mut url = self.0.clone().ok_or("the run is closed")?;
        url.set_query(Some(&format!("X-Amz-Signature=fresh{n}")));
        Ok(Destination::new(url).with_header("X-Fresh", &n.to_string()))
    }
}

#[tokio::test]
async fn an_expired_address_is_renewed_twice_at_most() {
    for (works_at, ok, requests) in [("fresh1", true, 2), ("fresh2", true, 3), ("fresh3", false, 3)] {
        let server = Server::start(move |_, request| {
            if request.target.ends_with(works_at) {
                Reply::ok("")
            } else {
                Reply::new(403, EXPIRED)
            }
        })
        .await;
        let renewal = Arc::new(Fresh(Some(server.url("f")), AtomicUsize::default()));
        let to = Destination::new(server.url("f?sig=secret")).with_renewal(renewal);
        let outcome = transfer().upload(&Content::bytes("hello"), &to, "f", &()).await;
        match outcome {
            Ok(_) => {
                assert!(ok);
                let asked = server.requests()[requests - 1]
                    .header("x-fresh")
                    .map(str::to_owned);
                assert_eq!(asked, Some((requests - 1).to_string()));
            }
            Err(error) => {
                assert!(!ok);
                assert_eq!(error.kind(), TransferErrorKind::Expired);
                assert!(!error.to_string().contains("sig="), "{error}");
            }
        }
        assert_eq!(server.count(), requests, "{works_at}");
    }
    let server = Server::start(|_, _| Reply::new(403, EXPIRED)).await;
    let to = Destination::new(server.url("f?sig=secret"))
        .with_renewal(Arc::new(Fresh(None, AtomicUsize::default())));
    let outcome = transfer().upload(&Content::bytes("hello"), &to, "f", &()).await;
    says(
        &outcome.expect_err("expired"),
        &["no fresh address could be had: the run is closed"],
    );
}

#[tokio::test]
async fn an_address_that_says_that_it_has_expired_is_renewed_before_it_is_asked() {
    let server = Server::start(|_, _| Reply::ok("")).await;
    let old = server.url("f?Expires=1000000000&Signature=a");
    let renewal = Arc::new(Fresh(Some(server.url("f")), AtomicUsize::default()));
    let to = Destination::new(old.clone()).with_renewal(renewal);
    let content = Content::bytes("hello");
    transfer()
        .upload(&content, &to, "f", &())
        .await
        .expect("uploaded");
    put(&content, old).await.expect("the clock may be wrong");
    let targets: Vec<_> = server
        .requests()
        .into_iter()
        .map(|request| request.target)
        .collect();
    assert_eq!(
        targets,
        ["/f?X-Amz-Signature=fresh1", "/f?Expires=1000000000&Signature=a"]
    );
}

#[tokio::test]
async fn redirects_that_keep_the_method_are_followed_with_the_bytes() {
    let folder = Folder::new();
    let path = file(&folder, LARGE);
    let server = Server::start(|n, _| match n {
        2 => Reply::ok(""),
        n => Reply::new([307, 308][n], "")
            .header("Location", format!("/hop/{n}?sig=secret"))
            .take(0),
    })
    .await;
    let to = Destination::new(server.url("f")).with_header("x-ms-blob-type", "BlockBlob");
    transfer()
        .upload(&Content::file(&path), &to, "f", &())
        .await
        .expect("uploaded");
    assert!(server.bodies() == [content(LARGE)]);
    for request in server.requests() {
        assert_eq!(request.header("x-ms-blob-type"), Some("BlockBlob"));
    }

    let server = Server::start(|_, _| Reply::new(307, "").header("Location", "/again?sig=secret")).await;
    let error = fails(&Content::bytes("x"), server.url("f"), TransferErrorKind::Redirect).await;
    says(&error, &["10 times", "circles"]);
    assert_eq!((server.count(), error.attempts()), (11, 1));
}

#[tokio::test]
async fn the_credential_goes_to_its_own_server_alone() {
    let other = Server::start(|_, _| Reply::ok("")).await;
    let elsewhere = other.url("f");
    let server = Server::start(move |_, request| match request.target.as_str() {
        "/away" => Reply::new(307, "").header("Location", elsewhere.as_str()),
        _ => Reply::ok(""),
    })
    .await;
    let credential = Arc::new(Credential::api_key(&server.url(""), "key"));
    for path in ["below", "signed?sig=a", "away"] {
        transfer()
            .with_credentials(Arc::clone(&credential) as _)
            .upload(
                &Content::bytes("x"),
                &Destination::new(server.url(path)),
                "x",
                &(),
            )
            .await
            .expect("uploaded");
    }
    let with: Vec<bool> = server
        .requests()
        .iter()
        .chain(&other.requests())
        .map(|request| request.header("authorization").is_some())
        .collect();
    assert_eq!(with, [true, false, true, false]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_without_a_request() {
    let server = Server::start(|_, _| Reply::ok("")).await;
    for (name, value) in [
        ("Content-Length", "7"),
        ("Host", "secret"),
        ("a b", "secret"),
        ("x", "a\nsecret"),
        ("", "secret"),
    ] {
        let to = Destination::new(server.url("f")).with_header(name, value);
        let outcome = transfer().upload(&Content::bytes("x"), &to, "x", &()).await;
        let error = outcome.expect_err(name);
        assert_eq!((error.kind(), error.attempts()), (TransferErrorKind::Address, 0));
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let reference = "s3://bucket/key".parse().expect("an address");
    let error = put(&Content::bytes("x"), reference).await.expect_err("no http");
    assert_eq!((error.kind(), error.attempts()), (TransferErrorKind::Address, 0));
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_server_that_stops_reading_or_does_not_answer_is_given_up() {
    for (length, take, words) in [
        (LARGE, 100_000, "took no more bytes"),
        (1000, 1000, "did not answer"),
    ] {
        let server = Server::start(move |_, _| Reply::ok("").take(take).stall()).await;
        let transfer = transfer_with(Duration::from_millis(50)).with_retry(wandb_http::RetryConfig::none());
        let (content, to) = (Content::bytes(content(length)), Destination::new(server.url("f")));
        let outcome = transfer.upload(&content, &to, "f", &()).await;
        let error = outcome.expect_err("silence");
        assert_eq!(error.kind(), TransferErrorKind::Timeout, "{error}");
        says(&error, &[words]);
    }
}

#[tokio::test]
async fn a_slow_server_that_goes_on_reading_is_waited_for() {
    let server = Server::start(|_, _| Reply::ok("").slowly(Duration::from_millis(30))).await;
    let started = Instant::now();
    transfer_with(Duration::from_millis(300))
        .upload(
            &Content::bytes(content(LARGE)),
            &Destination::new(server.url("f")),
            "f",
            &(),
        )
        .await
        .expect("uploaded");
    assert!(started.elapsed() > Duration::from_millis(4 * 300));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_limit_holds_uploads_and_downloads_alike() {
    let server = Server::start(|n, _| match n {
        0 => Reply::new(429, "").header("Retry-After", "1"),
        _ => Reply::ok("hello"),
    })
    .await;
    let (transfer, folder, heard) = (
        transfer().with_pace(Pace::default()),
        Folder::new(),
        Heard::default(),
    );
    let started = Instant::now();
    let (content, to) = (Content::bytes("x"), Destination::new(server.url("f")));
    let upload = transfer.upload(&content, &to, "f", &heard);
    let download = async {
        while heard.retries.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        let source = Source::new(server.url("g"));
        transfer
            .download(&source, &folder.root, "g", IfExists::Refuse, &())
            .await
    };
    let (upload, download) = tokio::join!(upload, download);
    upload.expect("uploaded");
    download.expect("downloaded");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn from_storage_to_storage_over_broken_connections() {
    let bytes = content(300_000);
    let from = Server::start({
        let bytes = bytes.clone();
        move |n, request| {
            let reply = Reply::ranged(request, &bytes, "\"one\"");
            if n == 0 { reply.cut(100_000) } else { reply }
        }
    })
    .await;
    let to = Server::start(|n, _| match n {
        0 => Reply::new(503, ""),
        _ => Reply::ok(""),
    })
    .await;
    let content = Content::remote(transfer(), source(from.url("f"), &bytes));
    let done = put(&content, to.url("f")).await.expect("uploaded");
    assert_eq!(done.md5, md5(&bytes));
    assert!(to.bodies().last() == Some(&bytes));
    assert_eq!((from.froms(), to.count()), (vec![0, 100_000, 0], 2));
}

#[tokio::test]
async fn wrong_bytes_are_not_passed_on_whole() {
    let bytes = content(300_000);
    for body in [content(300_001)[1..].to_vec(), content(299_999)] {
        let from = Server::start(move |_, _| Reply::ok(body.clone()).until_close()).await;
        let to = Server::start(|_, _| Reply::ok("")).await;
        let content = Content::remote(transfer(), source(from.url("f"), &bytes));
        let error = fails(&content, to.url("f"), TransferErrorKind::Integrity).await;
        says(
            &error,
            &["what is to be sent could not be had", "cannot read http://"],
        );
        assert!(to.bodies().is_empty());
    }
    let from = Server::start(|_, _| Reply::ok("hello").chunked()).await;
    let to = Server::start(|_, _| Reply::ok("")).await;
    let content = Content::remote(transfer(), Source::new(from.url("f")));
    let error = fails(&content, to.url("f"), TransferErrorKind::Server).await;
    says(&error, &["does not say how long it is"]);
    let gone = Server::start(|_, _| Reply::new(404, "")).await;
    let content = Content::remote(transfer(), Source::new(gone.url("f")));
    fails(&content, to.url("f"), TransferErrorKind::NotFound).await;
    assert_eq!(to.count(), 0);
}

#[tokio::test]
async fn a_dropped_upload_stores_nothing() {
    let folder = Folder::new();
    let path = file(&folder, LARGE);
    let (sender, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, _| {
        let sender = sender.clone();
        Reply::ok("").at(1 << 20, move || sender.send(()).expect("a reader"))
    })
    .await;
    let (content, to) = (Content::file(&path), Destination::new(server.url("f")));
    let transfer = transfer();
    tokio::select! {
        _ = transfer.upload(&content, &to, "f", &()) => panic!("it was held"),
        _ = reached.recv() => {}
    }
    // The next one finds its way.
    put(&Content::bytes("x"), server.url("g"))
        .await
        .expect("uploaded");
    assert!(server.bodies() == [b"x"]);
}
