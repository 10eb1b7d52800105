//! Which files are listed, in how many requests, and what an odd answer becomes.

use serde_json::{Value, json};
use wandb_devserver::Fault;
use wandb_files::{File, Files, FilesError, RunPath};
use wandb_paginator::{Paginator, PaginatorError};

use crate::setup::{Setup, names};

async fn numbered(count: usize) -> Setup {
    let files: Vec<(String, Vec<u8>)> = (0..count)
        .map(|i| {
            (
                format!("f{i}.{}", if i % 2 == 0 { "json" } else { "txt" }),
                vec![0; i],
            )
        })
        .collect();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_slice()))
        .collect();
    Setup::new(&files).await
}

/// The paginator of a run whose next page is `run`, as the field `project.run` of an answer.
async fn answered(run: Value) -> (Setup, Paginator<File>) {
    let setup = Setup::new(&[]).await;
    let body = json!({"data": {"project": {"run": run}}}).to_string();
    setup
        .server
        .inject(Fault::on_graphql().reply(200, &[("Content-Type", "application/json")], body));
    let files = setup.files().paginate().unwrap();
    (setup, files)
}

fn edge(name: &str, cursor: &str) -> Value {
    json!({"cursor": cursor, "node": {"id": name, "name": name, "sizeBytes": 1, "updatedAt": "2024-05-01T12:34:56"}})
}

#[tokio::test]
async fn nothing_is_asked_for_before_the_first_file_is() {
    let setup = numbered(3).await;
    let mut files = setup.files().pattern("%").paginate().unwrap();
    assert_eq!(setup.server.requests().len(), 0);
    assert!(files.more() && files.cursor().is_none());
    assert_eq!(files.next().await.unwrap().unwrap().name(), "f0.json");
    assert_eq!(setup.server.requests().len(), 1);
}

#[tokio::test]
async fn the_whole_run_in_order_whatever_the_page_size() {
    let setup = numbered(7).await;
    let all: Vec<String> = (0..7)
        .map(|i| format!("f{i}.{}", if i % 2 == 0 { "json" } else { "txt" }))
        .collect();
    for per_page in [1, 2, 3, 7, 50] {
        setup.server.clear_requests();
        assert_eq!(
            names(setup.files().per_page(per_page).paginate().unwrap()).await,
            all
        );
        assert_eq!(setup.server.requests().len(), 7_usize.div_ceil(per_page as usize));
    }
}

#[tokio::test]
async fn the_operation_is_the_sdks() {
    let setup = numbered(3).await;
    let mut files = setup.files().per_page(2).upload(true).paginate().unwrap();
    files.slice(..).await.unwrap();
    let requests = setup.server.graphql_requests();
    assert_eq!(requests[0].operation.as_deref(), Some("RunFiles"));
    assert_eq!(
        requests[0].variables,
        Some(json!({
            "entity": "e", "project": "p", "name": "r", "fileCursor": null, "fileLimit": 2,
            "fileNames": [], "upload": true, "pattern": null,
        }))
    );
    let cursor = requests[1].variables.as_ref().unwrap()["fileCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(files.loaded()[1].cursor().unwrap().as_str(), cursor);
    assert!(Files::QUERY.starts_with("query RunFiles("));
}

#[tokio::test]
async fn names_patterns_and_both() {
    let setup = numbered(6).await;
    assert_eq!(
        names(setup.files().names(["f4.json", "f1.txt"]).paginate().unwrap())
            .await
            .len(),
        2
    );
    assert_eq!(
        names(setup.files().pattern("%.txt").paginate().unwrap()).await,
        ["f1.txt", "f3.txt", "f5.txt"]
    );
    assert_eq!(
        names(setup.files().pattern("nothing%").paginate().unwrap()).await,
        Vec::<String>::new()
    );
    let both = setup.files().names(["a"]).pattern("b").paginate().unwrap_err();
    assert!(matches!(both, FilesError::NamesAndPattern));
    let none: [&str; 0] = [];
    assert_eq!(
        names(setup.files().names(none).pattern("f0%").paginate().unwrap()).await,
        ["f0.json"]
    );
}

#[tokio::test]
async fn length_is_the_servers_count_and_honest_under_a_filter() {
    let setup = numbered(5).await;
    let mut all = setup.files().per_page(2).paginate().unwrap();
    assert_eq!(all.len().await.unwrap(), Some(5));
    assert_eq!(setup.server.requests().len(), 1);

    let mut some = setup.files().pattern("%.json").per_page(2).paginate().unwrap();
    assert_eq!(some.len().await.unwrap(), None);
    some.slice(..).await.unwrap();
    assert_eq!(some.len().await.unwrap(), Some(3));
}

#[tokio::test]
async fn a_listing_is_taken_up_again_behind_a_cursor() {
    let setup = numbered(5).await;
    let mut first = setup.files().paginate().unwrap();
    let cursor = first.get(2).await.unwrap().unwrap().cursor().unwrap().clone();
    let cursor = cursor.to_string().parse().unwrap();
    assert_eq!(
        names(setup.files().start_after(cursor).paginate().unwrap()).await,
        ["f3.txt", "f4.json"]
    );
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_listed_as_missing() {
    let setup = numbered(2).await;
    let mut files = setup.files().names(["f0.json", "nope"]).paginate().unwrap();
    let missing: Vec<(String, bool)> = files
        .slice(..)
        .await
        .unwrap()
        .iter()
        .map(|file| (file.name().to_owned(), file.is_missing()))
        .collect();
    assert!(missing.contains(&("f0.json".to_owned(), false)), "{missing:?}");
    assert!(missing.contains(&("nope".to_owned(), true)), "{missing:?}");

    let error = setup.files().one("nope").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "e/p/r has no file \"nope\"; `wbf ls e/p/r` shows what there is"
    );
    assert_eq!(setup.files().one("f1.txt").await.unwrap().size(), 1);
}

#[tokio::test]
async fn an_empty_file_is_not_missing() {
    let setup = Setup::new(&[("empty", b"")]).await;
    let file = setup.files().one("empty").await.unwrap();
    assert!(!file.is_missing());
}

#[tokio::test]
async fn runs_and_projects_that_do_not_exist_are_named() {
    let setup = numbered(1).await;
    for (run, what) in [
        ("e/p/x", "there is no run e/p/x,"),
        ("e/x/r", "there is no project e/x,"),
    ] {
        let parts: Vec<&str> = run.split('/').collect();
        let mut files = setup
            .files_of(RunPath::new(parts[0], parts[1], parts[2]))
            .paginate()
            .unwrap();
        let error = files.next().await.unwrap_err().to_string();
        assert!(
            error.contains(what) && error.contains("or no permission to see it"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn null_nodes_are_passed_over_and_their_cursor_counts() {
    let (setup, mut files) = answered(json!({
        "fileCount": 2,
        "files": {
            "edges": [edge("a", "c1"), {"cursor": "c2", "node": null}],
            "pageInfo": {"endCursor": "elsewhere", "hasNextPage": true},
        },
    }))
    .await;
    assert_eq!(files.next().await.unwrap().unwrap().name(), "a");
    assert_eq!(
        files.cursor().unwrap().as_str(),
        "c2",
        "the last edge's cursor, as the SDK takes it"
    );
    drop(setup);
}

#[tokio::test]
async fn a_field_that_is_null_or_missing_is_none() {
    let (_setup, mut files) = answered(json!({
        "files": {
            "edges": [
                {"cursor": "c", "node": {"name": "a"}},
                {"cursor": "d", "node": {
                    "id": null, "name": "b", "url": null, "directUrl": null, "sizeBytes": null,
                    "mimetype": null, "updatedAt": null, "md5": null,
                }},
                {"cursor": "e", "node": {"name": "c", "sizeBytes": "9007199254740993", "unknown": 1}},
            ],
            "pageInfo": {"hasNextPage": false},
        },
    }))
    .await;
    let files = files.slice(..).await.unwrap();
    for file in &files[..2] {
        assert_eq!((file.id(), file.url(), file.direct_url()), (None, None, None));
        assert_eq!(
            (file.mimetype(), file.updated_at(), file.md5(), file.path_uri()),
            (None, None, None, None)
        );
        assert_eq!(file.size(), 0);
        assert!(!file.is_missing(), "an old server's file is no placeholder");
    }
    assert_eq!(files[2].size(), 9_007_199_254_740_993);
}

#[tokio::test]
async fn a_listing_that_a_server_withholds_is_an_error_and_never_an_empty_run() {
    let (_setup, mut files) = answered(json!({"fileCount": 3, "files": null})).await;
    let error = files.next().await.unwrap_err().to_string();
    assert!(
        error.contains("the server counts 3 files and lists none"),
        "{error}"
    );

    let (_setup, mut files) = answered(json!({"fileCount": 0, "files": null})).await;
    assert!(files.next().await.unwrap().is_none());

    for broken in [
        json!({"files": {"edges": []}}),
        json!({"files": {"edges": [], "pageInfo": {}}}),
        json!({"files": {"edges": [{"cursor": "c", "node": {"id": "1"}}], "pageInfo": {"hasNextPage": false}}}),
    ] {
        let (_setup, mut files) = answered(broken).await;
        assert!(files.next().await.is_err());
    }
}

#[tokio::test]
async fn a_pattern_that_matches_nothing_may_be_answered_with_null() {
    let setup = numbered(3).await;
    let body = json!({"data": {"project": {"run": {"fileCount": 3, "files": null}}}}).to_string();
    setup
        .server
        .inject(Fault::on_graphql().reply(200, &[("Content-Type", "application/json")], body));
    assert!(
        names(setup.files().pattern("x").paginate().unwrap())
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_file_that_shifts_onto_the_next_page_is_listed_once() {
    let (setup, mut files) = answered(json!({
        "fileCount": 3,
        "files": {"edges": [edge("a", "1"), edge("b", "2")], "pageInfo": {"endCursor": "2", "hasNextPage": true}},
    }))
    .await;
    let body = json!({"data": {"project": {"run": {"fileCount": 3, "files": {
        "edges": [edge("b", "3"), edge("c", "4")], "pageInfo": {"endCursor": "4", "hasNextPage": false},
    }}}}});
    setup.server.inject(Fault::on_graphql().reply(
        200,
        &[("Content-Type", "application/json")],
        body.to_string(),
    ));
    let names: Vec<&str> = files.slice(..).await.unwrap().iter().map(File::name).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn after_a_failure_the_same_page_is_asked_for_again() {
    let setup = numbered(4).await;
    let mut files = setup.files().per_page(2).paginate().unwrap();
    files.get(1).await.unwrap();
    setup
        .server
        .inject(Fault::on_graphql().reply(400, &[], r#"{"errors":["no"]}"#));
    let error: PaginatorError = files.get(2).await.unwrap_err();
    assert!(error.to_string().contains("no"), "{error}");
    assert_eq!(files.loaded().len(), 2);
    assert_eq!(files.get(3).await.unwrap().unwrap().name(), "f3.txt");
}
