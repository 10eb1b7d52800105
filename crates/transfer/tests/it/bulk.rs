//! Many files at once.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;
use wandb_transfer::{BulkOptions, Downloads, Event, IfExists, Job, Step, TransferErrorKind};

use crate::server::{Reply, Server};
use crate::support::{Folder, content, says, source, transfer};

/// A server whose answer to `/ok…` is the address itself, as often as asked, and to anything else 404.
async fn server() -> Server {
    Server::start(|_, request| {
        if request.target.starts_with("/ok") {
            Reply::ok(request.target.clone())
        } else {
            Reply::new(404, "")
        }
    })
    .await
}

fn job(server: &Server, path: &str, name: &str) -> Job<String> {
    Job {
        key: name.to_owned(),
        source: source(server.url(path), format!("/{path}").as_bytes()),
        name: name.to_owned(),
    }
}

fn jobs(server: &Server, names: &[&str]) -> impl Stream<Item = Result<Job<String>, Infallible>> + use<> {
    let jobs: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| Ok(job(server, &format!("ok{n}"), name)))
        .collect();
    stream::iter(jobs)
}

/// What became of each key, as one word; a key with more than one outcome shows in the length.
async fn outcomes<L: std::fmt::Debug>(mut downloads: Downloads<String, L>) -> Vec<(String, &'static str)> {
    let mut outcomes = Vec::new();
    while let Some(event) = downloads.next().await {
        match event {
            Event::File(key, Step::Finished(_)) => outcomes.push((key, "finished")),
            Event::File(key, Step::Skipped(_)) => outcomes.push((key, "skipped")),
            Event::File(key, Step::Failed(_)) => outcomes.push((key, "failed")),
            Event::Listing(_) => outcomes.push((String::new(), "listing")),
            Event::File(..) => {}
        }
    }
    outcomes.sort();
    outcomes
}

async fn failures<L>(mut downloads: Downloads<String, L>) -> HashMap<String, wandb_transfer::TransferError> {
    let mut failures = HashMap::new();
    while let Some(event) = downloads.next().await {
        if let Event::File(key, Step::Failed(error)) = event {
            failures.insert(key, error);
        }
    }
    failures
}

fn options() -> BulkOptions {
    BulkOptions::default()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_has_one_outcome_and_one_request_and_failures_stop_nobody() {
    let (server, folder) = (server().await, Folder::new());
    let paths: Vec<String> = (0..300)
        .map(|n| {
            if n % 3 == 0 {
                format!("no{n}")
            } else {
                format!("ok{n}")
            }
        })
        .collect();
    let list: Vec<_> = paths
        .iter()
        .map(|path| Ok::<_, Infallible>(job(&server, path, &format!("d/{path}"))))
        .collect();
    let outcomes = outcomes(transfer().download_all(stream::iter(list), &folder.root, options())).await;
    let mut expected: Vec<_> = paths
        .iter()
        .map(|path| {
            let what = if path.starts_with("ok") {
                "finished"
            } else {
                "failed"
            };
            (format!("d/{path}"), what)
        })
        .collect();
    expected.sort();
    assert_eq!(outcomes, expected);
    assert_eq!(server.count(), 300);
    assert_eq!(folder.names().len(), 201, "200 files and their folder");
    assert_eq!(folder.read("d/ok1"), b"/ok1");
}

#[tokio::test]
async fn the_events_of_a_file_are_in_order_and_retries_are_told() {
    let (bytes, folder) = (content(200_000), Folder::new());
    let server = Server::start({
        let bytes = bytes.clone();
        move |n, _| match n {
            0 => Reply::new(503, ""),
            _ => Reply::ok(bytes.clone()),
        }
    })
    .await;
    let job = Job {
        key: (),
        source: source(server.url("x"), &bytes),
        name: "x".to_owned(),
    };
    let jobs = stream::iter([Ok::<_, Infallible>(job)]);
    let events: Vec<_> = transfer()
        .download_all(jobs, &folder.root, options())
        .collect()
        .await;
    assert!(matches!(events[0], Event::File((), Step::Started)), "{events:?}");
    let Event::File((), Step::Retried { attempt: 1, why, .. }) = &events[1] else {
        panic!("{events:?}")
    };
    assert!(why.contains("503"), "{why}");
    let Some(Event::File((), Step::Finished(done))) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(
        (done.bytes, done.path.clone()),
        (200_000, folder.path().join("x"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_while_the_listing_goes_on() {
    let (server, folder) = (server().await, Folder::new());
    let (send, mut receive) = mpsc::unbounded_channel();
    let jobs = stream::poll_fn(move |context| receive.poll_recv(context));
    let mut downloads = transfer().download_all(jobs, &folder.root, options());
    // Each job is only listed once the one before is there.
    for n in 0..10 {
        let name = format!("ok{n}");
        send.send(Ok::<_, Infallible>(job(&server, &name, &name)))
            .expect("listens");
        loop {
            match downloads.next().await.expect("an event") {
                Event::File(key, Step::Finished(_)) => break assert_eq!(key, name),
                Event::File(_, Step::Started | Step::Progress { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    drop(send);
    assert!(downloads.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_fails_in_the_middle_is_told_in_its_place() {
    let (server, folder) = (server().await, Folder::new());
    let list = vec![
        Ok(job(&server, "ok1", "a")),
        Err("page 2 is broken"),
        Ok(job(&server, "ok2", "b")),
    ];
    let outcomes = outcomes(transfer().download_all(stream::iter(list), &folder.root, options())).await;
    let expected = [("", "listing"), ("a", "finished"), ("b", "finished")];
    assert_eq!(outcomes, expected.map(|(key, what)| (key.to_owned(), what)));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_are_under_way_than_jobs_and_nothing_is_listed_in_advance() {
    let (server, folder) = (Arc::new(server().await), Folder::new());
    let under_way = Arc::new(AtomicUsize::new(0));
    let listed = stream::iter(0..200).map({
        let (server, under_way) = (Arc::clone(&server), Arc::clone(&under_way));
        move |n| {
            under_way.fetch_add(1, Ordering::SeqCst);
            let name = format!("ok{n}");
            Ok::<_, Infallible>(job(&server, &name, &name))
        }
    });
    let mut downloads = transfer().download_all(listed, &folder.root, options().jobs(5));
    let (mut finished, mut most) = (0, 0);
    while let Some(event) = downloads.next().await {
        if let Event::File(_, Step::Finished(_)) = event {
            finished += 1;
            under_way.fetch_sub(1, Ordering::SeqCst);
        }
        most = most.max(under_way.load(Ordering::SeqCst));
    }
    assert_eq!(finished, 200);
    // The outcomes of seven files may wait to be read while seven others are under way.
    assert!((5..=14).contains(&most), "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_or_stopping_leaves_nothing_under_way() {
    let (bytes, folder) = (content(100_000), Folder::new());
    let server = Server::start({
        let bytes = bytes.clone();
        move |_, _| Reply::ok(bytes.clone()).cut(50_000).stall()
    })
    .await;
    // Every task holds a clone, so it tells how many there are.
    let key = Arc::new(());
    for stop in [true, false] {
        let list: Vec<_> = (0..8)
            .map(|n| {
                Ok::<_, Infallible>(Job {
                    key: Arc::clone(&key),
                    source: source(server.url("x"), &bytes),
                    name: format!("{stop}{n}"),
                })
            })
            .collect();
        let seen = server.count();
        let mut downloads = transfer().download_all(stream::iter(list), &folder.root, options().jobs(4));
        let mut started = 0;
        while started < 4 {
            started += usize::from(matches!(
                downloads.next().await,
                Some(Event::File(_, Step::Started))
            ));
        }
        while server.count() < seen + 4 {
            tokio::task::yield_now().await;
        }
        if stop {
            downloads.stop().await;
        } else {
            drop(downloads);
            while Arc::strong_count(&key) > 1 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!((Arc::strong_count(&key), server.count()), (1, seen + 4));
    }
    let names = folder.names();
    assert!(
        names.iter().all(|name| wandb_transfer::is_partial(name)),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_reader_that_stops_for_a_while_loses_nothing() {
    let (server, folder) = (server().await, Folder::new());
    let names: Vec<String> = (0..40).map(|n| format!("f{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut downloads = transfer().download_all(jobs(&server, &names), &folder.root, options().jobs(4));
    assert!(downloads.next().await.is_some());
    while server.count() < 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(outcomes(downloads).await.len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_names_of_one_path_do_not_overwrite_one_another() {
    let (server, folder) = (server().await, Folder::new());
    for (jobs_at_once, if_exists) in [(1, IfExists::Refuse), (64, IfExists::Replace)] {
        let names = ["a/b", "c", "a//b", "./a/b", "a/./b"];
        let options = options().jobs(jobs_at_once).if_exists(if_exists);
        let failures = failures(transfer().download_all(jobs(&server, &names), &folder.root, options)).await;
        let mut failed: Vec<_> = failures.keys().map(String::as_str).collect();
        failed.sort_unstable();
        assert_eq!(failed, ["./a/b", "a/./b", "a//b"]);
        for error in failures.values() {
            assert_eq!((error.kind(), error.attempts()), (TransferErrorKind::Name, 0));
            says(error, &["cannot download", "another file", "same path"]);
        }
        assert_eq!(folder.read("a/b"), b"/ok0", "the first stands");
    }
    assert_eq!(server.count(), 4);
    assert_eq!(folder.names(), ["a/", "a/b", "c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_differ_in_case_are_two_files_where_the_disk_has_it_so() {
    let (server, folder) = (server().await, Folder::new());
    folder.write("probe", b"");
    let ignored = folder.path().join("PROBE").exists();
    std::fs::remove_file(folder.path().join("probe")).expect("a file");
    let outcomes =
        outcomes(transfer().download_all(jobs(&server, &["Model", "model"]), &folder.root, options())).await;
    let second = if ignored { "failed" } else { "finished" };
    assert_eq!(
        outcomes,
        [("Model".to_owned(), "finished"), ("model".to_owned(), second)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_and_a_folder_of_one_name() {
    let (server, folder) = (server().await, Folder::new());
    for (n, names) in [["a", "a/b"], ["c/d", "c"]].into_iter().enumerate() {
        let failures =
            failures(transfer().download_all(jobs(&server, &names), &folder.root, options().jobs(1))).await;
        assert_eq!(failures.keys().collect::<Vec<_>>(), [names[1]]);
        assert_eq!(failures[names[1]].kind(), TransferErrorKind::Name);
        says(
            &failures[names[1]],
            &[["a file stands where a folder", "a folder stands where the file"][n]],
        );
    }
    // At the same time: one of them comes, the other one is told.
    let names = ["e", "e/f"];
    let outcomes = outcomes(transfer().download_all(jobs(&server, &names), &folder.root, options())).await;
    assert_eq!(
        outcomes.iter().filter(|(_, what)| *what == "failed").count(),
        1,
        "{outcomes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_skipped_without_a_request() {
    let (server, folder) = (server().await, Folder::new());
    folder.write("a", b"/ok0");
    folder.write("b", b"/ok?");
    let keep = options().if_exists(IfExists::Keep);
    let kept = outcomes(transfer().download_all(jobs(&server, &["a", "b"]), &folder.root, keep)).await;
    assert_eq!(kept, [("a".to_owned(), "skipped"), ("b".to_owned(), "finished")]);
    assert_eq!(server.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_or_written_before_it_is_polled() {
    let (server, folder) = (server().await, Folder::new());
    let downloads = transfer().download_all(jobs(&server, &["a"]), &folder.root, options());
    assert!(!format!("{downloads:?}").is_empty());
    drop(downloads);
    assert_eq!((server.count(), folder.names()), (0, vec![]));
}
