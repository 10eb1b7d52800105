//! What several tests need.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use md5::{Digest as _, Md5};
use wandb_mirror::{Destination, Expected, Object};

pub(crate) const MIB: usize = 1024 * 1024;

/// Bytes in which no two parts are alike.
pub(crate) fn content(length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(length as u64).fill(&mut bytes);
    bytes.into()
}

pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

pub(crate) fn expected(bytes: &[u8]) -> Expected {
    Expected {
        size: Some(bytes.len() as u64),
        md5: Some(md5(bytes)),
        checked: false,
    }
}

/// In pieces as a network brings them.
pub(crate) fn pieces(bytes: &Bytes) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let bytes = bytes.clone();
    let step = 60_000;
    stream::iter(
        (0..bytes.len())
            .step_by(step)
            .map(move |at| Ok(bytes.slice(at..bytes.len().min(at + step)))),
    )
}

/// The pieces, and then an error.
pub(crate) fn broken(bytes: &Bytes) -> impl Stream<Item = Result<Bytes, &'static str>> + Send + use<> {
    let whole = pieces(bytes).map(|piece| piece.map_err(|never| match never {}));
    whole.chain(stream::once(async { Err("the source broke") }))
}

pub(crate) async fn read(destination: &Destination, key: &str) -> Vec<u8> {
    let pieces: Vec<Bytes> = destination
        .read(key)
        .await
        .expect("opened")
        .try_collect()
        .await
        .expect("read");
    pieces.concat()
}

pub(crate) async fn list(destination: &Destination, below: &str) -> Vec<Object> {
    let mut found: Vec<Object> = destination.list(below).try_collect().await.expect("listed");
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

pub(crate) async fn keys(destination: &Destination, below: &str) -> Vec<String> {
    list(destination, below)
        .await
        .into_iter()
        .map(|object| object.key)
        .collect()
}

/// What holds for every destination: all sizes there and back, under their digests, and nothing new where something is
/// wrong; and for the names given, besides those that are odd.
pub(crate) async fn all_that_holds(destination: &Destination, more: &[&str]) {
    for length in [0, 1, 70_000, 8 * MIB, 8 * MIB + 1, 21 * MIB + 5] {
        let bytes = content(length);
        let key = format!("e/p/r/of {length}.bin");
        let unknown = Expected::default();
        let checked = Expected {
            checked: true,
            ..expected(&bytes)
        };
        for expected in [expected(&bytes), unknown, checked] {
            let stored = destination
                .put(&key, pieces(&bytes), expected)
                .await
                .expect("stored");
            assert_eq!((stored.bytes, stored.md5), (length as u64, md5(&bytes)), "{key}");
            let found = destination.head(&key).await.expect("looked").expect("there");
            assert_eq!((found.key.as_str(), found.size), (key.as_str(), length as u64));
            assert!(
                found.etag.is_some() && found.etag == stored.etag,
                "{found:?} {stored:?}"
            );
            assert!(read(destination, &key).await == bytes, "{key}");
            destination.delete(&key).await.expect("deleted");
            assert_eq!(destination.head(&key).await.expect("looked"), None);
        }
    }
    assert_eq!(list(destination, "").await, []);
    nothing_new(destination).await;
    names(destination, more).await;
}

async fn nothing_new(destination: &Destination) {
    use wandb_mirror::{PutError, Wrong};
    let old = content(9);
    for before in [false, true] {
        for length in [1000, 9 * MIB] {
            let bytes = content(length);
            let right = expected(&bytes);
            let longer = Expected {
                size: Some(length as u64 + 1),
                ..right
            };
            let shorter = Expected {
                size: Some(length as u64 - 1),
                ..right
            };
            let other = Expected {
                md5: Some([7; 16]),
                ..right
            };
            if before {
                destination
                    .put("e/p/r/x", pieces(&old), expected(&old))
                    .await
                    .expect("stored");
            }
            for known in [right, Expected::default()] {
                let failed = destination.put("e/p/r/x", broken(&bytes), known).await;
                assert!(
                    matches!(failed, Err(PutError::Source("the source broke"))),
                    "{failed:?}"
                );
            }
            for wrong in [longer, shorter] {
                let failed = destination.put("e/p/r/x", pieces(&bytes), wrong).await;
                assert!(
                    matches!(failed, Err(PutError::Wrong(Wrong::Size { .. }))),
                    "{failed:?}"
                );
            }
            let failed = destination.put("e/p/r/x", pieces(&bytes), other).await;
            assert!(
                matches!(failed, Err(PutError::Wrong(Wrong::Md5 { .. }))),
                "{failed:?}"
            );
            if before {
                assert!(read(destination, "e/p/r/x").await == old);
            }
            destination.delete("e/p/r/x").await.expect("deleted");
            assert_eq!(list(destination, "").await, []);
        }
    }
}

/// Names that stores and file systems are known to have trouble with.
pub(crate) const NAMES: [&str; 14] = [
    "config.yaml",
    ".hydra/config.yaml",
    "a%20b",
    "a b+c&d=e@f,g;h!i$j'k(l)[m]{n}^o`p~q",
    "100%",
    "x#1",
    "größe/模型 é.bin",
    "a\\b:c*d?e\"f<g>h|i",
    "../../up",
    "./.",
    "/a//b/",
    "line\nbreak\t\u{7f}\u{85}\u{ffff}",
    " spaces . /aux/CON.txt",
    "%2e%2E%252F",
];

async fn names(destination: &Destination, more: &[&str]) {
    let mut expected: Vec<String> = Vec::new();
    for name in NAMES.iter().chain(more) {
        let key = wandb_mirror::key("team", "vision", "run1", name);
        let bytes = Bytes::from((*name).to_owned());
        destination
            .put(&key, pieces(&bytes), self::expected(&bytes))
            .await
            .expect(name);
        assert_eq!(read(destination, &key).await, name.as_bytes());
        assert_eq!(
            destination
                .head(&key)
                .await
                .expect("looked")
                .map(|found| found.key)
                .as_ref(),
            Some(&key)
        );
        expected.push(key);
    }
    expected.sort();
    for below in ["", "team", "/team/vision/", "team/vision/run1"] {
        assert_eq!(keys(destination, below).await, expected);
    }
    for below in ["tea", "team/vision/run", "other"] {
        assert_eq!(keys(destination, below).await, [""; 0]);
    }
    for key in expected {
        let [.., name] = wandb_mirror::from_key(&key).expect("a key");
        assert_eq!(read(destination, &key).await, name.as_bytes());
        destination.delete(&key).await.expect("deleted");
        destination.delete(&key).await.expect("a second time");
    }
    assert_eq!(list(destination, "").await, []);
}
