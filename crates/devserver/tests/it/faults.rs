//! Faults, as a client meets them.

use crate::client::{data, field, get, header, http, post, server_with, with_key};
use reqwest::Method;
use serde_json::json;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wandb_devserver::{DevServer, Fault};

const TEXT: &str = "0123456789";

async fn direct() -> (DevServer, String) {
    let server = server_with(&[("a b.txt", TEXT)]).await;
    let url = field(&server, "a b.txt", "directUrl").await;
    (server, url)
}

#[tokio::test]
async fn a_reply_takes_the_place_of_the_answer() {
    let server = server_with(&[]).await;
    server.inject(Fault::on_graphql().operation("Two").after(1).reply(
        429,
        &[("RateLimit-Reset", "3")],
        "slow down",
    ));
    let one = json!({ "query": "query One { viewer { id } }" });
    let two = json!({ "query": "query Two { viewer { id } }" });
    assert_eq!(post(&server, &one).await.0, 200);
    assert_eq!(post(&server, &two).await.0, 200);
    let url = format!("{}/graphql", server.url());
    let answer = with_key(&server, Method::POST, &url)
        .body(two.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "ratelimit-reset")),
        (429, "3")
    );
    assert_eq!(answer.text().await.unwrap(), "slow down");
    assert_eq!(post(&server, &two).await.0, 200);
    let statuses: Vec<u16> = server.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 200, 429, 200]);
}

#[tokio::test]
async fn a_body_is_cut_after_so_many_bytes() {
    for fault in [
        Fault::on_storage("a b").truncate_after(4),
        Fault::on_storage("a%20b").reset_after(4),
    ] {
        let (server, url) = direct().await;
        server.inject(fault);
        let mut answer = get(&url, &[]).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "content-length")),
            (200, "10")
        );
        assert_eq!(answer.chunk().await.unwrap().unwrap(), "0123");
        answer.chunk().await.unwrap_err();
        assert_eq!(get(&url, &[]).await.text().await.unwrap(), TEXT);
    }
}

/// What a plain socket reads of the answer, and how it ends.
async fn read_by_hand(server: &DevServer, url: &str) -> (String, Option<ErrorKind>) {
    let address = server.storage_url().trim_start_matches("http://").to_owned();
    let path = url.trim_start_matches(server.storage_url()).to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(&address).unwrap();
        write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let (mut text, mut chunk) = (Vec::new(), [0; 1024]);
        loop {
            match socket.read(&mut chunk) {
                Ok(0) => return (text, None),
                Ok(read) => text.extend(&chunk[..read]),
                Err(error) => return (text, Some(error.kind())),
            }
        }
    });
    let (text, end) = reading.await.unwrap();
    let text = String::from_utf8(text).unwrap();
    (
        text.split_once("\r\n\r\n")
            .map_or(String::new(), |(_, body)| body.to_owned()),
        end,
    )
}

#[tokio::test]
async fn a_cut_closes_and_a_reset_resets() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").truncate_after(4));
    server.inject(Fault::on_storage("").reset_after(4));
    server.inject(Fault::on_storage("").close());
    assert_eq!(read_by_hand(&server, &url).await, ("0123".into(), None));
    assert_eq!(
        read_by_hand(&server, &url).await,
        ("0123".into(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(read_by_hand(&server, &url).await, (String::new(), None));
    assert_eq!(server.requests().last().unwrap().status, 0);
}

#[tokio::test]
async fn a_graphql_answer_can_be_cut_too() {
    let server = server_with(&[]).await;
    server.inject(Fault::on_graphql().truncate_after(10));
    let url = format!("{}/graphql", server.url());
    let answer = with_key(&server, Method::POST, &url).body(r#"{"query": "{ viewer { id } }"}"#);
    answer.send().await.unwrap().text().await.unwrap_err();
}

#[tokio::test]
async fn a_stalled_body_says_nothing_more() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").stall_after(4));
    let mut answer = get(&url, &[]).await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "0123");
    let more = tokio::time::timeout(Duration::from_millis(200), answer.chunk()).await;
    assert!(more.is_err(), "the connection stays open and silent");
    drop(server);
    let end = tokio::time::timeout(Duration::from_secs(10), answer.chunk()).await;
    end.expect("the connection ends with the server").unwrap_err();
}

#[tokio::test]
async fn a_byte_can_be_wrong() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").wrong_byte_at(3));
    let answer = get(&url, &[]).await;
    assert_eq!(header(&answer, "content-length"), "10");
    let bytes = answer.bytes().await.unwrap();
    assert_eq!((&bytes[..3], &bytes[4..]), (&b"012"[..], &b"456789"[..]));
    assert_eq!(bytes[3], !b'3');
}

#[tokio::test]
async fn a_body_can_come_compressed() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").gzip());
    let answer = get(&url, &[("accept-encoding", "identity")]).await;
    assert_eq!(
        (
            header(&answer, "content-encoding"),
            header(&answer, "content-length")
        ),
        ("gzip", "")
    );
    let bytes = answer.bytes().await.unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, TEXT);
}

#[tokio::test]
async fn a_range_can_be_ignored_with_another_fault_on_top() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").ignore_range());
    server.inject(Fault::on_storage("").ignore_range().truncate_after(4));
    let whole = get(&url, &[("range", "bytes=5-")]).await;
    assert_eq!(
        (whole.status().as_u16(), whole.text().await.unwrap()),
        (200, TEXT.to_owned())
    );
    let mut cut = get(&url, &[("range", "bytes=5-")]).await;
    assert_eq!(
        (cut.status().as_u16(), cut.chunk().await.unwrap().unwrap()),
        (200, "0123".into())
    );
    assert_eq!(get(&url, &[("range", "bytes=5-")]).await.status(), 206);
}

#[tokio::test]
async fn files_can_redirect_elsewhere() {
    let server = server_with(&[("a", "a")]).await;
    let url = field(&server, "a", "url").await;
    server.inject(
        Fault::on_files("run/a")
            .times(2)
            .redirect_to("file:///etc/passwd"),
    );
    for expected in ["file:///etc/passwd", "file:///etc/passwd"] {
        let answer = with_key(&server, Method::GET, &url).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "location")),
            (302, expected)
        );
    }
    assert_eq!(
        with_key(&server, Method::GET, &url)
            .send()
            .await
            .unwrap()
            .status(),
        307
    );
}

#[tokio::test]
async fn an_answer_can_be_late_and_faults_can_be_taken_out() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").times(9).delay(Duration::from_millis(150)));
    let start = Instant::now();
    assert_eq!(get(&url, &[]).await.text().await.unwrap(), TEXT);
    assert!(start.elapsed() >= Duration::from_millis(150));
    server.inject(Fault::on_graphql().times(9).close());
    server.clear_faults();
    data(&server, "{ viewer { id } }", json!({})).await;
}

#[tokio::test]
async fn an_upload_can_be_refused_without_effect() {
    let (server, _) = direct().await;
    server.inject(Fault::on_storage("").method("PUT").reply(
        503,
        &[],
        "<Error><Code>SlowDown</Code></Error>",
    ));
    let query = r#"mutation { createRunFiles(input: {
        entityName: "team", projectName: "project", runName: "run", files: ["new"]
    }) { files { uploadUrl } } }"#;
    let created = data(&server, query, json!({})).await;
    let url = created["createRunFiles"]["files"][0]["uploadUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    let put = || {
        http()
            .put(&url)
            .header("x-devserver-upload", "1")
            .body(vec![0; 1 << 20])
            .send()
    };
    assert_eq!(put().await.unwrap().status(), 503);
    assert_eq!(field(&server, "new", "md5").await, "0");
    assert_eq!(put().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_address_can_have_expired_before_its_time() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").expired());
    let refused = get(&url, &[]).await;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("Request has expired"));
    assert_eq!(get(&url, &[]).await.text().await.unwrap(), TEXT);
}

#[tokio::test]
async fn a_length_can_be_announced_that_is_not_there() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").announce_length(20));
    server.inject(Fault::on_storage("").announce_length(4));
    let mut longer = get(&url, &[]).await;
    assert_eq!(header(&longer, "content-length"), "20");
    assert_eq!(longer.chunk().await.unwrap().unwrap(), TEXT);
    longer.chunk().await.unwrap_err();
    let shorter = get(&url, &[]).await;
    assert_eq!(shorter.text().await.unwrap(), "0123");
}

#[tokio::test]
async fn an_object_can_be_swapped_for_another() {
    let (server, url) = direct().await;
    let tag = header(&get(&url, &[]).await, "etag").to_owned();
    server.inject(Fault::on_storage("").times(9).swapped());
    let known = [("range", "bytes=5-"), ("if-range", tag.as_str())];
    let other = get(&url, &known).await;
    let new_tag = header(&other, "etag").to_owned();
    assert_eq!((other.status().as_u16(), new_tag != tag), (200, true));
    let inverted: Vec<u8> = TEXT.bytes().map(|byte| !byte).collect();
    assert_eq!(other.bytes().await.unwrap(), inverted);
    assert_eq!(get(&url, &[("if-match", &tag)]).await.status(), 412);

    let rest = get(&url, &[("range", "bytes=5-"), ("if-range", new_tag.as_str())]).await;
    assert_eq!(rest.status(), 206);
    assert_eq!(rest.bytes().await.unwrap(), inverted[5..]);
}

#[tokio::test]
async fn a_range_can_be_another_than_was_asked_for() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").shift_range(2));
    server.inject(Fault::on_storage("").with_header("Content-Range", "bytes 0-1/10"));
    for (told, text) in [("bytes 6-7/10", "67"), ("bytes 0-1/10", "45")] {
        let answer = get(&url, &[("range", "bytes=4-5")]).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "content-range")),
            (206, told)
        );
        assert_eq!(answer.text().await.unwrap(), text);
    }
}

#[tokio::test]
async fn an_answer_can_be_something_else_altogether() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").empty());
    server.inject(Fault::on_storage("").html());
    let empty = get(&url, &[]).await;
    assert_eq!(
        (empty.status().as_u16(), empty.text().await.unwrap().as_str()),
        (200, "")
    );
    let page = get(&url, &[]).await;
    assert_eq!(
        (page.status().as_u16(), header(&page, "content-type")),
        (200, "text/html")
    );
    assert!(page.text().await.unwrap().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn a_body_can_drip() {
    let (server, url) = direct().await;
    server.inject(Fault::on_storage("").throttle(100));
    let start = Instant::now();
    let answer = get(&url, &[]).await;
    assert_eq!(header(&answer, "content-length"), "10");
    assert_eq!(answer.text().await.unwrap(), TEXT);
    assert!(start.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_server_can_be_far_away() {
    let late = Duration::from_millis(60);
    let server = DevServer::builder()
        .latency(late)
        .rate(10_000)
        .start()
        .await
        .unwrap();
    crate::client::fill(&server, &[("a", &TEXT.repeat(200))]).await;
    let start = Instant::now();
    let url = field(&server, "a", "directUrl").await;
    assert!(start.elapsed() >= late);
    let start = Instant::now();
    assert_eq!(get(&url, &[]).await.text().await.unwrap(), TEXT.repeat(200));
    // A connection that was idle brings the first bytes of 50 ms at once.
    assert!(start.elapsed() >= late + Duration::from_millis(150));
}

#[tokio::test]
async fn the_server_works_while_the_answer_is_on_its_way() {
    let far = DevServer::builder().latency(Duration::from_secs(3600));
    let server = Arc::new(far.start().await.unwrap());
    crate::client::fill(&server, &[("a", TEXT)]).await;
    let deletion =
        json!({ "query": r#"mutation { deleteFiles(input: { files: ["RmlsZTox"] }) { success } }"# });
    let sender = Arc::clone(&server);
    let waiting = tokio::spawn(async move { post(&sender, &deletion).await });
    while server.deletions().is_empty() {
        assert!(!waiting.is_finished());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(server.requests()[0].status, 0, "it is done, and not answered");
    waiting.abort();
}

#[tokio::test]
async fn faults_of_a_server_that_is_far_away_are_as_late_as_its_answers() {
    let late = Duration::from_millis(60);
    let server = DevServer::builder().latency(late).start().await.unwrap();
    let url = format!("{}/files/a", server.url());
    server.inject(Fault::on_files("").close());
    server.inject(Fault::on_files("").delay(late).reply(418, &[], ""));
    let start = Instant::now();
    http().get(&url).send().await.unwrap_err();
    assert!(start.elapsed() >= late);
    let start = Instant::now();
    assert_eq!(get(&url, &[]).await.status(), 418);
    assert!(start.elapsed() >= 2 * late, "its own delay comes on top");
}

#[tokio::test]
async fn programs_beside_the_server_set_faults_and_read_the_record() {
    let (server, url) = direct().await;
    let door = |what: &str| format!("{}/_devserver/{what}", server.url());
    server.clear_requests();
    let send = |body: &'static str| http().post(door("faults")).body(body).send();
    assert_eq!(
        send("storage::reply=418\n\nstorage:b:expired\n")
            .await
            .unwrap()
            .status(),
        200
    );
    let refused = send("storage::close\nstorage::explode").await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("explode"));

    assert_eq!(get(&url, &[]).await.status(), 418);
    let text = |answer: reqwest::Response| async { answer.text().await.unwrap() };
    assert_eq!(
        text(get(&door("faults"), &[]).await).await,
        r#"{"met":1,"waiting":1}"#
    );
    http().delete(door("faults")).send().await.unwrap();
    assert_eq!(get(&url, &[("authorization", "Basic x")]).await.status(), 400);
    let record: serde_json::Value =
        serde_json::from_str(&text(get(&door("requests"), &[]).await).await).unwrap();
    let outline: Vec<_> = record
        .as_array()
        .unwrap()
        .iter()
        .map(|request| (request["status"].as_u64(), request["has_authorization"].as_bool()))
        .collect();
    assert_eq!(outline, [(Some(418), Some(false)), (Some(400), Some(true))]);
}
