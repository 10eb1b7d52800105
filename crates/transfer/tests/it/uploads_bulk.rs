//! Many uploads at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{Stream, StreamExt as _, stream};
use wandb_transfer::{Content, Destination, Event, Step, UploadJob};

use crate::server::{Reply, Server};
use crate::support::{content, transfer};

fn job<K>(server: &Server, key: K, path: &str, bytes: Vec<u8>) -> UploadJob<K> {
    UploadJob {
        key,
        content: Content::bytes(bytes),
        to: Destination::new(server.url(path)),
        name: path.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_has_one_outcome_and_failures_stop_nobody() {
    let server = Server::start(|_, request| {
        let status = if request.target.starts_with("/ok") {
            200
        } else {
            404
        };
        Reply::new(status, "")
    })
    .await;
    let jobs: Vec<_> = (0..300)
        .map(|n| match n {
            150 => Err("the list is torn"),
            n if n % 3 == 0 => Ok(job(&server, n, &format!("no{n}"), vec![])),
            n => Ok(job(&server, n, &format!("ok{n}"), content(n))),
        })
        .collect();
    let (mut outcomes, mut torn) = (vec![""; 300], 0);
    let mut uploads = transfer().upload_all(stream::iter(jobs), 16);
    while let Some(event) = uploads.next().await {
        let (n, outcome) = match event {
            Event::File(n, Step::Finished(done)) => {
                assert_eq!(done.bytes, n as u64);
                (n, "finished")
            }
            Event::File(n, Step::Failed(_)) => (n, "failed"),
            Event::Listing(error) => {
                assert_eq!(error, "the list is torn");
                torn += 1;
                continue;
            }
            Event::File(..) => continue,
        };
        assert_eq!(outcomes[n], "", "{n} has ended already");
        outcomes[n] = outcome;
    }
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let expected = match n {
            150 => "",
            n if n % 3 == 0 => "failed",
            _ => "finished",
        };
        assert_eq!(outcome, expected, "{n}");
    }
    assert_eq!((torn, server.count()), (1, 299));
}

#[tokio::test]
async fn events_are_in_order_and_retries_are_told() {
    let server = Server::start(|n, _| match n {
        0 => Reply::new(503, ""),
        _ => Reply::ok(""),
    })
    .await;
    let jobs = stream::iter([Ok::<_, Infallible>(job(&server, (), "f", content(200_000)))]);
    let events: Vec<_> = transfer().upload_all(jobs, 4).collect().await;
    assert!(matches!(events[0], Event::File((), Step::Started)), "{events:?}");
    let Event::File((), Step::Retried { attempt: 1, why, .. }) = &events[1] else {
        panic!("{events:?}")
    };
    assert!(why.contains("503"), "{why}");
    let Some(Event::File((), Step::Finished(done))) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(done.bytes, 200_000);
}

/// Counts the jobs that were asked for.
fn counted(
    server: &Arc<Server>,
    key: &Arc<()>,
    asked: &Arc<AtomicUsize>,
) -> impl Stream<Item = Result<UploadJob<Arc<()>>, Infallible>> + Send + use<> {
    let (server, key, asked) = (Arc::clone(server), Arc::clone(key), Arc::clone(asked));
    stream::iter(0..200).map(move |n| {
        asked.fetch_add(1, Ordering::SeqCst);
        Ok(job(&server, Arc::clone(&key), &format!("{n}"), content(100)))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_asked_for_when_there_is_room_and_none_goes_on_after_the_end() {
    let server = Arc::new(Server::start(|_, _| Reply::ok("").stall()).await);
    for stop in [true, false] {
        let (key, asked) = (Arc::new(()), Arc::new(AtomicUsize::default()));
        let before = server.count();
        let mut uploads = transfer().upload_all(counted(&server, &key, &asked), 5);
        assert_eq!(asked.load(Ordering::SeqCst), 0, "it is lazy");
        for _ in 0..5 {
            assert!(matches!(
                uploads.next().await,
                Some(Event::File(_, Step::Started))
            ));
        }
        while server.count() < before + 5 {
            tokio::task::yield_now().await;
        }
        assert_eq!(asked.load(Ordering::SeqCst), 5);
        if stop {
            uploads.stop().await;
        } else {
            drop(uploads);
            while Arc::strong_count(&key) > 1 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!((Arc::strong_count(&key), server.count()), (1, before + 5));
    }
}
