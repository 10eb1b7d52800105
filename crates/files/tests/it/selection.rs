//! Whole selections, from the listing to the disk.

use std::collections::BTreeMap;
use std::time::Duration;

use tempfile::TempDir;
use wandb_devserver::{Fault, Listener};
use wandb_files::{FileEvent, Files, FilesError};
use wandb_transfer::{BulkOptions, IfExists, Root, Step};

use crate::setup::Setup;

async fn numbered(count: usize) -> Setup {
    let names: Vec<String> = (0..count).map(|n| format!("f{n}")).collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), name.as_bytes()))
        .collect();
    Setup::new(&files).await
}

struct Got {
    folder: TempDir,
    /// What became of each name.
    outcomes: BTreeMap<String, &'static str>,
    /// The names in the order of their outcomes, `listing` for that of the listing.
    order: Vec<String>,
    errors: Vec<FilesError>,
}

async fn get(files: Files, options: BulkOptions) -> Got {
    let folder = tempfile::tempdir().unwrap();
    let root = Root::open(folder.path()).unwrap();
    let mut downloads = files.download_all(&root, options).unwrap();
    let mut got = Got {
        folder,
        outcomes: BTreeMap::new(),
        order: Vec::new(),
        errors: Vec::new(),
    };
    while let Some(event) = downloads.next().await {
        let (name, what) = match event {
            FileEvent::File(file, Step::Finished(_)) => (file.name().to_owned(), "finished"),
            FileEvent::File(file, Step::Skipped(_)) => (file.name().to_owned(), "skipped"),
            FileEvent::File(file, Step::Failed(error)) => {
                got.errors.push(error);
                (file.name().to_owned(), "failed")
            }
            FileEvent::Missing(name, error) => {
                got.errors.push(error);
                (name, "missing")
            }
            FileEvent::Listing(error) => {
                got.errors.push(error);
                ("listing".to_owned(), "listing")
            }
            _ => continue,
        };
        got.order.push(name.clone());
        assert_eq!(got.outcomes.insert(name, what), None, "an outcome is told once");
    }
    got
}

impl Got {
    fn count(&self, what: &str) -> usize {
        self.outcomes.values().filter(|outcome| **outcome == what).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_a_file_and_one_a_page() {
    let setup = numbered(120).await;
    let got = get(setup.files().per_page(50), BulkOptions::default()).await;
    assert_eq!((got.count("finished"), got.outcomes.len()), (120, 120));
    let requests = setup.server.requests();
    let to_storage = requests
        .iter()
        .filter(|request| request.listener == Listener::Storage);
    assert_eq!(
        (setup.server.graphql_requests().len(), to_storage.count()),
        (3, 120)
    );
    assert_eq!(requests.len(), 123, "and none to the API's /files");
    for n in 0..120 {
        let name = format!("f{n}");
        assert_eq!(
            std::fs::read(got.folder.path().join(&name)).unwrap(),
            name.as_bytes()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_while_the_next_page_is_waited_for() {
    let setup = numbered(20).await;
    setup
        .server
        .inject(Fault::on_graphql().after(1).delay(Duration::from_millis(300)));
    let got = get(setup.files().per_page(10), BulkOptions::default()).await;
    assert_eq!(got.count("finished"), 20);
    let mut first: Vec<&str> = got.order[..10].iter().map(String::as_str).collect();
    first.sort_unstable();
    assert_eq!(
        first,
        ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"]
    );
    let second_page = setup
        .server
        .requests()
        .iter()
        .rposition(|request| request.operation.is_some())
        .unwrap();
    assert!(second_page < 20, "it was asked for before the second ten files");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_breaks_off_is_told_and_what_it_gave_is_fetched() {
    let setup = numbered(20).await;
    setup
        .server
        .inject(
            Fault::on_graphql()
                .after(1)
                .times(u32::MAX)
                .reply(400, &[], r#"{"errors":["broken"]}"#),
        );
    let got = get(setup.files().per_page(10), BulkOptions::default()).await;
    assert_eq!((got.count("finished"), got.count("listing")), (10, 1));
    assert!(
        matches!(&got.errors[..], [FilesError::Listing { .. }]),
        "{:?}",
        got.errors
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_the_run_does_not_have_are_told_once() {
    let setup = numbered(3).await;
    let names = ["f1", "nope", "f1", "nope", "neither"];
    let got = get(setup.files().names(names), BulkOptions::default()).await;
    let expected = [("f1", "finished"), ("neither", "missing"), ("nope", "missing")];
    assert_eq!(
        got.outcomes
            .iter()
            .map(|(name, what)| (name.as_str(), *what))
            .collect::<Vec<_>>(),
        expected
    );
    for error in &got.errors {
        assert!(matches!(error, FilesError::Missing { .. }), "{error}");
    }

    // A server that leaves them out instead of making them up.
    let body = r#"{"data":{"project":{"run":{"files":{"edges":[],"pageInfo":{"hasNextPage":false}}}}}}"#;
    setup.server.inject(Fault::on_graphql().reply(200, &[], body));
    let got = get(setup.files().names(names), BulkOptions::default()).await;
    assert_eq!(got.order, ["f1", "nope", "neither"]);
    assert_eq!(got.count("missing"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn references_and_failures_stop_no_other() {
    let setup = numbered(10).await;
    setup
        .server
        .add_reference("e", "p", "r", "ref", "gs://bucket/key")
        .await
        .unwrap();
    setup
        .server
        .add_file("e", "p", "r", "../out", b"evil")
        .await
        .unwrap();
    let got = get(setup.files().per_page(3), BulkOptions::default().jobs(2)).await;
    assert_eq!((got.count("finished"), got.count("failed")), (10, 2));
    assert_eq!(got.outcomes["ref"], "failed");
    assert_eq!(got.outcomes["../out"], "failed");
}

#[tokio::test]
async fn names_and_a_pattern_are_refused_and_nothing_is_sent() {
    let setup = numbered(1).await;
    let root = tempfile::tempdir().unwrap();
    let root = Root::open(root.path()).unwrap();
    let both = setup
        .files()
        .names(["a"])
        .pattern("%")
        .download_all(&root, BulkOptions::default());
    assert!(matches!(both, Err(FilesError::NamesAndPattern)));
    drop(setup.files().download_all(&root, BulkOptions::default()).unwrap());
    assert_eq!(setup.server.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_it() {
    let setup = numbered(30).await;
    setup
        .server
        .inject(Fault::on_storage("").times(u32::MAX).stall_after(1));
    let folder = tempfile::tempdir().unwrap();
    let root = Root::open(folder.path()).unwrap();
    let options = BulkOptions::default().jobs(4).if_exists(IfExists::Keep);
    let mut downloads = setup.files().download_all(&root, options).unwrap();
    assert!(matches!(
        downloads.next().await,
        Some(FileEvent::File(_, Step::Started))
    ));
    downloads.stop().await;
    let left = std::fs::read_dir(folder.path()).unwrap();
    for entry in left {
        let name = entry.unwrap().file_name();
        assert!(wandb_transfer::is_partial(name.to_str().unwrap()), "{name:?}");
    }
}
