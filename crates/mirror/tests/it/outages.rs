//! What passes is waited for.

use std::time::Duration;

use wandb_devserver::Fault;
use wandb_mirror::{Enough, PlanOptions, State, Worker};

use crate::setup::{BOTH, Setup, impatient, options};

#[tokio::test(flavor = "multi_thread")]
async fn refusals_for_a_while_count_for_no_file() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(2, 10).await;
        setup.plan(PlanOptions::default()).await;
        let after = [("retry-after", "1")];
        setup
            .server
            .inject(Fault::on_graphql().times(2).reply(429, &after, "slow down"));
        setup
            .server
            .inject(Fault::on_storage("").times(25).reply(503, &[], "away"));
        setup
            .server
            .inject(Fault::on_files("").times(25).reply(503, &[], "away"));
        let worker = Worker::new(setup.api_with(impatient()), setup.ledger().await, options());
        worker.run(Enough::Empty).await.unwrap();
        assert_eq!(setup.objects().await.len(), 20, "{on:?}");
        assert!(
            setup
                .entries()
                .await
                .iter()
                .all(|entry| (entry.state, entry.tries) == (State::Done, 1))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_fails_while_others_get_through_is_given_up() {
    let setup = Setup::new(crate::setup::On::Sqlite).await;
    setup.fill(3, 40).await;
    setup.server.inject(
        Fault::on_storage("r1/media/007")
            .times(1000)
            .reply(500, &[], "broken"),
    );
    setup.server.inject(
        Fault::on_files("r1/media/007")
            .times(1000)
            .reply(500, &[], "broken"),
    );
    setup.plan(PlanOptions::default()).await;
    let worker = Worker::new(setup.api_with(impatient()), setup.ledger().await, options());
    worker.run(Enough::Empty).await.unwrap();
    let failures = setup.ledger().await.failures(10).await.unwrap();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].error.contains("500"), "{}", failures[0].error);
    assert_eq!(setup.objects().await.len(), 119);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_others_are_moved_is_moved_as_it_is() {
    let setup = Setup::new(crate::setup::On::Sqlite).await;
    setup.fill(1, 4).await;
    setup.plan(PlanOptions::default()).await;
    setup.server.clear_requests();
    setup
        .server
        .inject(Fault::on_storage("").times(1).delay(Duration::from_secs(1)));
    let mut one = options();
    one.jobs = 1;
    let worker = Worker::new(setup.api(), setup.ledger().await, one);
    let running = tokio::spawn(async move { worker.run(Enough::Empty).await });
    let asked = async {
        loop {
            let requests = setup.server.requests();
            if let Some(request) = requests.iter().find(|request| request.operation.is_none()) {
                return request.path.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .unwrap();
    // All have been listed by now.
    let names: Vec<String> = (0..4).map(|file| format!("media/{file:03}.txt")).collect();
    let waiting: Vec<&String> = names
        .iter()
        .filter(|name| !asked.contains(name.as_str()))
        .collect();
    setup.file("r0", waiting[0], b"another content").await;
    setup.delete("r0", waiting[1]).await;
    running.await.unwrap().unwrap();
    let objects = setup.objects().await;
    assert_eq!(objects[&format!("e/p/r0/{}", waiting[0])], b"another content");
    assert_eq!(objects.len(), 3);
    let counts = setup.ledger().await.status().await.unwrap().counts;
    assert_eq!(
        (counts.done.files, counts.gone.files, counts.failed.files),
        (3, 1, 0)
    );
    let (planned, told) = setup.plan(PlanOptions::default()).await;
    assert_eq!((planned.unchanged, told.len()), (3, 0), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_ends_the_worker_and_leaves_the_work_queued() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(1, 3).await;
        setup.plan(PlanOptions::default()).await;
        let api = wandb_client::Api::builder()
            .base_url(setup.server.url())
            .api_key("0".repeat(40))
            .build()
            .unwrap();
        let worker = Worker::new(api, setup.ledger().await, options());
        let error = worker.run(Enough::Empty).await.unwrap_err();
        assert!(error.to_string().contains("401"), "{error}");
        assert!(
            setup
                .entries()
                .await
                .iter()
                .all(|entry| (entry.state, entry.tries) == (State::Pending, 0))
        );
        setup.work().await;
        assert_eq!(setup.objects().await.len(), 3, "{on:?}");
    }
}
