//! A store that fails, lies or waits.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tokio::sync::Notify;
use wandb_mirror::{
    Change, Destination, DestinationError, DestinationErrorKind as Kind, Enough, Expected, Mirror,
    PlanOptions, PutError, Stored, Worker,
};

use crate::setup::{On, Setup, options};
use crate::support::{MIB, content, expected, keys, md5, pieces, read};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Put,
    Begin,
    Part(usize),
    Complete,
    /// The answer to the completion is lost, and the repeated request finds no upload.
    CompletedBefore,
    /// The store keeps less than it was sent.
    Shorter,
    /// It forgets.
    Lost,
    /// Parts wait until they are let go.
    Waits,
    /// One object cannot be deleted.
    Delete(&'static str),
}

#[derive(Debug)]
struct Log {
    fault: Fault,
    digest_as_etag: bool,
    heads: AtomicUsize,
    parts: Mutex<Vec<usize>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    aborted: Notify,
    aborts: AtomicUsize,
    go: Notify,
}

#[derive(Debug, Clone)]
struct Faulty {
    inner: InMemory,
    log: Arc<Log>,
}

fn faulty(fault: Fault) -> (Destination, Arc<Log>) {
    with_etags(fault, false)
}

fn with_etags(fault: Fault, digest_as_etag: bool) -> (Destination, Arc<Log>) {
    let log = Arc::new(Log {
        fault,
        digest_as_etag,
        heads: AtomicUsize::new(0),
        parts: Mutex::new(Vec::new()),
        under_way: AtomicUsize::new(0),
        most_under_way: AtomicUsize::new(0),
        aborted: Notify::new(),
        aborts: AtomicUsize::new(0),
        go: Notify::new(),
    });
    let store = Faulty {
        inner: InMemory::new(),
        log: Arc::clone(&log),
    };
    (Destination::new(Arc::new(store), "below", "faulty:"), log)
}

fn failure() -> Error {
    Error::Generic {
        store: "faulty",
        source: "it was told to".into(),
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if self.log.fault == Fault::Put {
            return Err(failure());
        }
        let digest = md5(&Bytes::from(payload.clone()));
        let payload = if self.log.fault == Fault::Shorter {
            PutPayload::from_static(b"x")
        } else {
            payload
        };
        let mut result = self.inner.put_opts(location, payload, options).await?;
        if self.log.digest_as_etag {
            result.e_tag = Some(format!("\"{:032x}\"", u128::from_be_bytes(digest)));
        }
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if self.log.fault == Fault::Begin {
            return Err(failure());
        }
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(FaultyUpload {
            inner,
            log: Arc::clone(&self.log),
            parts: 0,
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            self.log.heads.fetch_add(1, Ordering::SeqCst);
            if self.log.fault == Fault::Lost {
                return Err(Error::NotFound {
                    path: location.to_string(),
                    source: "it forgot".into(),
                });
            }
        }
        let mut found = self.inner.get_opts(location, options).await?;
        if self.log.fault == Fault::Shorter {
            found.meta.size = 1;
        }
        Ok(found)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let fault = self.log.fault;
        let locations = locations.map(move |location| match (location, fault) {
            (Ok(location), Fault::Delete(name)) if location.as_ref().ends_with(name) => Err(failure()),
            (location, _) => location,
        });
        self.inner.delete_stream(locations.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    log: Arc<Log>,
    parts: usize,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let log = Arc::clone(&self.log);
        let number = self.parts;
        self.parts += 1;
        log.parts.lock().expect("lock").push(data.content_length());
        let sent = self.inner.put_part(data);
        Box::pin(async move {
            let under_way = log.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            log.most_under_way.fetch_max(under_way, Ordering::SeqCst);
            if log.fault == Fault::Waits {
                log.go.notified().await;
            }
            tokio::task::yield_now().await;
            log.under_way.fetch_sub(1, Ordering::SeqCst);
            if log.fault == Fault::Part(number) {
                Err(failure())
            } else {
                sent.await
            }
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        match self.log.fault {
            Fault::Complete => Err(failure()),
            Fault::CompletedBefore => {
                self.inner.complete().await?;
                Err(Error::NotFound {
                    path: "x".into(),
                    source: "NoSuchUpload".into(),
                })
            }
            _ => self.inner.complete().await,
        }
    }

    async fn abort(&mut self) -> Result<()> {
        self.log.aborts.fetch_add(1, Ordering::SeqCst);
        self.log.aborted.notify_one();
        self.inner.abort().await
    }
}

async fn put(destination: &Destination, length: usize) -> std::result::Result<Stored, DestinationError> {
    let bytes = content(length);
    destination
        .put("e/p/r/x", pieces(&bytes), expected(&bytes))
        .await
        .map_err(|error| match error {
            PutError::Destination(error) => error,
            other => panic!("{other:?}"),
        })
}

#[tokio::test]
async fn whatever_fails_nothing_is_there_and_the_upload_is_aborted() {
    let large = 30 * MIB;
    for (fault, length, aborts) in [
        (Fault::Put, 5, 0),
        (Fault::Begin, large, 0),
        (Fault::Part(0), large, 1),
        (Fault::Part(2), large, 1),
        (Fault::Part(3), large, 1),
        (Fault::Complete, large, 1),
    ] {
        let (destination, log) = faulty(fault);
        let error = put(&destination, length).await.expect_err("a fault");
        assert_eq!(error.kind(), Kind::Other);
        assert!(error.to_string().contains("it was told to"), "{error}");
        assert_eq!(log.aborts.load(Ordering::SeqCst), aborts, "{fault:?}");
        assert_eq!(keys(&destination, "").await, [""; 0], "{fault:?}");
    }
}

#[tokio::test]
async fn a_completion_of_which_the_answer_is_lost_is_worth_another_try() {
    let (destination, _log) = faulty(Fault::CompletedBefore);
    assert!(put(&destination, 9 * MIB).await.expect_err("lost").is_outage());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deleted_keeps_nothing_else_at_the_destination_or_in_the_ledger() {
    let setup = Setup::new(On::Sqlite).await;
    setup.fill(1, 40).await;
    let (destination, _log) = faulty(Fault::Delete("media/007.txt"));
    let mirror = Mirror::open(setup.api(), setup.ledger().await, destination.clone());
    let mirror = mirror.await.unwrap();
    let plan = mirror.plan(setup.source().await, PlanOptions::default(), |_| ());
    plan.await.unwrap();
    let worker = Worker::new(setup.api(), setup.ledger().await, options());
    let worker = worker.with_destination(destination.clone());
    worker.run(Enough::Empty).await.unwrap();
    for file in 0..39 {
        setup.delete("r0", &format!("media/{file:03}.txt")).await;
    }
    let mut deleted = 0;
    let delete = PlanOptions::default().delete(true);
    let plan = mirror.plan(setup.source().await, delete, |change| {
        deleted += u32::from(matches!(change, Change::Deleted { .. }));
    });
    let error = plan.await.unwrap_err().to_string();
    assert!(error.contains("media/007.txt"), "{error}");
    assert_eq!(deleted, 38);
    let left = ["e/p/r0/media/007.txt", "e/p/r0/media/039.txt"];
    assert_eq!(keys(&destination, "").await, left);
    let known: Vec<String> = setup.entries().await.into_iter().map(|entry| entry.key).collect();
    assert_eq!(known, left);
}

#[tokio::test]
async fn a_store_that_lies_is_found_out() {
    for fault in [Fault::Shorter, Fault::Lost] {
        for length in [5, 9 * MIB] {
            let (destination, _log) = faulty(fault);
            let error = put(&destination, length).await.expect_err("a lie");
            assert_eq!(error.kind(), Kind::Damaged, "{error}");
            assert!(!error.is_outage());
        }
    }
}

#[tokio::test]
async fn an_etag_that_is_the_digest_saves_a_request() {
    for (digest_as_etag, length, heads) in [(true, 5, 0), (false, 5, 1), (true, 9 * MIB, 1)] {
        let (destination, log) = with_etags(Fault::None, digest_as_etag);
        put(&destination, length).await.expect("stored");
        assert_eq!(log.heads.load(Ordering::SeqCst), heads);
    }
}

#[tokio::test]
async fn parts_are_alike_and_few_are_under_way() {
    let (destination, log) = faulty(Fault::None);
    put(&destination, 61 * MIB).await.expect("stored");
    let mut parts = vec![8 * MIB; 7];
    parts.push(5 * MIB);
    assert_eq!(*log.parts.lock().expect("lock"), parts);
    assert_eq!(log.most_under_way.load(Ordering::SeqCst), 4);

    // Where the size is not known they grow.
    let (destination, log) = faulty(Fault::None);
    let bytes = content(61 * MIB);
    destination
        .put("e/p/r/x", pieces(&bytes), Expected::default())
        .await
        .expect("stored");
    assert!(read(&destination, "e/p/r/x").await == bytes);
    let parts = log.parts.lock().expect("lock").clone();
    assert_eq!(parts.iter().sum::<usize>(), 61 * MIB);
    assert_eq!(parts[..7].iter().collect::<HashSet<_>>().len(), 7, "{parts:?}");
}

#[tokio::test]
async fn no_more_is_read_than_can_be_sent() {
    let (destination, log) = faulty(Fault::Waits);
    let bytes = content(80 * MIB);
    let came = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&came);
    let source = pieces(&bytes).inspect(move |piece| {
        counted.fetch_add(piece.as_ref().map_or(0, Bytes::len), Ordering::SeqCst);
    });
    let task = tokio::spawn({
        let destination = destination.clone();
        let expected = expected(&bytes);
        async move {
            destination
                .put("e/p/r/x", source, expected)
                .await
                .map_err(|error| error.to_string())
        }
    });
    while log.under_way.load(Ordering::SeqCst) < 4 {
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(came.load(Ordering::SeqCst) <= 33 * MIB, "{came:?}");
    // Given up, it is aborted.
    task.abort();
    log.aborted.notified().await;
    assert_eq!(keys(&destination, "").await, [""; 0]);
}
