//! The same on a real server that speaks S3's protocol. `cargo xtask test` starts one, and `cargo xtask services` lets one
//! run for tests by hand.

use wandb_mirror::{Destination, DestinationErrorKind as Kind, PutError};

use crate::support::{MIB, all_that_holds, content, expected, keys, pieces, read};

/// A place of its own for a test, in the bucket that `AWS_*` and `WBF_TEST_S3` tell of.
fn bucket(test: &str) -> Destination {
    assert!(
        std::env::var_os("WBF_TEST_S3").is_some(),
        "WBF_TEST_S3 is not set: run `cargo xtask test`, or `cargo xtask services` and the lines that it prints"
    );
    let place = format!("s3://wbf-test/{test} {:016x}/%41", fastrand::u64(..));
    let destination = Destination::parse(&place).expect("a destination");
    assert_eq!(destination.address(), place);
    destination
}

#[tokio::test]
async fn a_bucket_holds_all() {
    let long = "é".repeat(300);
    // A bucket holds a file and a folder of one name.
    all_that_holds(&bucket("all"), &[&long, "twice", "twice/again"]).await;
}

#[tokio::test]
async fn one_request_is_confirmed_by_its_etag() {
    let destination = bucket("etag");
    let bytes = content(1000);
    let stored = destination
        .put("e/p/r/x", pieces(&bytes), expected(&bytes))
        .await
        .expect("stored");
    let digest = format!("\"{:032x}\"", u128::from_be_bytes(stored.md5));
    assert_eq!(stored.etag, Some(digest));
}

#[tokio::test]
async fn large_files_come_in_parts() {
    let destination = bucket("parts");
    let bytes = content(45 * MIB);
    destination
        .put("e/p/r/x", pieces(&bytes), expected(&bytes))
        .await
        .expect("stored");
    assert!(read(&destination, "e/p/r/x").await == bytes);
    destination.delete("e/p/r/x").await.expect("deleted");
    assert_eq!(keys(&destination, "").await, [""; 0]);
}

#[tokio::test]
async fn a_missing_bucket_is_no_outage() {
    bucket("none");
    let destination = Destination::parse("s3://wbf-test-none/x").expect("a destination");
    let bytes = content(10);
    match destination.put("e/p/r/x", pieces(&bytes), expected(&bytes)).await {
        // Garage tells a key nothing of buckets that it may not see.
        Err(PutError::Destination(error)) => {
            assert!(matches!(error.kind(), Kind::Missing | Kind::Denied), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused() {
    let destination = bucket("long");
    let name = vec!["x".repeat(200); 5].join("/");
    let error = destination.head(&name).await.expect_err("too long");
    assert_eq!(error.kind(), Kind::Name, "{error}");
}
