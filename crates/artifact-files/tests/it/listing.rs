//! Which files are listed, and with how many requests.

use wandb_devserver::{ArtifactEntry, DevServer};
use wandb_files::FilesError;

use crate::setup::{Setup, named, names};

#[tokio::test]
async fn nothing_is_asked_before_it_is_needed_and_one_request_brings_a_page() {
    let setup = Setup::new(named(&["a", "b/c", "d"])).await;
    let mut files = setup.files("data:v0").per_page(2).paginate().unwrap();
    assert_eq!(setup.asked(), 0);
    assert_eq!(files.len().await.unwrap(), Some(3));
    assert_eq!(setup.asked(), 1);
    assert_eq!(names(files).await, ["a", "b/c", "d"]);
    assert_eq!(setup.asked(), 2);
}

#[tokio::test]
async fn a_file_has_what_the_sdk_shows_of_it() {
    let setup = Setup::new(vec![ArtifactEntry::file("b/hello.txt", "hello")]).await;
    let mut files = setup.files("data").paginate().unwrap();
    let file = files.next().await.unwrap().unwrap();
    assert_eq!((file.name(), file.size()), ("b/hello.txt", 5));
    assert_eq!(file.md5(), Some("XUFAKrxLKna5cZ2REBfFkg=="));
    assert_eq!(file.to_string(), "<File b/hello.txt (text/plain) 5.0B>");
    assert_eq!(file.run().to_string(), "e/p/data:v0");
    assert!(!file.is_missing() && !file.is_reference() && file.is_fixed());
    assert!(file.id().is_some() && file.cursor().is_some() && file.updated_at().is_some());
}

#[tokio::test]
async fn a_version_is_named_by_number_alias_or_not_at_all() {
    let setup = Setup::new(named(&["old"])).await;
    setup.log(named(&["new"])).await;
    for (name, expected) in [
        ("data:v0", "old"),
        ("data:v1", "new"),
        ("data:latest", "new"),
        ("data", "new"),
    ] {
        let files = setup.files(name).paginate().unwrap();
        assert_eq!(names(files).await, [expected], "{name}");
    }
}

#[tokio::test]
async fn an_alias_that_moves_on_does_not_mix_versions() {
    for builder in [
        DevServer::builder(),
        DevServer::builder().without(wandb_devserver::Feature::ArtifactMembershipFiles),
    ] {
        let setup = Setup::on(builder, named(&["a", "b", "c"])).await;
        let mut files = setup.files("data:latest").per_page(1).paginate().unwrap();
        let first = files.next().await.unwrap().unwrap().clone();
        setup.log(named(&["x", "y", "z"])).await;
        assert_eq!(names(files).await, ["a", "b", "c"]);
        // Nor is a file that is asked for again, for fresh addresses, another version's.
        assert_eq!(first.run().to_string(), "e/p/data:v0");
    }
}

#[tokio::test]
async fn names_and_patterns_choose() {
    let setup = Setup::new(named(&["a.txt", "b.bin", "c/d.TXT"])).await;
    let all = || setup.files("data");
    let found = all().names(["b.bin", "a.txt", "b.bin"]).paginate().unwrap();
    assert_eq!(names(found).await, ["b.bin", "a.txt"]);

    let mut found = all().pattern("%.txt").paginate().unwrap();
    assert_eq!(found.slice(..).await.unwrap().len(), 2);
    assert_eq!(found.len().await.unwrap(), Some(2));

    let both = all().names(["a.txt"]).pattern("%").paginate();
    assert!(matches!(both, Err(FilesError::NamesAndPattern)));
}

#[tokio::test]
async fn what_is_not_there_is_told_by_name() {
    let setup = Setup::new(named(&["a"])).await;
    let missing = setup.files("data").one("nope").await.unwrap_err();
    assert!(matches!(missing, FilesError::Missing { .. }));
    assert!(
        missing
            .to_string()
            .starts_with(r#"e/p/data:latest has no file "nope""#),
        "{missing}"
    );

    for name in ["data:v7", "other:latest"] {
        let error = setup.files(name).one("a").await.unwrap_err().to_string();
        assert!(error.contains(&format!("no artifact e/p/{name}")), "{error}");
    }
}

#[tokio::test]
async fn a_file_of_a_version_is_not_deleted() {
    let setup = Setup::new(named(&["a"])).await;
    let file = setup.files("data").one("a").await.unwrap();
    setup.server.clear_requests();
    let error = file.delete().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#""a" cannot be deleted: e/p/data:v0 is a version of an artifact, which never changes; log a version without it"#
    );
    assert_eq!(setup.asked(), 0);
}
