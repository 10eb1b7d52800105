//! What a run sends while it is under way, and what can be read of it.

use crate::client::{data, http, server_with, with_key};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::io::Write as _;
use wandb_devserver::DevServer;

/// Sends a body to the run's stream.
async fn stream(server: &DevServer, body: impl Into<reqwest::Body>) -> StatusCode {
    let url = format!("{}/files/team/project/run/file_stream", server.url());
    let sent = with_key(server, Method::POST, &url).body(body);
    sent.send().await.unwrap().status()
}

/// What a selection of fields says of the run.
async fn run(server: &DevServer, fields: &str) -> Value {
    let query = format!(
        r#"{{ project(name: "project", entityName: "team") {{ run(name: "run") {{ {fields} }} }} }}"#
    );
    data(server, &query, json!({})).await["project"]["run"].take()
}

/// Steps from `first` to before `last`, as lines of a history that begins at the same number.
fn history(first: i64, last: i64) -> String {
    let lines: Vec<String> = (first..last)
        .map(|step| json!({"_step": step, "loss": step * 2}).to_string())
        .collect();
    json!({"files": {"wandb-history.jsonl": {"offset": first, "content": lines}}}).to_string()
}

#[tokio::test]
async fn a_run_ends_when_its_stream_says_so() {
    let server = server_with(&[]).await;
    for (body, state) in [
        (r#"{"files": {}, "uploaded": ["a"]}"#, "running"),
        (r#"{"complete": true, "exitcode": 1}"#, "failed"),
        (r#"{"complete": true, "exitcode": 0}"#, "finished"),
    ] {
        assert_eq!(stream(&server, body).await, 200);
        assert_eq!(run(&server, "state").await["state"], state);
    }
}

#[tokio::test]
async fn what_is_logged_can_be_read_by_step_by_key_and_as_a_sample() {
    let server = server_with(&[]).await;
    assert_eq!(stream(&server, history(0, 6)).await, 200);
    // A client that had no answer sends its lines again.
    assert_eq!(stream(&server, history(4, 10)).await, 200);
    let told = run(
        &server,
        r#"historyLineCount historyTail historyKeys
           some: history(minStep: 3, maxStep: 5) three: history(samples: 3)
           sampledHistory(specs: ["{\"keys\": [\"_step\", \"loss\"], \"samples\": 2}"])
           parquetHistory(liveKeys: ["loss"]) { parquetUrls liveData }"#,
    )
    .await;
    let line = |step: i64| json!({"_step": step, "loss": step * 2}).to_string();
    assert_eq!(told["historyLineCount"], 10);
    assert_eq!(told["historyTail"], json!([line(9)]).to_string());
    assert_eq!(told["historyKeys"]["lastStep"], 9);
    assert_eq!(told["some"], json!([line(3), line(4)]));
    assert_eq!(told["three"], json!([line(0), line(4), line(9)]));
    assert_eq!(
        told["sampledHistory"],
        json!([[{"_step": 0, "loss": 0}, {"_step": 9, "loss": 18}]])
    );
    assert_eq!(told["parquetHistory"]["parquetUrls"], json!([]));
    assert_eq!(told["parquetHistory"]["liveData"][9], json!({"loss": 18}));
}

#[tokio::test]
async fn the_summary_and_the_other_logs_are_kept_too() {
    let server = server_with(&[]).await;
    let body = json!({"files": {
        "wandb-summary.json": {"offset": 0, "content": [r#"{"best":1}"#, r#"{"best":2}"#]},
        "wandb-events.jsonl": {"offset": 0, "content": [r#"{"system.cpu":3}"#]},
        "output.log": {"offset": 0, "content": ["one", "two"]},
        "another.txt": {"offset": 0, "content": ["nobody asks for it"]},
    }});
    assert_eq!(stream(&server, body.to_string()).await, 200);
    let told = run(
        &server,
        "summaryMetrics events(samples: 5) eventsLineCount logLineCount",
    )
    .await;
    assert_eq!(
        told,
        json!({"summaryMetrics": r#"{"best":2}"#, "events": [r#"{"system.cpu":3}"#], "eventsLineCount": 1, "logLineCount": 2})
    );
}

#[tokio::test]
async fn a_compressed_stream_is_read() {
    let server = server_with(&[]).await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(history(0, 3).as_bytes()).unwrap();
    let url = format!("{}/files/team/project/run/file_stream", server.url());
    let sent = with_key(&server, Method::POST, &url).header("content-encoding", "gzip");
    let answer = sent.body(packed.finish().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(run(&server, "historyLineCount").await["historyLineCount"], 3);
}

#[tokio::test]
async fn a_stream_without_a_key_to_elsewhere_or_of_no_json_is_refused() {
    let server = server_with(&[]).await;
    let url = format!("{}/files/team/project/run/file_stream", server.url());
    assert_eq!(http().post(&url).body("{}").send().await.unwrap().status(), 401);
    for elsewhere in ["run/a.txt", "no-such-run/file_stream"] {
        let elsewhere = url.replace("run/file_stream", elsewhere);
        let sent = with_key(&server, Method::POST, &elsewhere).body("{}");
        assert_eq!(sent.send().await.unwrap().status(), 404);
    }
    assert_eq!(stream(&server, "no json").await, 400);
}
