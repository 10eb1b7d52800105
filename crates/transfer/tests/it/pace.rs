//! A limit that one request meets holds all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wandb_http::Pace;
use wandb_transfer::IfExists;

use crate::server::{Reply, Server};
use crate::support::{Folder, Heard, content, source, transfer};

#[tokio::test]
async fn one_refusal_is_enough_for_all() {
    tokio::join!(hold(429), hold(503));
}

async fn hold(status: u16) {
    let (bytes, folder) = (content(1000), Arc::new(Folder::new()));
    let body = bytes.clone();
    let server = Server::start(move |n, _| match n {
        0 => Reply::new(status, "").header("Retry-After", "1"),
        _ => Reply::ok(body.clone()),
    })
    .await;
    // Those at other hosts do not wait.
    let storage = Server::start(|_, _| Reply::ok("hello")).await;
    let (transfer, heard) = (transfer().with_pace(Pace::default()), Arc::new(Heard::default()));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (folder, transfer, hearing) = (Arc::clone(&folder), transfer.clone(), Arc::clone(&heard));
        let source = source(server.url("f"), &bytes);
        tasks.spawn(async move {
            transfer
                .download(
                    &source,
                    &folder.root,
                    &format!("{n}"),
                    IfExists::Refuse,
                    &*hearing,
                )
                .await
        });
        // The others begin once the first has been refused.
        while heard.retries.lock().expect("no panic").is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let other = source(storage.url("g"), b"hello");
    transfer
        .download(&other, &folder.root, "other", IfExists::Refuse, &())
        .await
        .expect("the other");
    assert_eq!(server.count(), 1);
    for outcome in tasks.join_all().await {
        outcome.expect("the file");
    }
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.count(), 21);
    assert_eq!(heard.retries.lock().expect("no panic").len(), 1);
}
