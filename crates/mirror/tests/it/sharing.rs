//! Several workers on one ledger.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wandb_client::RetryConfig;
use wandb_devserver::Fault;
use wandb_mirror::{Enough, FileMoved, PlanOptions, Worker};

use crate::setup::{On, Setup, options};

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
