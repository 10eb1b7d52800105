//! Uploads as storages and servers differ in them, and as they go wrong.

use crate::client::{basic, data, field, fill, get, http, names, node, run_files, server_with, with_key};
use crate::uploading::{create, put};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use wandb_devserver::{Builder, DevServer, Fault, Feature, Listener, RecordedRequest};

const LEGACY: &str = "
    query RunUploadUrls($name: String!, $files: [String]!, $entity: String, $run: String!, $description: String) {
        model(name: $name, entityName: $entity) {
            bucket(name: $run, desc: $description) {
                id files(names: $files) { uploadHeaders edges { node { name url(upload: true) updatedAt } } }
            }
        }
    }";

async fn start(builder: Builder) -> DevServer {
    let server = builder.start().await.unwrap();
    fill(&server, &[]).await;
    server
}

fn puts(server: &DevServer) -> Vec<RecordedRequest> {
    let mut requests = server.requests();
    requests.retain(|request| request.method == "PUT");
    requests
}

/// What a plain socket reads of the answer to an upload of which only this is sent.
async fn put_by_hand(
    server: &DevServer,
    created: &Value,
    headers: &str,
    sent: &'static [u8],
    breaks_off: bool,
) -> (String, Option<ErrorKind>) {
    let address = server.storage_url().trim_start_matches("http://").to_owned();
    let url = created["files"][0]["uploadUrl"].as_str().unwrap();
    let path = url.trim_start_matches(server.storage_url());
    let upload = created["uploadHeaders"][0].as_str().unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\n{upload}\r\nConnection: close\r\n{headers}\r\n\r\n"
    );
    let sending = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(&address).unwrap();
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(sent).unwrap();
        if breaks_off {
            socket.shutdown(Shutdown::Write).unwrap();
        }
        let mut text = Vec::new();
        let end = socket.read_to_end(&mut text).err().map(|error| error.kind());
        (String::from_utf8(text).unwrap(), end)
    });
    sending.await.unwrap()
}

#[tokio::test]
async fn the_older_query_gives_addresses_with_and_without_the_mutation() {
    for builder in [
        DevServer::builder(),
        DevServer::builder().without(Feature::CreateRunFiles),
    ] {
        let server = start(builder).await;
        let wanted: Vec<String> = (0..120).map(|number| format!("new {number}#.txt")).collect();
        let variables = |run: &str| json!({ "name": "project", "entity": "team", "run": run, "files": wanted, "description": null });
        let bucket = data(&server, LEGACY, variables("run")).await["model"]["bucket"].take();
        assert!(bucket["id"].is_string());
        let edges = bucket["files"]["edges"].as_array().unwrap();
        let given: Vec<&str> = edges
            .iter()
            .map(|edge| edge["node"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(given, wanted);
        assert_eq!(edges[0]["node"]["updatedAt"], Value::Null);
        let created = json!({
            "uploadHeaders": bucket["files"]["uploadHeaders"],
            "files": [{ "uploadUrl": edges[119]["node"]["url"] }],
        });
        assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 200);
        assert_eq!(names(&server, json!({})).await, ["new 119#.txt"]);
        let missing = data(&server, LEGACY, variables("nope")).await;
        assert_eq!(missing["model"], json!({ "bucket": null }));
    }
}

#[tokio::test]
async fn a_server_that_is_its_own_storage_wants_the_key() {
    let server = start(DevServer::builder().relative_upload_urls(true).prefix("/wandb")).await;
    let created = create(&server, &["sub/a b#.txt", "../x"]).await;
    assert_eq!(
        created["files"][0]["uploadUrl"],
        "/files/team/project/run/sub/a%20b%23.txt"
    );
    let variables = json!({ "name": "project", "entity": "team", "run": "run", "files": ["n"] });
    let legacy = data(&server, LEGACY, variables).await;
    let node = &legacy["model"]["bucket"]["files"]["edges"][0]["node"];
    assert_eq!(node["url"], "/files/team/project/run/n");

    let (name, value) = created["uploadHeaders"][0]
        .as_str()
        .unwrap()
        .split_once(':')
        .unwrap();
    for place in [0, 1] {
        let relative = created["files"][place]["uploadUrl"].as_str().unwrap();
        let url = format!("{}{relative}", server.url());
        let request = || http().put(&url).header(name, value).body("abc");
        assert_eq!(request().send().await.unwrap().status(), 401);
        let with_key = request().header("authorization", basic(server.api_key()));
        assert_eq!(with_key.send().await.unwrap().status(), 200);
    }
    assert_eq!(names(&server, json!({})).await, ["sub/a b#.txt", "../x"]);
    let back = get(&field(&server, "sub/a b#.txt", "directUrl").await, &[]).await;
    assert_eq!(back.text().await.unwrap(), "abc");

    let other = server_with(&[]).await;
    let url = format!("{}/files/team/project/run/a", other.url());
    let refused = with_key(&other, Method::PUT, &url)
        .body("abc")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 405);
}

#[tokio::test]
async fn azure_wants_its_own_header() {
    let server = start(DevServer::builder().azure(true)).await;
    let mut created = create(&server, &["a"]).await;
    assert_eq!(created["uploadHeaders"], json!(["x-ms-blob-type:BlockBlob"]));
    assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 201);
    created["uploadHeaders"] = json!([]);
    for (headers, code) in [
        (&[][..], "MissingRequiredHeader"),
        (&[("x-ms-blob-type", "PageBlob")], "InvalidHeaderValue"),
    ] {
        let refused = put(&created, 0, b"other", headers).await;
        assert_eq!(refused.status(), 400);
        assert!(refused.text().await.unwrap().contains(code));
    }
    assert_eq!(node(&server, "a").await["sizeBytes"], 3);
}

#[tokio::test]
async fn an_upload_says_how_long_it_is_and_keeps_to_it() {
    let server = server_with(&[]).await;
    let created = create(&server, &["a"]).await;
    let chunked = "Transfer-Encoding: chunked";
    let (answer, _) = put_by_hand(&server, &created, chunked, b"3\r\nabc\r\n0\r\n\r\n", false).await;
    assert!(
        answer.starts_with("HTTP/1.1 411 ") && answer.contains("MissingContentLength"),
        "{answer}"
    );
    let (answer, _) = put_by_hand(&server, &created, "Content-Length: 9", b"abc", true).await;
    assert!(!answer.contains(" 200 "), "{answer}");
    assert_eq!(names(&server, json!({})).await, [""; 0]);
    let (answer, _) = put_by_hand(&server, &created, "Content-Length: 0", b"", false).await;
    assert!(answer.contains(" 200 "), "{answer}");
    assert_eq!(names(&server, json!({})).await, ["a"]);
}

#[tokio::test]
async fn a_file_shows_from_the_listing_of_its_turn_on() {
    let server = start(DevServer::builder().listing_delay(3)).await;
    let created = create(&server, &["x/a", "b"]).await;
    for place in [0, 1] {
        assert_eq!(put(&created, place, b"abc", &[]).await.status(), 200);
    }
    // Listings that would not show it do not count, nor do pages that others follow.
    for _ in 0..5 {
        assert_eq!(names(&server, json!({ "pattern": "y%" })).await, [""; 0]);
    }
    assert_eq!(names(&server, json!({ "pattern": "X/%" })).await, [""; 0]);
    assert_eq!(node(&server, "x/a").await["md5"], "0");
    assert_eq!(names(&server, json!({})).await, ["x/a"]);
    assert_eq!(names(&server, json!({})).await, ["x/a"]);
    assert_eq!(names(&server, json!({})).await, ["x/a", "b"]);
    assert_eq!(run_files(&server, json!({})).await["fileCount"], 2);

    let again = create(&server, &["b"]).await;
    assert_eq!(put(&again, 0, b"changed", &[]).await.status(), 200);
    let mut sizes = Vec::new();
    for _ in 0..4 {
        sizes.push(node(&server, "b").await["sizeBytes"].clone());
        assert_eq!(names(&server, json!({ "fileLimit": 1 })).await, ["x/a"]);
    }
    assert_eq!(sizes, [3, 3, 7, 7]);
}

#[tokio::test]
async fn a_late_file_that_has_to_be_marked_comes_after_its_mark() {
    let server = start(DevServer::builder().listing_delay(2).list_when_marked(true)).await;
    let created = create(&server, &["a"]).await;
    assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 200);
    for _ in 0..3 {
        assert_eq!(names(&server, json!({})).await, [""; 0]);
    }
    let mark = r#"mutation { markRunFilesUploaded(input: {
        entityName: "team", projectName: "project", runName: "run", files: ["a"]
    }) { success } }"#;
    data(&server, mark, json!({})).await;
    assert_eq!(names(&server, json!({})).await, [""; 0]);
    assert_eq!(names(&server, json!({})).await, ["a"]);
}

#[tokio::test]
async fn an_upload_can_be_refused_as_storage_refuses_it() {
    let server = server_with(&[]).await;
    let created = create(&server, &["a"]).await;
    let on_put = || Fault::on_storage("a").method("PUT");
    server.inject(on_put().request_timeout());
    server.inject(on_put().expired());
    server.inject(on_put().reply(503, &[("Retry-After", "1")], ""));
    for (status, code) in [(400, "RequestTimeout"), (403, "Request has expired"), (503, "")] {
        let refused = put(&created, 0, b"abc", &[]).await;
        assert_eq!(refused.status(), status);
        assert!(refused.text().await.unwrap().contains(code));
        assert_eq!(names(&server, json!({})).await, [""; 0]);
    }
    assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 200);
    assert_eq!(names(&server, json!({})).await, ["a"]);
}

#[tokio::test]
async fn an_upload_can_break_off_while_it_is_sent() {
    let server = server_with(&[]).await;
    let created = create(&server, &["a"]).await;
    let bytes: &'static [u8] = Vec::leak(vec![7; 4_000_000]);
    for fault in [
        Fault::on_storage("a").truncate_after(1_000_000),
        Fault::on_storage("a").reset_after(1_000_000),
    ] {
        server.clear_requests();
        server.inject(fault);
        let request = http()
            .put(created["files"][0]["uploadUrl"].as_str().unwrap())
            .header("x-devserver-upload", "1");
        request.body(bytes).send().await.unwrap_err();
        let received = puts(&server)[0].request_bytes;
        assert!((1_000_000..4_000_000).contains(&received), "{received}");
        assert_eq!(puts(&server)[0].status, 0);
        assert_eq!(names(&server, json!({})).await, [""; 0]);
    }
    server.inject(Fault::on_storage("a").reset_after(2));
    let (_, end) = put_by_hand(&server, &created, "Content-Length: 3", b"abc", false).await;
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    assert_eq!(put(&created, 0, bytes, &[]).await.status(), 200);
    assert_eq!(node(&server, "a").await["sizeBytes"], 4_000_000);
}

#[tokio::test]
async fn an_upload_can_stall() {
    let server = server_with(&[]).await;
    let created = create(&server, &["a"]).await;
    server.inject(Fault::on_storage("a").stall_after(2));
    let waiting = put(&created, 0, b"abc", &[]);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), waiting)
            .await
            .is_err()
    );
    assert_eq!(names(&server, json!({})).await, [""; 0]);
    assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 200);
}

#[tokio::test]
async fn storage_can_keep_something_else_than_it_was_sent() {
    let server = server_with(&[]).await;
    let created = create(&server, &["a"]).await;
    server.inject(Fault::on_storage("a").method("PUT").wrong_byte_at(1));
    assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 200);
    let wrong = node(&server, "a").await;
    let back = get(wrong["directUrl"].as_str().unwrap(), &[]).await;
    assert_eq!(back.bytes().await.unwrap()[..], [b'a', !b'b', b'c']);
    assert_eq!(put(&created, 0, b"abc", &[]).await.status(), 200);
    let right = node(&server, "a").await;
    assert_eq!(
        (&right["md5"], &right["sizeBytes"]),
        (&json!("kAFQmDzST7DWlj99KOF/cg=="), &json!(3))
    );
    assert_ne!(wrong["md5"], right["md5"]);
}

#[tokio::test]
async fn an_answer_to_an_upload_can_be_lost() {
    let server = server_with(&[]).await;
    let created = create(&server, &["a", "b"]).await;
    server.inject(Fault::on_storage("run/a").close().carried_out());
    server.inject(Fault::on_storage("run/b").reply(500, &[], "").carried_out());
    let request = http()
        .put(created["files"][0]["uploadUrl"].as_str().unwrap())
        .header("x-devserver-upload", "1");
    request.body("abc").send().await.unwrap_err();
    assert_eq!(put(&created, 1, b"abc", &[]).await.status(), 500);
    assert_eq!(names(&server, json!({})).await, ["a", "b"]);
}

#[tokio::test]
async fn bytes_that_came_are_counted() {
    let server = server_with(&[]).await;
    let created = create(&server, &["a", "b"]).await;
    server.inject(Fault::on_storage("run/b").reply(503, &[], ""));
    for (place, bytes) in [(0, &b"abc"[..]), (0, b""), (1, b"abcde")] {
        let length = bytes.len().to_string();
        put(&created, place, bytes, &[("content-length", &length)]).await;
    }
    let counts: Vec<(Listener, u64, u16)> = puts(&server)
        .iter()
        .map(|request| (request.listener, request.request_bytes, request.status))
        .collect();
    let storage = Listener::Storage;
    assert_eq!(counts, [(storage, 3, 200), (storage, 0, 200), (storage, 5, 503)]);
}
