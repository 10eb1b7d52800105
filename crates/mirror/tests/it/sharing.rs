//! Several workers on one ledger.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use wandb_client::RetryConfig;
use wandb_devserver::Fault;
use wandb_mirror::{Enough, FileMoved, PlanOptions, State, Worker};

use crate::setup::{On, Setup, impatient, options};

#[tokio::test(flavor = "multi_thread")]
async fn workers_share_the_work_and_nothing_is_moved_twice() {
    let setup = Setup::new(On::Postgres).await;
    setup.fill(12, 20).await;
    setup.plan(PlanOptions::default()).await;
    setup.server.clear_requests();
    let moved: [Arc<AtomicUsize>; 3] = Default::default();
    let mut workers = Vec::new();
    for moved in &moved {
        let moved = Arc::clone(moved);
        let count = move |told| {
            if matches!(told, FileMoved::Done { .. }) {
                moved.fetch_add(1, Ordering::Relaxed);
            }
        };
        let worker = Worker::with_listener(setup.api(), setup.ledger().await, options(), count);
        workers.push(tokio::spawn(async move { worker.run(Enough::Empty).await }));
    }
    for worker in workers {
        worker.await.unwrap().unwrap();
    }
    let moved = moved.map(|moved| moved.load(Ordering::Relaxed));
    assert_eq!(moved.iter().sum::<usize>(), 240, "{moved:?}");
    let fetched = setup
        .server
        .requests()
        .iter()
        .filter(|request| request.operation.is_none())
        .count();
    assert_eq!(fetched, 240);
    assert_eq!(setup.objects().await.len(), 240);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_stopped_gives_its_work_back() {
    for on in [On::Sqlite, On::Postgres] {
        let setup = Setup::new(on).await;
        setup.fill(4, 10).await;
        setup.plan(PlanOptions::default()).await;
        setup.server.inject(
            Fault::on_storage("")
                .times(1000)
                .delay(Duration::from_millis(100)),
        );
        let mut few = options();
        few.jobs = 2;
        let (begun, mut first) = tokio::sync::mpsc::unbounded_channel();
        let told = move |_| {
            let _ = begun.send(());
        };
        let worker = Worker::with_listener(setup.api(), setup.ledger().await, few, told);
        let running = {
            let worker = worker.clone();
            tokio::spawn(async move { worker.run(Enough::Empty).await })
        };
        first.recv().await.unwrap();
        worker.stop();
        running.await.unwrap().unwrap();
        let there = setup.objects().await.len();
        assert!((1..40).contains(&there), "{on:?} {there}");
        setup.server.clear_faults();
        // Not after some heartbeats, but at once.
        let started = Instant::now();
        setup.work().await;
        assert!(
            started.elapsed() < options().heartbeat * 3,
            "{on:?} {:?}",
            started.elapsed()
        );
        assert_eq!(setup.objects().await.len(), 40, "{on:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_stopped_finishes_what_is_under_way() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(1, 10).await;
    setup.plan(PlanOptions::default()).await;
    // One of the two files under way takes longer.
    for ms in [1, 800] {
        let delay = Duration::from_millis(ms);
        setup.server.inject(Fault::on_storage("").times(1).delay(delay));
    }
    let mut few = options();
    few.jobs = 2;
    let itself: Arc<OnceLock<Worker>> = Arc::default();
    let stopping = Arc::clone(&itself);
    let told = move |_| stopping.get().unwrap().stop();
    let worker = Worker::with_listener(setup.api(), setup.ledger().await, few, told);
    assert!(itself.set(worker.clone()).is_ok());
    worker.run(Enough::Empty).await.unwrap();
    assert_eq!(setup.objects().await.len(), 2);
    let done = setup.ledger().await.status().await.unwrap().counts.done;
    assert_eq!(done.files, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_stopped_in_an_outage_leaves_its_files_queued() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(1, 3).await;
    setup.plan(PlanOptions::default()).await;
    let away = [Fault::on_storage(""), Fault::on_files("")];
    for fault in away {
        setup.server.inject(fault.times(10_000).reply(503, &[], "away"));
    }
    setup.server.clear_requests();
    let worker = Worker::new(setup.api_with(impatient()), setup.ledger().await, options());
    let running = {
        let worker = worker.clone();
        tokio::spawn(async move { worker.run(Enough::Empty).await })
    };
    let refused = async {
        while !setup
            .server
            .requests()
            .iter()
            .any(|request| request.operation.is_none())
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refused)
        .await
        .unwrap();
    worker.stop();
    running.await.unwrap().unwrap();
    for entry in setup.entries().await {
        assert_eq!(
            (entry.state, entry.tries),
            (State::Pending, 0),
            "{:?}",
            entry.error
        );
    }
    setup.server.clear_faults();
    setup.work().await;
    assert_eq!(setup.objects().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_have_the_folder_makes_none() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(2, 3).await;
    setup.plan(PlanOptions::default()).await;
    let folder = setup.destination().folder().unwrap().to_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    let worker = Worker::new(setup.api(), setup.ledger().await, options());
    let error = tokio::time::timeout(Duration::from_secs(30), worker.run(Enough::Empty)).await;
    let error = error.unwrap().unwrap_err().to_string();
    assert!(error.contains("there is no such folder"), "{error}");
    assert!(!folder.exists());
    for entry in setup.entries().await {
        assert_eq!((entry.state, entry.tries), (State::Pending, 0));
    }
    std::fs::create_dir(&folder).unwrap();
    setup.work().await;
    assert_eq!(setup.objects().await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_one_worker_is_told_of_holds_the_others() {
    let setup = Setup::new(On::Postgres).await;
    let (one, other) = (setup.api(), setup.api());
    let address: url::Url = setup.server.url().parse().unwrap();
    let idle = Worker::new(other.clone(), setup.ledger().await, options());
    let told = Worker::new(one.clone(), setup.ledger().await, options());
    let running = [idle.clone(), told.clone()]
        .map(|worker| tokio::spawn(async move { worker.run(Enough::Never).await }));
    one.pace().heard(
        &address,
        429,
        Some(Duration::from_secs(30)),
        &RetryConfig::default(),
    );
    let heeded = async {
        while other.pace().holds().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heeded)
        .await
        .unwrap();
    let (_, left) = other.pace().holds().remove(0);
    assert!(
        left > Duration::from_secs(5) && left <= Duration::from_secs(30),
        "{left:?}"
    );
    for (worker, running) in [idle, told].into_iter().zip(running) {
        worker.stop();
        running.await.unwrap().unwrap();
    }
}
