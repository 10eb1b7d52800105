//! How many requests many downloads have under way.

use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use url::Url;
use wandb_devserver::{DevServer, Listener};
use wandb_http::Credential;
use wandb_transfer::{BulkOptions, Event, Job, Slots, Step};

use crate::support::{Folder, content, source, transfer};

/// The most requests for bytes that were under way at a time.
async fn most(options: BulkOptions) -> usize {
    let (folder, bytes) = (Folder::new(), content(2_000));
    let server = DevServer::builder()
        .latency(Duration::from_millis(10))
        .start()
        .await
        .expect("a server");
    let base: Url = server.url().parse().expect("an address");
    let mut jobs = Vec::new();
    for number in 0..60 {
        let name = format!("f{number}");
        let added = server.add_file("team", "project", "run", &name, &bytes).await;
        added.expect("a file");
        let url = base
            .join(&format!("files/team/project/run/{name}"))
            .expect("an address");
        let source = source(url, &bytes);
        jobs.push(Ok::<_, std::convert::Infallible>(Job {
            key: (),
            source,
            name,
        }));
    }
    let key = Credential::api_key(&base, server.api_key());
    let transfer = transfer().with_credentials(Arc::new(key));
    let mut downloads = transfer.download_all(stream::iter(jobs), &folder.root, options);
    let mut finished = 0;
    while let Some(event) = downloads.next().await {
        finished += usize::from(matches!(event, Event::File((), Step::Finished(_))));
    }
    assert_eq!(finished, 60);
    let requests = server.requests();
    let stored = requests
        .iter()
        .filter(|request| request.listener == Listener::Storage);
    stored.map(|request| request.at_once).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_as_jobs_and_no_more() {
    assert_eq!(most(BulkOptions::default().jobs(4)).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_as_there_are_shared_places_and_no_more() {
    let shared = BulkOptions::default().jobs(8).within(Slots::new(3));
    assert_eq!(most(shared).await, 3);
}

#[tokio::test]
async fn as_many_as_jobs_where_more_places_are_shared() {
    let shared = BulkOptions::default().jobs(4).within(Slots::new(64));
    assert_eq!(most(shared).await, 4);
}
