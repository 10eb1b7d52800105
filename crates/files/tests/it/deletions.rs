//! Deletions: in which requests, and what is told when they fail.

use serde_json::{Value, json};
use wandb_devserver::{Fault, RecordedRequest};
use wandb_files::{DeleteEvent, File, FilesError, RunPath, delete_all};

use crate::setup::{Setup, names};

async fn numbered(count: usize) -> (Setup, Vec<File>) {
    let setup = Setup::new(&[]).await;
    let listing = (0..count).map(|n| wandb_devserver::Listed::new(format!("{n}"), 1));
    setup.server.add_listing("e", "p", "r", listing).await.unwrap();
    let files = setup.files().per_page(1000).select().await.unwrap().files;
    assert_eq!(files.len(), count);
    setup.server.clear_requests();
    (setup, files)
}

/// The names that were deleted, and those that were not with the reason.
async fn outcome(files: impl IntoIterator<Item = File>) -> (Vec<String>, Vec<(String, FilesError)>) {
    let mut deletions = delete_all(files);
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    while let Some(event) = deletions.next().await {
        match event {
            DeleteEvent::Deleted(file) => deleted.push(file.name().to_owned()),
            DeleteEvent::Failed(file, error) => failed.push((file.name().to_owned(), error)),
            other => unreachable!("{other:?}"),
        }
    }
    (deleted, failed)
}

async fn left(setup: &Setup) -> usize {
    names(setup.files().per_page(1000).paginate().unwrap())
        .await
        .len()
}

/// How many ids each deletion was sent with.
fn sizes(setup: &Setup) -> Vec<usize> {
    let is_deletion = |request: &RecordedRequest| request.operation.as_deref() == Some("deleteFiles");
    let requests = setup.server.graphql_requests().into_iter().filter(is_deletion);
    requests
        .map(|request| request.variables.unwrap()["files"].as_array().map_or(0, Vec::len))
        .collect()
}

fn on_deletion() -> Fault {
    Fault::on_graphql().operation("deleteFiles")
}

fn errors(message: &str) -> String {
    json!({ "errors": [{ "message": message, "path": ["deleteFiles"] }], "data": null }).to_string()
}

#[tokio::test]
async fn many_files_go_in_batches_and_the_project_is_asked_for_once() {
    let (setup, files) = numbered(250).await;
    let (deleted, failed) = outcome(files).await;
    assert_eq!((deleted.len(), failed.len()), (250, 0));
    assert_eq!(sizes(&setup), [100, 100, 50]);
    assert_eq!(setup.server.graphql_requests().len(), 4);
    let project = &setup.server.graphql_requests()[1].variables.as_ref().unwrap()["projectId"].clone();
    assert!(project.is_i64(), "{project}");
    assert_eq!(left(&setup).await, 0);
}

#[tokio::test]
async fn batches_shrink_where_the_server_finds_them_too_large() {
    for (status, body) in [
        (413, "<html>too large</html>".to_owned()),
        (413, errors("request entity too large")),
        (504, "<html>gateway timeout</html>".to_owned()),
        (500, errors("context deadline exceeded")),
    ] {
        let (setup, files) = numbered(120).await;
        setup
            .server
            .inject(on_deletion().times(2).reply(status, &[], body));
        let (deleted, failed) = outcome(files).await;
        assert_eq!((deleted.len(), failed.len()), (120, 0), "{status}");
        assert_eq!(sizes(&setup), [100, 50, 25, 25, 25, 25, 20], "{status}");
        assert_eq!(left(&setup).await, 0);
    }
}

#[tokio::test]
async fn a_file_that_the_server_minds_fails_alone() {
    let (setup, mut files) = numbered(20).await;
    let bad = json!({"data": {"project": {"run": {"fileCount": 1, "files": {
        "edges": [{"cursor": "c", "node": {"id": "bad", "name": "bad", "sizeBytes": 1, "updatedAt": "2024-05-01T12:34:56"}}],
        "pageInfo": {"hasNextPage": false},
    }}}}});
    // Listed twice: when it is selected, and when it is asked whether it went with its batch.
    setup.server.inject(
        Fault::on_graphql()
            .operation("RunFiles")
            .times(2)
            .reply(200, &[], bad.to_string()),
    );
    let bad = setup.files().select().await.unwrap().files.remove(0);
    files.insert(7, bad);
    setup.server.clear_requests();
    let (deleted, failed) = outcome(files).await;
    assert_eq!(deleted.len(), 20);
    assert_eq!(failed.len(), 1);
    let said = failed[0].1.to_string();
    assert!(
        said.starts_with("cannot delete \"bad\" of e/p/r: deleteFiles failed: "),
        "{said}"
    );
    assert!(said.contains("invalid file id"), "{said}");
    assert_eq!(left(&setup).await, 0);
    assert!(sizes(&setup).len() < 12, "{:?}", sizes(&setup));
}

#[tokio::test]
async fn what_holds_for_all_files_ends_the_rest_at_once() {
    for (status, body) in [
        (401, errors("not logged in")),
        (403, errors("permission denied")),
        (200, errors("permission denied")),
        (404, "nothing here".to_owned()),
        (400, "<html>a proxy</html>".to_owned()),
    ] {
        let (setup, files) = numbered(250).await;
        setup
            .server
            .inject(on_deletion().after(1).times(100).reply(status, &[], body));
        let (deleted, failed) = outcome(files).await;
        assert_eq!((deleted.len(), failed.len()), (100, 150), "{status}");
        assert_eq!(sizes(&setup), [100, 100], "{status}");
        assert!(
            failed
                .iter()
                .all(|(_, error)| matches!(error, FilesError::Delete { .. }))
        );
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_looked_for_in_the_listing() {
    // Carried out, and the answer is lost.
    let (setup, files) = numbered(3).await;
    setup.server.inject(on_deletion().truncate_after(5));
    let (deleted, failed) = outcome(files).await;
    assert_eq!((deleted.len(), failed.len()), (3, 0));
    assert_eq!(left(&setup).await, 0);

    // Not carried out.
    let (setup, files) = numbered(3).await;
    setup.server.inject(on_deletion().close());
    let (deleted, failed) = outcome(files).await;
    assert_eq!((deleted.len(), failed.len()), (0, 3));
    assert_eq!(left(&setup).await, 3);
}

#[tokio::test]
async fn no_success_is_a_failure_of_the_file() {
    let (setup, files) = numbered(1).await;
    let no = r#"{"data":{"deleteFiles":{"success":false}}}"#;
    setup.server.inject(on_deletion().reply(200, &[], no));
    let error = files[0].delete().await.unwrap_err();
    assert!(matches!(error, FilesError::NotDeleted { .. }), "{error}");

    // A batch is divided, and the files that are gone are not told as failed.
    let (setup, files) = numbered(4).await;
    setup.server.inject(on_deletion().times(9).reply(200, &[], no));
    let (deleted, failed) = outcome(files).await;
    assert_eq!((deleted.len(), failed.len()), (0, 4));
    assert_eq!(sizes(&setup), [4, 2, 1, 1, 2, 1, 1]);
}

#[tokio::test]
async fn what_cannot_be_deleted_is_refused_without_a_request() {
    let (setup, _) = numbered(1).await;
    let mut listed = setup.files().names(["nope"]).paginate().unwrap();
    let placeholder = listed.next().await.unwrap().unwrap().clone();
    let node = json!({"data": {"project": {"run": {"files": {
        "edges": [{"cursor": "c", "node": {"name": "x", "sizeBytes": 1}}], "pageInfo": {"hasNextPage": false},
    }}}}});
    setup
        .server
        .inject(Fault::on_graphql().reply(200, &[], node.to_string()));
    let nameless = setup.files().select().await.unwrap().files.remove(0);
    setup.server.clear_requests();
    assert!(matches!(
        placeholder.delete().await,
        Err(FilesError::Missing { .. })
    ));
    assert!(matches!(nameless.delete().await, Err(FilesError::NoId { .. })));
    assert!(setup.server.requests().is_empty());
}

#[tokio::test]
async fn files_of_several_runs_are_deleted_run_by_run_and_each_once() {
    let setup = Setup::new(&[("a", b""), ("b", b"")]).await;
    setup.server.add_run("e", "q", "s").await.unwrap();
    setup.server.add_file("e", "q", "s", "c", b"").await.unwrap();
    let mut files = setup.files().select().await.unwrap().files;
    let others = setup.files_of(RunPath::new("e", "q", "s"));
    files.insert(1, others.clone().one("c").await.unwrap());
    files.push(files[0].clone());
    setup.server.clear_requests();
    let (deleted, failed) = outcome(files).await;
    assert_eq!(deleted, ["a", "b", "c"]);
    assert!(failed.is_empty());
    assert_eq!(sizes(&setup), [2, 1]);
    let projects: Vec<Value> = setup
        .server
        .graphql_requests()
        .into_iter()
        .filter_map(|request| request.variables?.get("projectId").cloned())
        .collect();
    assert_ne!(projects[0], projects[1]);
}

#[tokio::test]
async fn selecting_first_deletes_exactly_what_was_selected() {
    let (setup, _) = numbered(130).await;
    let selected = setup
        .files()
        .pattern("1%")
        .per_page(7)
        .select()
        .await
        .unwrap()
        .files;
    let count = selected.len();
    setup
        .server
        .add_file("e", "p", "r", "1-later", b"x")
        .await
        .unwrap();
    let (deleted, _) = outcome(selected).await;
    assert_eq!(deleted.len(), count);
    assert_eq!(left(&setup).await, 131 - count);
    assert!(setup.files().one("1-later").await.is_ok());
}

#[tokio::test]
async fn a_deletion_that_was_sent_again_is_not_told_as_failed() {
    use std::sync::Arc;

    use wandb_files::{Context, Files};
    use wandb_http::{ClientConfig, Credential, RetryConfig};
    use wandb_transfer::Transfer;
    use wandb_transport::{HttpTransport, Retry};

    let setup = Setup::new(&[("a", b"1")]).await;
    let base: url::Url = setup.server.url().parse().unwrap();
    let http = ClientConfig::default().build().unwrap();
    let credential = Arc::new(Credential::api_key(&base, setup.server.api_key()));
    let transport = HttpTransport::new(http.clone(), &base).with_credentials(credential);
    let transport = Arc::new(Retry::new(transport, RetryConfig::default()));
    let context = Context::new(base, transport, Transfer::new(http));
    let file = Files::new(context, RunPath::new("e", "p", "r"))
        .one("a")
        .await
        .unwrap();

    // The first answer is lost; to the second the id is not known any more.
    setup.server.inject(on_deletion().truncate_after(5));
    setup
        .server
        .inject(on_deletion().reply(200, &[], errors("file not found")));
    file.delete().await.unwrap();
    assert_eq!(sizes(&setup), [1, 1]);
    assert_eq!(left(&setup).await, 0);
}
