//! Folders, memory, and addresses.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use wandb_mirror::{Destination, DestinationErrorKind as Kind, Expected, PutError};

use crate::support::{MIB, NAMES, all_that_holds, broken, content, expected, keys, pieces, read};

fn folder() -> (tempfile::TempDir, Destination) {
    let temp = tempfile::tempdir().expect("a folder");
    let destination = Destination::parse(temp.path().to_str().expect("UTF-8")).expect("a destination");
    (temp, destination)
}

/// A name of which no part fits into a file system.
fn long() -> String {
    format!("{}/{}", "é".repeat(200), "l".repeat(300))
}

/// All files below a folder, whatever they are called.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).expect("read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn memory_holds_all() {
    all_that_holds(&Destination::parse("memory:").expect("memory"), &[&long()]).await;
    all_that_holds(
        &Destination::parse("memory:some/prefix").expect("memory"),
        &[&long()],
    )
    .await;
}

#[tokio::test]
async fn a_folder_holds_all() {
    let (temp, destination) = folder();
    all_that_holds(&destination, &[&long()]).await;
    all_that_holds(&destination.with_fsync(true), &[&long()]).await;
    assert_eq!(
        fs::read_dir(temp.path()).expect("read").count(),
        0,
        "neither files nor folders are left"
    );
}

#[tokio::test]
async fn a_file_is_named_as_its_key() {
    let (temp, destination) = folder();
    for name in NAMES {
        let key = wandb_mirror::key("e", "p", "r", name);
        let bytes = Bytes::from_static(b"x");
        destination
            .put(&key, pieces(&bytes), expected(&bytes))
            .await
            .expect("stored");
        assert_eq!(files(temp.path()), [temp.path().join(&key)]);
        assert_eq!(keys(&destination, "e").await, [key.as_str()]);
        destination.delete(&key).await.expect("deleted");
    }
}

#[tokio::test]
async fn what_fails_leaves_no_file_at_all() {
    let (temp, destination) = folder();
    for length in [10, 9 * MIB, 30 * MIB] {
        destination
            .put("e/p/r/x", broken(&content(length)), Expected::default())
            .await
            .expect_err("broken");
        assert_eq!(files(temp.path()), [""; 0].map(PathBuf::from));
    }
}

#[tokio::test]
async fn a_folder_cannot_hold_a_file_and_a_folder_of_one_name() {
    let (_temp, destination) = folder();
    let bytes = content(5);
    destination
        .put("e/p/r/a", pieces(&bytes), expected(&bytes))
        .await
        .expect("stored");
    destination
        .put("e/p/r/d/b", pieces(&bytes), expected(&bytes))
        .await
        .expect("stored");
    for key in ["e/p/r/a/b", "e/p/r/d"] {
        assert_eq!(destination.head(key).await.expect("looked"), None, "{key}");
        destination.delete("e/p/r/a/b").await.expect("nothing to delete");
        for length in [5, 9 * MIB] {
            match destination
                .put(key, pieces(&content(length)), Expected::default())
                .await
            {
                Err(PutError::Destination(error)) => {
                    assert_eq!(error.kind(), Kind::Name, "{error} {error:?}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(read(&destination, "e/p/r/a").await, bytes);
    assert_eq!(keys(&destination, "").await, ["e/p/r/a", "e/p/r/d/b"]);
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let (temp, destination) = folder();
    let long = "x".repeat(300);
    for key in [
        "", "/", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "a\nb", "x#1", &long,
    ] {
        let error = destination
            .put(key, pieces(&content(5)), Expected::default())
            .await
            .expect_err(key);
        let PutError::Destination(error) = error else {
            panic!("{error}")
        };
        assert!(!error.is_outage(), "{key}: {error:?}");
    }
    assert_eq!(files(temp.path()), [""; 0].map(PathBuf::from));
}

#[tokio::test]
async fn the_same_folder_has_one_address() {
    let (temp, destination) = folder();
    let path = temp.path().canonicalize().expect("a path");
    assert_eq!(destination.address(), path.to_str().expect("UTF-8"));
    assert_eq!(destination.folder(), Some(path.as_path()));
    let relative: PathBuf = std::env::current_dir()
        .expect("a folder")
        .components()
        .skip(1)
        .map(|_| "..")
        .collect();
    let relative = relative.join(path.strip_prefix("/").expect("absolute"));
    for text in [
        format!("{}/", path.display()),
        format!("{}/./x/..", path.display()),
        format!("file://{}", path.display()),
        relative.to_str().expect("UTF-8").to_owned(),
    ] {
        fs::create_dir_all(path.join("x")).expect("made");
        assert_eq!(
            Destination::parse(&text).expect(&text).address(),
            destination.address()
        );
    }
    let odd = path.join("new/a b%20c#d");
    let destination = Destination::parse(odd.to_str().expect("UTF-8")).expect("made");
    let bytes = content(5);
    destination
        .put("e/p/r/x", pieces(&bytes), expected(&bytes))
        .await
        .expect("stored");
    assert_eq!(fs::read(odd.join("e/p/r/x")).expect("there"), bytes);
    assert_eq!(keys(&destination, "").await, ["e/p/r/x"]);
}

#[test]
fn addresses() {
    for (text, address) in [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/a b/c%20d/", "s3://bucket/a b/c%20d"),
        ("gs://bucket/x", "gs://bucket/x"),
        ("memory:", "memory:"),
        ("memory:///x/", "memory:x"),
    ] {
        // Google's client wants credentials to be built; it may say that they are missing.
        match Destination::parse(text) {
            Ok(destination) => {
                assert_eq!(destination.address(), address);
                assert_eq!(destination.folder(), None);
            }
            Err(error) => assert!(text.starts_with("gs:"), "{error}"),
        }
    }
}

#[test]
fn what_is_no_address() {
    for text in [
        "",
        "s3://",
        "s3:///x",
        "s3://key:hush@bucket/x",
        "s3://key:hu/hush@bucket/x",
        "s3://key@bucket",
        "az://container@account/x",
        "az://container/x?sig=hush",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "https://bucket.s3.amazonaws.com/x",
        "ftp://hush@there/x",
        "file://elsewhere/x",
    ] {
        let error = Destination::parse(text).expect_err(text);
        assert_eq!(error.kind(), Kind::Address, "{text}: {error}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    }
}

#[test]
fn a_folder_that_cannot_be_made() {
    let temp = tempfile::NamedTempFile::new().expect("a file");
    for path in [temp.path().to_owned(), temp.path().join("below")] {
        let error = Destination::parse(path.to_str().expect("UTF-8")).expect_err("a file");
        assert_eq!(error.kind(), Kind::Name, "{error}");
    }
}

async fn cleared(destination: &Destination, unchanged_for: Duration) -> u64 {
    let cleared = destination.clear_leftovers(unchanged_for).await;
    cleared.expect("cleared")
}

#[tokio::test]
async fn what_the_dead_have_left_is_cleared_away() {
    let (temp, destination) = folder();
    let bytes = content(5);
    destination
        .put("e/p/r/x", pieces(&bytes), expected(&bytes))
        .await
        .expect("stored");
    let stay = ["e/p/r/x", "e/p/r/x#", "e/p/r/x#y", "e/p/notes#1", "e/p/r/#1"];
    let go = ["e/p/r/x#1", "e/p/r/x#23", "e/p/r/media/a b#1"];
    fs::create_dir_all(temp.path().join("e/p/r/media")).expect("made");
    for name in stay.iter().chain(&go) {
        fs::write(temp.path().join(name), "x").expect("written");
    }
    assert_eq!(cleared(&destination, Duration::from_secs(3600)).await, 0);
    assert_eq!(cleared(&destination, Duration::ZERO).await, 3);
    let mut left = files(temp.path());
    left.sort();
    let mut stay = stay.map(|name| temp.path().join(name));
    stay.sort();
    assert_eq!(left, stay);
    let memory = Destination::parse("memory:").expect("memory");
    assert_eq!(memory.clear_leftovers(Duration::ZERO).await.expect("nothing"), 0);
}

/// What `object_store` calls a file under way is its own affair, so this says when it changes.
#[tokio::test]
async fn a_file_under_way_is_not_listed_and_known_as_unfinished() {
    let (temp, destination) = folder();
    let source = pieces(&content(20 * MIB)).chain(futures::stream::pending());
    let task = tokio::spawn({
        let destination = destination.clone();
        async move {
            destination
                .put("e/p/r/x", source, Expected::default())
                .await
                .map_err(|error| error.to_string())
        }
    });
    while files(temp.path()).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(keys(&destination, "").await, [""; 0]);
    assert_eq!(cleared(&destination, Duration::from_secs(3600)).await, 0);
    assert_eq!(cleared(&destination, Duration::ZERO).await, 1);
    assert_eq!(files(temp.path()), [""; 0].map(PathBuf::from));
    task.abort();
}
