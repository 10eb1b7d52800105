//! The object storage.

use crate::client::{ask, basic, field, fill, get, header, server_with};
use reqwest::{Method, Response};
use std::time::Duration;
use wandb_devserver::{DevServer, Listed, Listener};

const TEXT: &str = "0123456789";

async fn direct() -> (DevServer, String) {
    let server = server_with(&[("a.txt", TEXT)]).await;
    let url = field(&server, "a.txt", "directUrl").await;
    (server, url)
}

/// The status and the code of an error in XML.
async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(header(&answer, "content-type"), "application/xml");
    let text = answer.text().await.unwrap();
    let code = text
        .split_once("<Code>")
        .unwrap()
        .1
        .split_once("</Code>")
        .unwrap()
        .0;
    (status, code.to_owned())
}

#[tokio::test]
async fn an_object_comes_with_all_that_resuming_needs() {
    let (_server, url) = direct().await;
    let answer = get(&url, &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-length"), "10");
    assert_eq!(header(&answer, "accept-ranges"), "bytes");
    assert_eq!(header(&answer, "content-type"), "text/plain");
    assert_eq!(header(&answer, "etag"), "\"781e5e245d69b566979b86e28d23f2c7\"");
    assert!(header(&answer, "last-modified").ends_with(" GMT"));
    assert_eq!(answer.text().await.unwrap(), TEXT);
}

#[tokio::test]
async fn parts_are_served() {
    let (_server, url) = direct().await;
    for (range, content_range, part) in [
        ("bytes=3-5", "bytes 3-5/10", "345"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-2", "bytes 8-9/10", "89"),
        ("bytes=8-100", "bytes 8-9/10", "89"),
    ] {
        let answer = get(&url, &[("range", range)]).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "content-range")),
            (206, content_range)
        );
        assert_eq!(header(&answer, "content-length"), part.len().to_string());
        assert_eq!(answer.text().await.unwrap(), part);
    }
    let answer = get(&url, &[("range", "bytes=10-")]).await;
    assert_eq!(header(&answer, "content-range"), "bytes */10");
    assert_eq!(refusal(answer).await, (416, "InvalidRange".to_owned()));
}

#[tokio::test]
async fn a_part_of_what_has_changed_is_not_served() {
    let (server, url) = direct().await;
    let before = get(&url, &[]).await;
    let etag = header(&before, "etag").to_owned();
    let same = get(&url, &[("range", "bytes=5-"), ("if-range", &etag)]).await;
    assert_eq!(same.status(), 206);
    fill(&server, &[("a.txt", "other text")]).await;
    let changed = get(&url, &[("range", "bytes=5-"), ("if-range", &etag)]).await;
    assert_eq!(
        (changed.status().as_u16(), changed.text().await.unwrap()),
        (200, "other text".to_owned())
    );
    let refused = get(&url, &[("if-match", &etag)]).await;
    assert_eq!(refusal(refused).await, (412, "PreconditionFailed".to_owned()));
}

#[tokio::test]
async fn a_reader_keeps_what_it_opened() {
    let server = DevServer::start().await.unwrap();
    let old = vec![1; 8 << 20];
    server
        .add_file("team", "project", "run", "big", &old)
        .await
        .unwrap();
    let mut answer = get(&field(&server, "big", "directUrl").await, &[]).await;
    let mut got = answer.chunk().await.unwrap().unwrap().to_vec();
    server
        .add_file("team", "project", "run", "big", b"new")
        .await
        .unwrap();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        got.extend(chunk);
    }
    assert!(got == old);
}

#[tokio::test]
async fn an_address_opens_nothing_else() {
    let (server, url) = direct().await;
    fill(&server, &[("b.txt", "b")]).await;
    let (bare, query) = url.split_once('?').unwrap();
    let later = query.replacen("Expires=1", "Expires=2", 1);
    for (wrong, code) in [
        (bare.to_owned(), "AccessDenied"),
        (url.replace("a.txt", "b.txt"), "SignatureDoesNotMatch"),
        (format!("{bare}?{later}"), "SignatureDoesNotMatch"),
        (format!("{url}0"), "SignatureDoesNotMatch"),
        (format!("{}/", server.storage_url()), "AccessDenied"),
    ] {
        assert_eq!(
            refusal(get(&wrong, &[]).await).await,
            (403, code.to_owned()),
            "{wrong}"
        );
    }
    assert_eq!(ask(Method::HEAD, &url, &[]).await.status(), 403);
    assert_eq!(refusal(ask(Method::PUT, &url, &[]).await).await.0, 403);
}

#[tokio::test]
async fn an_address_expires() {
    let server = DevServer::builder()
        .url_ttl(Duration::ZERO)
        .start()
        .await
        .unwrap();
    fill(&server, &[("a.txt", TEXT)]).await;
    let answer = get(&field(&server, "a.txt", "directUrl").await, &[]).await;
    assert_eq!(refusal(answer).await, (403, "AccessDenied".to_owned()));
}

#[tokio::test]
async fn a_credential_is_refused_and_noticed() {
    let (server, url) = direct().await;
    let answer = get(&url, &[("authorization", &basic(server.api_key()))]).await;
    assert_eq!(refusal(answer).await, (400, "InvalidArgument".to_owned()));
    let last = server.requests().pop().unwrap();
    assert_eq!(
        (last.listener, last.has_authorization, last.status),
        (Listener::Storage, true, 400)
    );
}

#[tokio::test]
async fn a_file_of_which_only_the_metadata_exists_has_no_object() {
    let server = DevServer::start().await.unwrap();
    server
        .add_listing("team", "project", "run", [Listed::new("a", 3)])
        .await
        .unwrap();
    let answer = get(&field(&server, "a", "directUrl").await, &[]).await;
    assert_eq!(refusal(answer).await, (404, "NoSuchKey".to_owned()));
}

#[tokio::test]
async fn an_empty_object_is_served() {
    let server = server_with(&[("empty", "")]).await;
    let url = field(&server, "empty", "directUrl").await;
    let answer = get(&url, &[]).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "content-length")),
        (200, "0")
    );
    assert_eq!(refusal(get(&url, &[("range", "bytes=0-")]).await).await.0, 416);
}
