//! From many runs to the disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use wandb_devserver::{Fault, RunSpec};
use wandb_files::{FileDownloads, FileEvent};
use wandb_selection::Template;
use wandb_transfer::{BulkOptions, Root, Step};

use crate::setup::{Setup, most_in_flight};

#[derive(Default)]
struct Got {
    done: usize,
    failed: Vec<String>,
    missing: Vec<String>,
    listing: Vec<String>,
}

async fn finish(mut downloads: FileDownloads) -> Got {
    let mut got = Got::default();
    while let Some(event) = downloads.next().await {
        match event {
            FileEvent::File(_, Step::Finished(_)) => got.done += 1,
            FileEvent::File(_, Step::Failed(error)) => got.failed.push(error.to_string()),
            FileEvent::Missing(name, _) => got.missing.push(name),
            FileEvent::Listing(error) => got.listing.push(error.to_string()),
            _ => {}
        }
    }
    got
}

fn below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
async fn all_runs_come_within_one_bound() {
    let setup = Setup::new().await;
    for n in 0..100 {
        let run = format!("r{n:02}");
        setup.run(n, &run, RunSpec::default()).await;
        for file in 0..5 {
            let content = format!("{n} {file}");
            setup.file(&run, &format!("a/{file}"), content.as_bytes()).await;
        }
    }
    let delay = Duration::from_millis(4);
    setup
        .server
        .inject(Fault::on_storage("").times(u32::MAX).delay(delay));
    setup
        .server
        .inject(Fault::on_graphql().times(u32::MAX).delay(delay));
    for jobs in [1, 7] {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        setup.server.clear_requests();
        let options = BulkOptions::default().jobs(jobs);
        let downloads = setup.project().download_all(&root, options).unwrap();
        assert!(setup.server.requests().is_empty());
        let (got, most) = most_in_flight(&setup.server, finish(downloads)).await;
        assert_eq!((got.done, got.failed.len(), got.listing.len()), (500, 0, 0));
        assert!(most <= jobs && (jobs == 1 || most > 1), "{most} of {jobs}");
        assert_eq!(setup.asked(), ["RunsWithFiles"; 3]);
        let files = below(folder.path());
        assert_eq!(files.len(), 500);
        assert_eq!(files["r42/a/3"], b"42 3");
    }
}

#[tokio::test]
async fn hostile_display_names_stay_below_the_root() {
    let setup = Setup::new().await;
    for (place, (run, display_name)) in [
        ("a", "../../../evil"),
        ("b", "/abs"),
        ("c", ".."),
        ("d", "same"),
        ("e", "same"),
    ]
    .into_iter()
    .enumerate()
    {
        let spec = RunSpec {
            display_name: Some(display_name.to_owned()),
            ..RunSpec::default()
        };
        setup.run(place, run, spec).await;
        setup.file(run, "f", run.as_bytes()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = Root::open(folder.path()).unwrap();
    let template = Template::display_name_and_name();
    let all = setup.project().template(template.clone());
    let got = finish(all.download_all(&root, BulkOptions::default()).unwrap()).await;
    assert_eq!(got.done, 4);
    assert!(
        got.failed[0].contains("another file goes to the same path"),
        "{:?}",
        got.failed
    );
    let names: Vec<String> = below(folder.path()).into_keys().collect();
    assert_eq!(names, ["_.._.._evil/f", "_abs/f", "c/f", "same/f"]);

    // Of runs that are named, display names are asked for where they are needed.
    let folder = tempfile::tempdir().unwrap();
    let root = Root::open(folder.path()).unwrap();
    setup.asked();
    let named = setup.runs(&["d", "a"]).template(template);
    let got = finish(named.download_all(&root, BulkOptions::default()).unwrap()).await;
    assert_eq!(got.done, 2);
    let names: Vec<String> = below(folder.path()).into_keys().collect();
    assert_eq!(names, ["_.._.._evil/f", "same/f"]);
    assert_eq!(setup.asked().len(), 4);
}

#[tokio::test]
async fn one_run_goes_to_its_names_and_several_to_folders() {
    let setup = Setup::new().await;
    for (place, run) in ["a", "b"].into_iter().enumerate() {
        setup.run(place, run, RunSpec::default()).await;
        setup.file(run, "x/f", run.as_bytes()).await;
    }
    for (runs, expected) in [(&["a"][..], &["x/f"][..]), (&["a", "b"], &["a/x/f", "b/x/f"])] {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let chosen = setup.runs(runs).names(["x/f", "nope"]);
        let got = finish(chosen.download_all(&root, BulkOptions::default()).unwrap()).await;
        assert_eq!((got.done, got.missing.len()), (runs.len(), runs.len()));
        let names: Vec<String> = below(folder.path()).into_keys().collect();
        assert_eq!(names, expected);
    }
}

#[tokio::test]
async fn stopping_leaves_nothing_that_is_not_whole() {
    let setup = Setup::new().await;
    for n in 0..20 {
        let run = format!("r{n:02}");
        setup.run(n, &run, RunSpec::default()).await;
        setup.file(&run, "f", &[7; 100_000]).await;
    }
    let delay = Duration::from_millis(5);
    setup
        .server
        .inject(Fault::on_storage("").times(u32::MAX).delay(delay));
    let folder = tempfile::tempdir().unwrap();
    let root = Root::open(folder.path()).unwrap();
    let options = BulkOptions::default().jobs(3);
    let mut downloads = setup.project().download_all(&root, options).unwrap();
    while let Some(event) = downloads.next().await {
        if let FileEvent::File(_, Step::Finished(_)) = event {
            break;
        }
    }
    downloads.stop().await;
    let whole = below(folder.path())
        .into_iter()
        .filter(|(name, _)| name.ends_with("/f"));
    let lengths: Vec<usize> = whole.map(|(_, content)| content.len()).collect();
    assert!(!lengths.is_empty() && lengths.len() < 20);
    assert!(lengths.iter().all(|length| *length == 100_000));
}
