//! What answers of a server, or none, are taken for.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::{ClientOptions, RetryConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wandb_mirror::{Destination, DestinationError, DestinationErrorKind as Kind, PutError};

use crate::support::{content, expected, pieces};

fn bucket(endpoint: &str, timeout: Duration) -> Destination {
    let store = AmazonS3Builder::new()
        .with_bucket_name("bucket")
        .with_endpoint(endpoint)
        .with_access_key_id("id")
        .with_secret_access_key("hush")
        .with_client_options(ClientOptions::new().with_allow_http(true).with_timeout(timeout))
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        })
        .build()
        .expect("a client");
    Destination::new(Arc::new(store), "", "s3://bucket")
}

/// A server that gives each connection the same answer, or with an empty one none.
async fn server(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            if answer.is_empty() {
                silent.push(stream);
            } else {
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    address
}

async fn put(destination: &Destination) -> DestinationError {
    let bytes = content(100);
    match destination.put("e/p/r/x", pieces(&bytes), expected(&bytes)).await {
        Err(PutError::Destination(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn statuses() {
    for (status, code, kind) in [
        ("500 Internal Server Error", "InternalError", Kind::Outage),
        ("502 Bad Gateway", "", Kind::Outage),
        ("503 Service Unavailable", "SlowDown", Kind::Outage),
        ("429 Too Many Requests", "", Kind::Outage),
        ("400 Bad Request", "SlowDown", Kind::Outage),
        ("403 Forbidden", "AccessDenied", Kind::Denied),
        ("401 Unauthorized", "", Kind::Denied),
        ("404 Not Found", "NoSuchBucket", Kind::Missing),
        ("400 Bad Request", "KeyTooLongError", Kind::Name),
        ("507 Insufficient Storage", "XMinioStorageFull", Kind::Full),
        ("400 Bad Request", "InvalidRequest", Kind::Other),
        ("501 Not Implemented", "NotImplemented", Kind::Other),
    ] {
        let body = format!("<Error><Code>{code}</Code>\n<Message>so it is</Message></Error>");
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let error = put(&bucket(&server(answer).await, Duration::from_secs(60))).await;
        assert_eq!(error.kind(), kind, "{status} {code}: {error}");
        assert_eq!(error.is_outage(), kind == Kind::Outage);
        let text = error.to_string();
        assert!(text.starts_with("write \"e/p/r/x\" in s3://bucket: "), "{text}");
        assert!(
            text.contains(status) && text.contains(code) && !text.contains('\n'),
            "{text}"
        );
        assert!(!format!("{error:?}").contains("hush"));
    }
}

#[tokio::test]
async fn nobody_there() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port")
        .local_addr()
        .expect("an address");
    let silent = server(String::new()).await;
    let cut = server("HTTP/1.1 200 OK\r\nContent-Le".into()).await;
    for endpoint in [
        format!("http://{closed}"),
        silent,
        cut,
        "http://no-such-host.invalid".into(),
    ] {
        let destination = bucket(&endpoint, Duration::from_millis(500));
        let error = put(&destination).await;
        assert!(error.is_outage(), "{endpoint}: {error:?}");
        assert!(
            destination.head("e/p/r/x").await.expect_err("nobody").is_outage(),
            "{endpoint}"
        );
        assert!(
            destination
                .delete("e/p/r/x")
                .await
                .expect_err("nobody")
                .is_outage(),
            "{endpoint}"
        );
    }
}
