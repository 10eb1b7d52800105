//! What is moved, what is not, and what is deleted.

use futures::StreamExt as _;
use wandb_client::Filter;
use wandb_devserver::{Fault, RunSpec};
use wandb_mirror::{Mirror, PlanOptions, Source, State, from_key, key};

use crate::setup::{BOTH, On, Setup, content};

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_once_and_a_second_call_moves_nothing() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(3, 20).await;
        let (planned, _) = setup.plan(PlanOptions::default()).await;
        assert_eq!((planned.runs, planned.files, planned.new), (3, 60, 60), "{on:?}");
        setup.work().await;
        let objects = setup.objects().await;
        assert_eq!(objects.len(), 60);
        for run in 0..3 {
            for file in 0..20 {
                let key = key("e", "p", &format!("r{run}"), &format!("media/{file:03}.txt"));
                assert_eq!(objects[&key], content(run, file), "{on:?} {key}");
            }
        }
        for entry in setup.entries().await {
            assert_eq!((entry.state, entry.tries, entry.error), (State::Done, 1, None));
            assert!(entry.moved_at.is_some() && entry.md5.is_some() && entry.file_id.is_some());
        }

        setup.server.clear_requests();
        let (planned, told) = setup.plan(PlanOptions::default()).await;
        assert_eq!(
            (planned.unchanged, planned.new + planned.again, told),
            (60, 0, vec![]),
            "{on:?}"
        );
        setup.work().await;
        // One page of runs with their files, and one of the runs that are still going on.
        assert_eq!(setup.server.requests().len(), 2, "{on:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_or_changed_is_moved_again() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(2, 5).await;
        setup.plan(PlanOptions::default()).await;
        setup.work().await;
        setup.file("r0", "media/001.txt", b"changed").await;
        setup.file("r1", "new.txt", b"new").await;
        setup.server.clear_requests();
        let (planned, told) = setup.plan(PlanOptions::default()).await;
        assert_eq!(
            told,
            ["again e/p/r0/media/001.txt", "new e/p/r1/new.txt"],
            "{on:?}"
        );
        assert_eq!(planned.bytes, 10);
        setup.work().await;
        let objects = setup.objects().await;
        assert_eq!(objects.len(), 11);
        assert_eq!(objects["e/p/r0/media/001.txt"], b"changed");
        assert_eq!(objects["e/p/r1/new.txt"], b"new");
        let bytes_asked = setup
            .server
            .requests()
            .iter()
            .filter(|request| request.operation.is_none())
            .count();
        assert_eq!(bytes_asked, 2, "{on:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_has_no_more_stays_until_it_is_to_be_deleted() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(2, 3).await;
        setup.plan(PlanOptions::default()).await;
        setup.work().await;
        setup.delete("r0", "media/001.txt").await;
        for name in ["media/000.txt", "media/001.txt", "media/002.txt"] {
            setup.delete("r1", name).await;
        }

        let dry = PlanOptions::default().delete(true).dry_run(true);
        let expected = [
            "deleted e/p/r0/media/001.txt",
            "deleted e/p/r1/media/000.txt",
            "deleted e/p/r1/media/001.txt",
            "deleted e/p/r1/media/002.txt",
        ];
        let (planned, told) = setup.plan(dry).await;
        assert_eq!(
            (planned.deleted, told.as_slice()),
            (4, expected.map(String::from).as_slice()),
            "{on:?}"
        );
        assert_eq!(setup.objects().await.len(), 6);

        let (planned, _) = setup.plan(PlanOptions::default()).await;
        assert_eq!((planned.gone, planned.deleted), (4, 0), "{on:?}");
        assert_eq!(setup.objects().await.len(), 6);
        // They are told of once.
        assert_eq!(setup.plan(PlanOptions::default()).await.0.gone, 0);

        let (planned, _) = setup.plan(PlanOptions::default().delete(true)).await;
        assert_eq!(planned.deleted, 4, "{on:?}");
        let keys: Vec<String> = setup.objects().await.into_keys().collect();
        assert_eq!(keys, ["e/p/r0/media/000.txt", "e/p/r0/media/002.txt"], "{on:?}");
        assert_eq!(setup.entries().await.len(), 2);
    }
}

/// Where the files of a run are not listed for the run alone.
async fn nothing_is_deleted_unlisted(setup: &Setup) {
    setup.server.inject(
        Fault::on_graphql()
            .operation("RunFiles")
            .times(100)
            .reply(403, &[], "no"),
    );
    let (planned, told) = setup.plan(PlanOptions::default().delete(true)).await;
    assert_eq!(
        (planned.deleted, planned.gone, planned.problems),
        (0, 0, 1),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_breaks_off_deletes_nothing() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(1, 120).await;
    setup.plan(PlanOptions::default()).await;
    setup.work().await;
    setup.delete("r0", "media/119.txt").await;
    // The first page of files comes with the run, the others by themselves.
    nothing_is_deleted_unlisted(&setup).await;
    assert_eq!(setup.objects().await.len(), 120);
}

/// As a listing by pages does while runs and files are deleted meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_listing_leaves_out_is_asked_for_before_it_counts_as_gone() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(3, 3).await;
    setup.plan(PlanOptions::default()).await;
    setup.work().await;
    setup.delete("r1", "media/000.txt").await;
    for options in [PlanOptions::default(), PlanOptions::default().delete(true)] {
        let files = setup.api().files_of_project("e/p/").await.unwrap();
        let cut = files.filters(Filter::field("name").eq("r2"));
        let mut told = Vec::new();
        let plan = setup.mirror().await;
        let plan = plan.plan(Source::project(cut, "e", "p"), options, |change| {
            told.push(format!("{change:?}"));
        });
        let planned = plan.await.unwrap();
        assert_eq!(
            (planned.gone + planned.deleted, planned.problems),
            (1, 0),
            "{told:?}"
        );
        assert!(told[0].contains("e/p/r1/media/000.txt"), "{told:?}");
    }
    assert_eq!(setup.objects().await.len(), 8);
    assert_eq!(setup.plan(PlanOptions::default()).await.0.unchanged, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_for_is_not_deleted() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(1, 3).await;
    setup.plan(PlanOptions::default()).await;
    setup.work().await;
    setup.delete("r0", "media/000.txt").await;
    nothing_is_deleted_unlisted(&setup).await;
    setup.server.clear_faults();
    assert_eq!(setup.plan(PlanOptions::default().delete(true)).await.0.deleted, 1);
    assert_eq!(setup.objects().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_a_folder_could_not_hold_is_deleted_as_well() {
    let setup = Setup::new(On::Sqlite).await;
    setup.file("r0", "a/b", b"below").await;
    setup.plan(PlanOptions::default()).await;
    setup.work().await;
    setup.file("r0", "a", b"above").await;
    setup.plan(PlanOptions::default()).await;
    setup.work().await;
    assert_eq!(setup.ledger().await.failures(10).await.unwrap().len(), 1);
    setup.delete("r0", "a").await;
    let (planned, told) = setup.plan(PlanOptions::default().delete(true)).await;
    assert_eq!((planned.deleted, told.len()), (1, 1), "{told:?}");
    let keys: Vec<String> = setup.objects().await.into_keys().collect();
    assert_eq!(keys, ["e/p/r0/a/b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_ledger_holds_stops_no_other() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(1, 2).await;
        // Of characters that compress badly: PostgreSQL compresses what it indexes.
        let mut random = fastrand::Rng::with_seed(1);
        let long: String = (0..4_000).map(|_| random.alphanumeric()).collect();
        setup.file("r0", &long, b"long").await;
        let (planned, told) = setup.plan(PlanOptions::default()).await;
        assert_eq!((planned.new, planned.problems), (2, 1), "{on:?} {told:?}");
        setup.work().await;
        assert_eq!(setup.objects().await.len(), 2, "{on:?}");
        // Another file of such a name counts neither as new nor as gone.
        let (planned, _) = setup.plan(PlanOptions::default().delete(true)).await;
        assert_eq!((planned.unchanged, planned.deleted), (2, 0), "{on:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_do_not_overwrite_each_others_files() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(1, 1).await;
    setup.plan(PlanOptions::default()).await;
    setup.work().await;
    let mut other = Setup::new(On::Sqlite).await;
    other.address.clone_from(&setup.address);
    other.file("r0", "media/000.txt", b"another server's").await;
    other.file("r1", "media/000.txt", b"of a run of its own").await;
    let mirror = Mirror::open(other.api(), other.ledger().await, setup.destination());
    let mirror = mirror.await.unwrap();
    let plan = mirror.plan(other.source().await, PlanOptions::default(), |_| ());
    let error = plan.await.unwrap_err().to_string();
    assert!(
        error.contains("e/p/r0") && error.contains(setup.server.url().trim_end_matches('/')),
        "{error}"
    );
    other.work().await;
    assert_eq!(setup.objects().await["e/p/r0/media/000.txt"], content(0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(2, 3).await;
        let (planned, told) = setup.plan(PlanOptions::default().dry_run(true)).await;
        assert_eq!((planned.new, told.len()), (6, 6), "{on:?}");
        assert!(setup.entries().await.is_empty());
        setup.work().await;
        assert!(setup.objects().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_had_stops_no_other_and_is_tried_again() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(1, 4).await;
        setup
            .server
            .inject(Fault::on_storage("002.txt").times(100).reply(404, &[], "gone"));
        setup
            .server
            .inject(Fault::on_files("002.txt").times(100).reply(404, &[], "gone"));
        setup.plan(PlanOptions::default()).await;
        setup.work().await;
        assert_eq!(setup.objects().await.len(), 3, "{on:?}");
        let failures = setup.ledger().await.failures(10).await.unwrap();
        assert_eq!(failures.len(), 1);
        assert_eq!(
            (failures[0].name.as_str(), failures[0].tries),
            ("media/002.txt", 1)
        );
        assert!(failures[0].error.contains("404"), "{}", failures[0].error);
        let (ledger, destination) = (setup.ledger().await, setup.destination());
        for (to, expected) in [
            (None, 1),
            (Some(destination.address()), 1),
            (Some("elsewhere"), 0),
        ] {
            let failed: Vec<_> = ledger.failed_entries(to).collect().await;
            assert_eq!(failed.len(), expected, "{on:?}");
            assert!(failed.iter().flatten().all(|entry| entry.name == "media/002.txt"));
        }

        setup.server.clear_faults();
        let (_, told) = setup.plan(PlanOptions::default()).await;
        assert_eq!(told, ["again e/p/r0/media/002.txt"], "{on:?}");
        setup.work().await;
        assert_eq!(setup.objects().await.len(), 4, "{on:?}");
        assert!(setup.ledger().await.failures(10).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_between_listing_and_moving_is_moved_as_it_is() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(1, 3).await;
    setup.plan(PlanOptions::default()).await;
    setup.file("r0", "media/000.txt", b"another content").await;
    setup.delete("r0", "media/001.txt").await;
    setup.work().await;
    let objects = setup.objects().await;
    assert_eq!(objects.len(), 2);
    assert_eq!(objects["e/p/r0/media/000.txt"], b"another content");
    let states: Vec<State> = setup.entries().await.iter().map(|entry| entry.state).collect();
    assert_eq!(states, [State::Done, State::Gone, State::Done]);
    let (planned, told) = setup.plan(PlanOptions::default()).await;
    assert_eq!((planned.unchanged, told.len()), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_every_kind_arrive_and_come_back() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        let long = "x".repeat(300);
        let names = [
            "50%.txt",
            "a b+c#d?.txt",
            "ünï/😀.bin",
            ".hidden",
            "con/aux.json",
            "q'\"uote",
            &long,
        ];
        for name in names {
            setup.file("r", name, name.as_bytes()).await;
        }
        setup.plan(PlanOptions::default()).await;
        setup.work().await;
        let mut found: Vec<(String, Vec<u8>)> = Vec::new();
        for (key, bytes) in setup.objects().await {
            let [entity, project, run, name] = from_key(&key).unwrap();
            assert_eq!((entity.as_str(), project.as_str(), run.as_str()), ("e", "p", "r"));
            found.push((name, bytes));
        }
        found.sort();
        let mut expected: Vec<_> = names
            .iter()
            .map(|name| ((*name).to_owned(), name.as_bytes().to_vec()))
            .collect();
        expected.sort();
        assert_eq!(found, expected, "{on:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_going_on_are_told_of() {
    let setup = Setup::new(On::Sqlite).await;
    for (run, state) in [("r0", "finished"), ("r1", "running"), ("r2", "crashed")] {
        setup.file(run, "a", b"a").await;
        let spec = RunSpec {
            state: Some(state.to_owned()),
            ..RunSpec::default()
        };
        setup.server.add_run_with("e", "p", run, spec).await.unwrap();
    }
    let (planned, _) = setup.plan(PlanOptions::default()).await;
    assert_eq!(planned.going_on, ["e/p/r1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_is_all_of_its_projects() {
    let setup = Setup::new(On::Sqlite).await;
    for project in ["p", "q"] {
        setup
            .server
            .add_file("e", project, "r", "a.txt", project.as_bytes())
            .await
            .unwrap();
    }
    let source = Source::entity("e", |files| files);
    let planned = setup
        .mirror()
        .await
        .plan(source, PlanOptions::default(), |_| ())
        .await
        .unwrap();
    assert_eq!((planned.runs, planned.new), (2, 2));
    setup.work().await;
    let keys: Vec<String> = setup.objects().await.into_keys().collect();
    assert_eq!(keys, ["e/p/r/a.txt", "e/q/r/a.txt"]);
}
