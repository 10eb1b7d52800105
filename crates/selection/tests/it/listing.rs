//! Which files are found, in what order, and what that costs.

use serde_json::json;
use wandb_devserver::{DevServer, Fault, Feature, RunSpec};
use wandb_files::{FilesError, Globs, RunPath};
use wandb_paginator::PaginatorErrorKind;
use wandb_selection::{FilesOfRuns, Filter};

use crate::setup::{Setup, all, most_in_flight};

fn expected(runs: &[(&str, usize)]) -> Vec<String> {
    let of_run = |(run, files): &(&str, usize)| {
        let run = (*run).to_owned();
        (0..*files).map(move |n| format!("{run} media/{n:04}.txt"))
    };
    runs.iter().flat_map(of_run).collect()
}

#[tokio::test]
async fn two_hundred_runs_take_five_requests() {
    let setup = Setup::new().await;
    for n in 0..200 {
        setup.listed(n, &format!("r{n:03}"), 10).await;
    }
    let project = setup.project();
    let found = project.list().unwrap();
    assert_eq!(setup.asked(), [""; 0]);
    let (files, errors) = all(found).await;
    let names: Vec<String> = (0..200).map(|n| format!("r{n:03}")).collect();
    let runs: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 10)).collect();
    assert_eq!(files, expected(&runs));
    assert!(errors.is_empty());
    assert_eq!(setup.asked(), ["RunsWithFiles"; 5]);
}

#[tokio::test]
async fn a_great_run_goes_on_by_itself_in_its_place() {
    let setup = Setup::new().await;
    let runs = [("a", 3), ("b", 0), ("c", 5_000), ("d", 50), ("e", 51), ("f", 1)];
    for (place, (name, files)) in runs.iter().enumerate() {
        setup.listed(place, name, *files).await;
    }
    let (files, errors) = all(setup.project().list().unwrap()).await;
    assert_eq!(files, expected(&runs));
    assert!(errors.is_empty());
    let asked = setup.asked();
    assert_eq!(asked.iter().filter(|name| *name == "RunsWithFiles").count(), 1);
    // 4,950 files of one in pages of 500, and the last one of the other.
    assert_eq!(asked.iter().filter(|name| *name == "RunFiles").count(), 10 + 1);

    let (files, _) = all(setup.runs(&["f", "c", "a", "f"]).list().unwrap()).await;
    assert_eq!(files, expected(&[("f", 1), ("c", 5_000), ("a", 3)]));
    assert_eq!(setup.asked(), ["RunFiles"; 12]);
}

#[tokio::test]
async fn runs_are_chosen_and_sorted_by_the_server() {
    let setup = Setup::new().await;
    for (place, (name, state, tag)) in [
        ("a", "finished", "x"),
        ("b", "crashed", "x"),
        ("c", "finished", "y"),
        ("d", "finished", "x"),
    ]
    .into_iter()
    .enumerate()
    {
        let spec = RunSpec {
            state: Some(state.to_owned()),
            tags: vec![tag.to_owned()],
            ..RunSpec::default()
        };
        setup.run(place, name, spec).await;
        setup.file(name, "f", b"1").await;
    }
    setup.server.add_file("e", "other", "z", "f", b"1").await.unwrap();
    let good = Filter::state("finished").and(Filter::tag("x"));
    let found = setup.project().filters(good).order("-created_at");
    let (files, _) = all(found.clone().list().unwrap()).await;
    assert_eq!(files, ["d f", "a f"]);
    setup.asked();
    let (files, _) = all(found.max_runs(1).list().unwrap()).await;
    assert_eq!(files, ["d f"]);
    assert_eq!(setup.asked(), ["RunsWithFiles"]);

    let other = [RunPath::new("e", "p", "b"), RunPath::new("e", "other", "z")];
    let (files, _) = all(FilesOfRuns::of_runs(setup.context(), other).list().unwrap()).await;
    assert_eq!(files, ["b f", "z f"]);
}

#[tokio::test]
async fn files_are_chosen_by_globs_sizes_and_times() {
    let setup = Setup::new().await;
    setup.listed(0, "a", 60).await;
    setup.listed(1, "b", 5).await;
    let globs = Globs::new(["*3.txt"], ["*23.txt"]).unwrap();
    let globbed = setup.project().globs(globs);
    let (files, _) = all(globbed.clone().list().unwrap()).await;
    let of_a = ["a media/0003.txt", "a media/0013.txt"];
    let more = ["a media/0033.txt", "a media/0043.txt", "a media/0053.txt"];
    assert_eq!(files, [&of_a[..], &more[..], &["b media/0003.txt"]].concat());
    let asked = setup.server.graphql_requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].variables.as_ref().unwrap()["pattern"], "%3.txt");

    let sized = globbed.min_size(3).max_size(13);
    let (files, _) = all(sized.clone().list().unwrap()).await;
    assert_eq!(files, [&of_a[..], &["b media/0003.txt"]].concat());
    let then = "2023-11-14T22:13:25Z".parse().unwrap();
    let (files, _) = all(sized.newer_than(then).list().unwrap()).await;
    assert_eq!(files, ["a media/0013.txt"]);
}

#[tokio::test]
async fn a_limit_asks_for_no_more_than_it_takes() {
    let setup = Setup::new().await;
    for n in 0..100 {
        setup.listed(n, &format!("r{n:03}"), 60).await;
    }
    let (files, _) = all(setup.project().limit(10).list().unwrap()).await;
    assert_eq!(files, expected(&[("r000", 10)]));
    assert_eq!(setup.asked(), ["RunsWithFiles"]);
    let (files, _) = all(setup.runs(&["r007"]).limit(10).list().unwrap()).await;
    assert_eq!(files, expected(&[("r007", 10)]));
    let asked = setup.server.graphql_requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].variables.as_ref().unwrap()["fileLimit"], 10);
    setup.asked();
    let (files, _) = all(setup.project().limit(130).list().unwrap()).await;
    assert_eq!(files, expected(&[("r000", 60), ("r001", 60), ("r002", 10)]));
    assert!(setup.asked().len() <= 4);
}

#[tokio::test]
async fn one_run_that_cannot_be_listed_fails_alone() {
    let setup = Setup::new().await;
    for n in 0..100 {
        setup.listed(n, &format!("r{n:02}"), 2).await;
    }
    // The whole page fails for one run's files; asked by itself, that run fails again.
    let error = json!({"data": null, "errors": [{"message": "boom", "path": ["project", "runs", "edges", 3, "node", "files"]}]});
    setup.server.inject(
        Fault::on_graphql()
            .operation("RunsWithFiles")
            .reply(200, &[], error.to_string()),
    );
    setup
        .server
        .inject(
            Fault::on_graphql()
                .operation("RunFiles")
                .after(3)
                .reply(200, &[], error.to_string()),
        );
    let (files, errors) = all(setup.project().list().unwrap()).await;
    assert_eq!(files.len(), 198);
    assert!(matches!(&errors[..], [FilesError::Listing { run, .. }] if run.project() == "p"));
    let asked = setup.asked();
    // Only the page that failed is asked for run by run.
    assert_eq!(asked.iter().filter(|name| *name == "RunFiles").count(), 40);
    assert_eq!(asked.iter().filter(|name| *name == "RunsWithFiles").count(), 4);
}

#[tokio::test]
async fn a_null_in_place_of_files_is_asked_for_again() {
    let setup = Setup::new().await;
    setup.listed(0, "a", 2).await;
    setup.listed(1, "gone", 0).await;
    let node = |name: &str| json!({"id": name, "name": name, "fileCount": 2, "files": null});
    let answer = json!({"data": {"project": {"runCount": 3, "runs": {
        "edges": [
            {"cursor": "1", "node": node("a")},
            {"cursor": "2", "node": null},
            {"cursor": "3", "node": node("nowhere")},
        ],
        "pageInfo": {"endCursor": "3", "hasNextPage": false},
    }}}});
    setup.server.inject(
        Fault::on_graphql()
            .operation("RunsWithFiles")
            .reply(200, &[], answer.to_string()),
    );
    let (files, errors) = all(setup.project().list().unwrap()).await;
    assert_eq!(files, expected(&[("a", 2)]));
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0].to_string(),
        "cannot list the files of e/p/nowhere: there is no run e/p/nowhere, or no permission to see it; check the path, \
         and whose key this is"
    );
}

#[tokio::test]
async fn a_listing_of_runs_that_breaks_off_says_so() {
    let setup = Setup::new().await;
    for n in 0..60 {
        setup.listed(n, &format!("r{n:02}"), 1).await;
    }
    setup.server.inject(
        Fault::on_graphql()
            .operation("RunsWithFiles")
            .after(1)
            .times(1)
            .reply(403, &[], "{}"),
    );
    let (files, errors) = all(setup.project().names(["nope", "media/0000.txt"]).list().unwrap()).await;
    assert_eq!(files.len(), 40);
    let [FilesError::Runs { project, source, .. }] = &errors[..] else {
        panic!("{errors:?}");
    };
    assert_eq!(project, "p");
    assert!(matches!(source.kind(), PaginatorErrorKind::Transport(_)));

    let (_, errors) = all(FilesOfRuns::of_project(setup.context(), "e", "nope")
        .list()
        .unwrap())
    .await;
    assert_eq!(
        errors[0].to_string(),
        "cannot list the runs of e/nope: there is no project e/nope, or no permission to see it; check the path, and \
         whose key this is"
    );
}

#[tokio::test]
async fn names_are_to_be_in_each_run_that_is_named_or_in_one_of_the_project() {
    let setup = Setup::new().await;
    for (place, name) in ["a", "b"].into_iter().enumerate() {
        setup.run(place, name, RunSpec::default()).await;
        setup.file(name, "both", b"1").await;
    }
    setup.file("b", "only b", b"1").await;
    let names = ["only b", "none", "both"];
    let (files, errors) = all(setup.project().names(names).min_size(2).list().unwrap()).await;
    assert!(files.is_empty());
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0].to_string(),
        "no run that was chosen of e/p has a file \"none\""
    );
    let (files, errors) = all(setup.runs(&["a", "b"]).names(names).list().unwrap()).await;
    assert_eq!(files.len(), 3);
    let missing: Vec<String> = errors
        .iter()
        .map(|error| match error {
            FilesError::Missing { run, name } => format!("{} {name}", run.run()),
            error => panic!("{error}"),
        })
        .collect();
    assert_eq!(missing, ["a only b", "a none", "b none"]);
    let both = setup.project().names(["a"]).pattern("%").list();
    assert!(matches!(both, Err(FilesError::NamesAndPattern)));
}

#[tokio::test]
async fn a_page_that_is_too_heavy_is_halved() {
    let setup = Setup::new().await;
    for n in 0..40 {
        setup.listed(n, &format!("r{n:02}"), 1).await;
    }
    let heavy = json!({"errors": [{"message": "context deadline exceeded"}]});
    setup
        .server
        .inject(Fault::on_graphql().times(2).reply(500, &[], heavy.to_string()));
    let (files, errors) = all(setup.project().list().unwrap()).await;
    assert_eq!((files.len(), errors.len()), (40, 0));
    let sizes: Vec<i64> = setup
        .server
        .graphql_requests()
        .iter()
        .map(|request| request.variables.as_ref().unwrap()["perPage"].as_i64().unwrap())
        .collect();
    assert_eq!(sizes, [40, 20, 10, 10, 10, 10]);
}

#[tokio::test]
async fn older_servers_are_listed_too() {
    let older = DevServer::builder()
        .without(Feature::Md5)
        .without(Feature::DirectUrl)
        .without(Feature::Pattern)
        .without(Feature::FileCount);
    let setup = Setup::on(older).await;
    setup.listed(0, "a", 120).await;
    setup.listed(1, "b", 12).await;
    let globs = Globs::new(["*1.txt"], [""; 0]).unwrap();
    let (files, errors) = all(setup.project().globs(globs).list().unwrap()).await;
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(files.len(), 12 + 2);
    assert_eq!(files[12..], ["b media/0001.txt", "b media/0011.txt"]);
}

#[tokio::test]
async fn many_named_runs_are_asked_at_a_time_within_bounds() {
    let setup = Setup::new().await;
    let names: Vec<String> = (0..30).map(|n| format!("r{n:02}")).collect();
    for (place, name) in names.iter().enumerate() {
        setup.listed(place, name, 1).await;
    }
    let delay = std::time::Duration::from_millis(20);
    setup
        .server
        .inject(Fault::on_graphql().times(u32::MAX).delay(delay));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = setup.runs(&names).list().unwrap();
    let ((files, _), most) = most_in_flight(&setup.server, all(found)).await;
    assert_eq!(files.len(), 30);
    assert!((2..=10).contains(&most), "{most}");
}

#[tokio::test]
async fn a_run_that_moves_to_the_next_page_is_listed_once() {
    let setup = Setup::new().await;
    let page = |runs: &[&str], end: &str, more: bool| {
        let edges = runs.iter().map(|run| {
            let files = json!({
                "edges": [{"cursor": "c", "node": {"id": format!("{run}-f"), "name": "f"}}],
                "pageInfo": {"hasNextPage": false},
            });
            json!({"cursor": end, "node": {"id": run, "name": run, "fileCount": 1, "files": files}})
        });
        let edges: Vec<_> = edges.collect();
        let runs = json!({"edges": edges, "pageInfo": {"endCursor": end, "hasNextPage": more}});
        let answer = json!({"data": {"project": {"runCount": 3, "runs": runs}}});
        Fault::on_graphql().reply(200, &[], answer.to_string())
    };
    setup.server.inject(page(&["a", "b"], "2", true));
    setup.server.inject(page(&[], "3", true));
    setup.server.inject(page(&["b", "c"], "4", false));
    let (files, errors) = all(setup.project().list().unwrap()).await;
    assert_eq!(files, ["a f", "b f", "c f"]);
    assert!(errors.is_empty());
}

#[tokio::test]
async fn files_that_move_to_the_next_page_are_listed_once() {
    let setup = Setup::new().await;
    setup.listed(0, "a", 60).await;
    let mut found = setup.project().list().unwrap();
    let first = found.next().await.unwrap().unwrap();
    // The second page begins with a file of the first one.
    let setup = Setup::new().await;
    setup.listed(0, "a", 60).await;
    let node = json!({"id": first.file.id(), "name": first.file.name()});
    let new = json!({"id": "new", "name": "new"});
    let answer = json!({"data": {"project": {"run": {"fileCount": 61, "files": {
        "edges": [{"cursor": "1", "node": node}, {"cursor": "2", "node": new}],
        "pageInfo": {"hasNextPage": false},
    }}}}});
    setup.server.inject(
        Fault::on_graphql()
            .operation("RunFiles")
            .reply(200, &[], answer.to_string()),
    );
    let (files, _) = all(setup.project().list().unwrap()).await;
    assert_eq!(files.len(), 51);
    assert_eq!(files[50], "a new");
}

#[tokio::test]
async fn a_filter_that_the_server_refuses_is_told_at_once() {
    let setup = Setup::new().await;
    setup.listed(0, "a", 1).await;
    let odd = Filter::json(r#"{"state": {"$odd": 1}}"#).unwrap();
    let (files, errors) = all(setup.project().filters(odd).list().unwrap()).await;
    assert!(files.is_empty());
    assert!(matches!(&errors[..], [FilesError::Runs { .. }]), "{errors:?}");
    assert_eq!(setup.asked(), ["RunsWithFiles"]);
}
