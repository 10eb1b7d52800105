//! More than one address for one object.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use url::Url;
use wandb_http::RetryConfig;
use wandb_transfer::{IfExists, Renewal, Source, Transfer, TransferError, TransferErrorKind};

use crate::server::{Reply, Server};
use crate::support::{Folder, Heard, client, content, says, source, transfer};

const LENGTH: usize = 200_000;
const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";

/// Gives one address, with the number of times that it was asked, or none.
#[derive(Debug)]
struct Fresh {
    url: Option<Url>,
    asked: AtomicUsize,
}

impl Fresh {
    fn new(url: Option<Url>) -> Arc<Self> {
        let asked = AtomicUsize::new(0);
        Arc::new(Self { url, asked })
    }
}

#[async_trait]
impl Renewal for Fresh {
    async fn renew(&self) -> Result<Vec<Url>, Box<dyn Error + Send + Sync>> {
        let n = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let mut url = self.url.clone().ok_or("the listing is closed")?;
        url.set_query(Some(&format!("X-Amz-Signature=fresh{n}")));
        Ok(vec![url])
    }
}

async fn get(source: &Source, folder: &Folder, heard: &Heard) -> Result<(), TransferError> {
    transfer()
        .download(source, &folder.root, "file", IfExists::Refuse, heard)
        .await
        .map(drop)
}

/// Where nobody listens.
async fn nowhere() -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    format!("http://{address}/direct?sig=a")
        .parse()
        .expect("an address")
}

#[tokio::test]
async fn the_first_is_enough_while_it_works() {
    let (bytes, folder) = (content(LENGTH), Folder::new());
    let body = bytes.clone();
    let server = Server::start(move |_, _| Reply::ok(body.clone())).await;
    let renewal = Fresh::new(None);
    let source = source(server.url("direct?sig=a"), &bytes)
        .or(server.url("files/f"))
        .with_renewal(Arc::clone(&renewal) as _);
    get(&source, &folder, &Heard::default()).await.expect("the file");
    assert_eq!((server.count(), renewal.asked.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test]
async fn the_next_is_asked_at_once() {
    for (what, refusal) in [
        ("expired", Reply::new(403, DENIED)),
        (
            "an expired token",
            Reply::new(400, "<Error><Code>ExpiredToken</Code></Error>"),
        ),
        ("gone", Reply::new(404, "<Error><Code>NoSuchKey</Code></Error>")),
        ("deleted", Reply::new(410, "")),
    ] {
        let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
        let body = bytes.clone();
        let server = Server::start(move |_, request| match request.target.as_str() {
            "/direct?sig=a" => refusal.clone(),
            _ => Reply::ok(body.clone()),
        })
        .await;
        let source = source(server.url("direct?sig=a"), &bytes).or(server.url("files/f"));
        get(&source, &folder, &heard).await.expect(what);
        assert!(folder.read("file") == bytes);
        assert_eq!(server.count(), 2, "{what}");
        assert!(heard.retries.lock().expect("no panic").is_empty(), "{what}");
        let stream = transfer().stream(&source).await.expect(what);
        assert!(stream.into_bytes().await.expect(what) == bytes);
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_not_asked_first_again() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let silent = format!("http://{}/direct?sig=a", silent.local_addr().expect("an address"));
    for (unreachable, stall) in [
        (nowhere().await, Duration::from_secs(20)),
        (silent.parse().expect("an address"), Duration::from_millis(200)),
    ] {
        let (bytes, folder) = (content(LENGTH), Folder::new());
        let body = bytes.clone();
        // Were it asked again, that would cost the one retry that there is.
        let server = Server::start(move |n, request| {
            let reply = Reply::ranged(request, &body, "");
            if n == 0 { reply.cut(100_000) } else { reply }
        })
        .await;
        let source = source(unreachable, &bytes).or(server.url("files/f"));
        Transfer::new(client(stall))
            .with_retry(RetryConfig {
                max_retries: 1,
                ..crate::support::quick_retry()
            })
            .download(&source, &folder.root, "file", IfExists::Refuse, &())
            .await
            .expect("the file");
        assert!(folder.read("file") == bytes);
        assert_eq!(server.froms(), [0, 100_000]);
    }
}

#[tokio::test]
async fn what_has_come_stays_when_the_address_changes() {
    let (bytes, folder, heard) = (content(LENGTH), Folder::new(), Heard::default());
    let body = bytes.clone();
    let server = Server::start(move |n, request| match (n, request.target.as_str()) {
        (0, _) => Reply::ranged(request, &body, "").cut(150_000),
        (_, "/direct?sig=a") => Reply::new(403, DENIED),
        (2, _) => Reply::new(500, ""),
        _ => Reply::ranged(request, &body, ""),
    })
    .await;
    let source = source(server.url("direct?sig=a"), &bytes).or(server.url("files/f"));
    get(&source, &folder, &heard).await.expect("the file");
    assert!(folder.read("file") == bytes);
    assert_eq!(server.froms(), [0, 150_000, 150_000, 150_000]);
    assert_eq!(server.requests()[3].target, "/files/f");
    assert_eq!(*heard.bytes.lock().expect("no panic"), LENGTH as u64);
}

#[tokio::test]
async fn fresh_addresses_are_asked_for_twice_at_most() {
    for (works_at, ok, requests) in [("fresh1", true, 3), ("fresh2", true, 4), ("fresh3", false, 4)] {
        let (bytes, folder) = (content(LENGTH), Folder::new());
        let body = bytes.clone();
        let server = Server::start(move |_, request| {
            if request.target.ends_with(works_at) {
                Reply::ok(body.clone())
            } else {
                Reply::new(403, DENIED)
            }
        })
        .await;
        let renewal = Fresh::new(Some(server.url("renewed")));
        let source = source(server.url("direct?sig=a"), &bytes)
            .or(server.url("other?sig=b"))
            .with_renewal(Arc::clone(&renewal) as _);
        match get(&source, &folder, &Heard::default()).await {
            Ok(()) => assert!(ok && folder.read("file") == bytes),
            Err(error) => {
                assert!(!ok, "{error}");
                assert_eq!(error.kind(), TransferErrorKind::Expired, "{error}");
                assert!(!error.to_string().contains("sig="), "{error}");
            }
        }
        assert_eq!(server.count(), requests, "{works_at}");
        assert!(renewal.asked.load(Ordering::Relaxed) <= 2);
    }
}

#[tokio::test]
async fn an_address_that_says_that_it_has_expired_is_asked_last() {
    let (bytes, folder) = (content(LENGTH), Folder::new());
    let body = bytes.clone();
    let server = Server::start(move |_, _| Reply::ok(body.clone())).await;
    let expired = server.url("direct?Expires=1000000000&Signature=a");
    let alone = source(expired.clone(), &bytes);
    let both = source(expired, &bytes).or(server.url("files/f"));
    get(&both, &folder, &Heard::default()).await.expect("the file");
    get(&alone, &Folder::new(), &Heard::default())
        .await
        .expect("the clock may be wrong");
    assert_eq!(server.requests()[0].target, "/files/f");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_renewal_that_fails_is_told() {
    let (bytes, folder) = (content(LENGTH), Folder::new());
    let server = Server::start(|_, _| Reply::new(403, DENIED)).await;
    let source = source(server.url("direct?sig=a"), &bytes).with_renewal(Fresh::new(None));
    let error = folder.fails(&source, TransferErrorKind::Expired).await;
    says(
        &error,
        &[
            "Request has expired",
            "no fresh address could be had: the listing is closed",
        ],
    );
}

#[tokio::test]
async fn addresses_that_cannot_be_fetched_are_passed_over() {
    let (bytes, folder) = (content(LENGTH), Folder::new());
    let body = bytes.clone();
    let server = Server::start(move |_, _| Reply::ok(body.clone())).await;
    let reference: Url = "s3://bucket/key".parse().expect("an address");
    let both = source(reference.clone(), &bytes).or(server.url("f"));
    get(&both, &folder, &Heard::default()).await.expect("the file");
    let error = get(&source(reference, &bytes), &Folder::new(), &Heard::default())
        .await
        .expect_err("no address");
    assert_eq!((error.kind(), error.attempts()), (TransferErrorKind::Address, 0));
}
