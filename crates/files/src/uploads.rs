//! Many files into one run: addresses, bytes, and the look at what the server has then.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waker, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt as _, Stream, StreamExt as _, future::BoxFuture};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};
use wandb_transfer::{Destination, DestinationRenewal, Event, Step, UploadJob, Uploaded, Uploads};

use crate::upload_targets::{UploadTarget, upload_targets};
use crate::{Context, Files, FilesError, RunPath, Stored, Upload, confirm};

/// Files that one request names. The SDK names one; this many keep a request of long names below 64 KiB.
const BATCH: usize = 100;
/// Files that are sent wait this long for others, to be confirmed with them.
const GATHERING: Duration = Duration::from_secs(1);
/// Batches that are confirmed at a time; while there are more, nothing new is sent.
const CONFIRMING: usize = 4;

/// What happened to one file, or to all that were still to come.
#[derive(Debug)]
#[non_exhaustive]
pub enum UploadEvent {
    /// Something happened to this file: at last [`Step::Finished`] or [`Step::Failed`].
    File(Upload, Step<FilesError, Stored>),
    /// The stream of uploads gave this error in place of one.
    Source(FilesError),
    /// The server gives no addresses to upload to, for a reason that will not pass: what has not begun will not be tried.
    Stopped(FilesError),
}

impl Files {
    /// Uploads files to this run, `at_a_time` at once, and tells what becomes of each.
    ///
    /// 1. Addresses to upload to are asked for, for up to 100 files at once, ahead of the uploads; by an older query where
    ///    the server does not know `createRunFiles`.
    /// 2. The bytes are sent, as [`Transfer::upload_all`](wandb_transfer::Transfer::upload_all) says.
    /// 3. Where the server wants to be told, it is (`markRunFilesUploaded`), and the files are listed: one counts as
    ///    uploaded once the server has its size and md5, for which it is given about ten seconds. A
    ///    [`Transfer`](wandb_transfer::Transfer) without verification leaves this listing out.
    ///
    /// A file of the same name in the run is replaced. Of two files with the same name, the later one fails. One file's
    /// failure stops no other. Nothing is collected, whatever the number of files, but a hash of each name; how many bytes
    /// are in memory at once is the transfer's to say. Names, pattern and pages of this collection do not matter here.
    ///
    /// Sends nothing before the stream is polled, which must be in a tokio runtime.
    ///
    /// ```no_run
    /// # async fn example(files: wandb_files::Files) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures::stream;
    /// use wandb_files::{Local, LocalFiles, Upload, UploadEvent};
    /// use wandb_transfer::Step;
    ///
    /// let found = LocalFiles::new("results").path("results").walk();
    /// let uploads = found.filter_map(|found| match found {
    ///     Ok(Local::File(file)) => Some(Ok(Upload::from(file))),
    ///     Ok(Local::LeftOut { .. }) => None,
    ///     Err(error) => Some(Err(error)),
    /// });
    /// let mut events = files.upload_all(stream::iter(uploads), 16);
    /// while let Some(event) = events.next().await {
    ///     match event {
    ///         UploadEvent::File(upload, Step::Finished(stored)) => println!("{}: {}", upload.name(), stored.md5),
    ///         UploadEvent::File(_, Step::Failed(error)) | UploadEvent::Source(error) => eprintln!("{error}"),
    ///         UploadEvent::Stopped(error) => return Err(error.into()),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_all(
        &self,
        uploads: impl Stream<Item = Result<Upload, FilesError>> + Send + 'static,
        at_a_time: usize,
    ) -> FileUploads {
        let to = To {
            context: self.context.clone(),
            run: Arc::clone(&self.run),
        };
        let transfer = self.context.transfer.clone();
        let jobs = addressed(to.clone(), uploads.boxed());
        FileUploads {
            to,
            inner: Some(transfer.upload_all(jobs, at_a_time)),
            sent: Vec::new(),
            gathering: None,
            confirming: FuturesUnordered::new(),
            ready: VecDeque::new(),
        }
    }
}

/// Where files are uploaded to.
#[derive(Debug, Clone)]
struct To {
    context: Context,
    run: Arc<RunPath>,
}

/// What becomes of the files that are uploaded, from [`Files::upload_all`]: a stream of [`UploadEvent`]s.
///
/// Dropping it gives up what is not done; [`stop`](Self::stop) does, and waits until that has come to rest.
#[must_use = "nothing is sent before the stream is polled"]
pub struct FileUploads {
    to: To,
    /// Until it has given its last.
    inner: Option<Uploads<Upload, Ungiven>>,
    /// Sent, and not yet on the way to be confirmed.
    sent: Vec<(Upload, Uploaded)>,
    /// Ends when what is sent has waited for long enough.
    gathering: Option<Pin<Box<Sleep>>>,
    confirming: FuturesUnordered<BoxFuture<'static, Vec<UploadEvent>>>,
    ready: VecDeque<UploadEvent>,
}

/// What there is instead of a job.
#[derive(Debug)]
enum Ungiven {
    File(Upload, FilesError),
    Source(FilesError),
    Stopped(FilesError),
}

impl FileUploads {
    /// The next event; `None` once every file has its outcome. A future that is dropped loses no event.
    pub async fn next(&mut self) -> Option<UploadEvent> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Gives up what is not done, and returns once that has let go of the disk and the network. What is sent is confirmed
    /// before that.
    pub async fn stop(mut self) -> Vec<UploadEvent> {
        if let Some(inner) = self.inner.take() {
            inner.stop().await;
        }
        self.confirm();
        let mut last = Vec::from(self.ready);
        while let Some(events) = self.confirming.next().await {
            last.extend(events);
        }
        last
    }

    fn told(&mut self, event: Event<Upload, Ungiven, Uploaded>) {
        let event = match event {
            Event::File(upload, Step::Finished(done)) => {
                self.sent.push((upload, done));
                return;
            }
            Event::File(upload, step) => UploadEvent::File(upload, unfinished(step)),
            Event::Listing(Ungiven::File(upload, error)) => UploadEvent::File(upload, Step::Failed(error)),
            Event::Listing(Ungiven::Source(error)) => UploadEvent::Source(error),
            Event::Listing(Ungiven::Stopped(error)) => UploadEvent::Stopped(error),
        };
        self.ready.push_back(event);
    }

    /// Begins to confirm what is sent.
    fn confirm(&mut self) {
        self.gathering = None;
        if !self.sent.is_empty() {
            let To { context, run } = self.to.clone();
            self.confirming
                .push(confirm::confirm(context, run, std::mem::take(&mut self.sent)).boxed());
        }
    }

    /// Whether what is sent has waited for long enough.
    fn is_gathered(&mut self, waker: &mut Waker<'_>) -> bool {
        if self.sent.is_empty() {
            return false;
        }
        self.sent.len() >= BATCH
            || self
                .gathering
                .get_or_insert_with(|| Box::pin(sleep(GATHERING)))
                .poll_unpin(waker)
                .is_ready()
    }
}

/// A step that is not [`Step::Finished`].
fn unfinished(step: Step<wandb_transfer::TransferError, Uploaded>) -> Step<FilesError, Stored> {
    step.map_err(FilesError::from).map_done(|done| Stored {
        bytes: done.bytes,
        md5: done.md5,
        file: None,
    })
}

impl Stream for FileUploads {
    type Item = UploadEvent;

    fn poll_next(self: Pin<&mut Self>, waker: &mut Waker<'_>) -> Poll<Option<UploadEvent>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(event));
            }
            if let Poll::Ready(Some(events)) = this.confirming.poll_next_unpin(waker) {
                this.ready.extend(events);
                continue;
            }
            let polled = match &mut this.inner {
                Some(inner) if this.confirming.len() < CONFIRMING => Pin::new(inner).poll_next(waker),
                Some(_) => Poll::Pending,
                None if this.sent.is_empty() && this.confirming.is_empty() => return Poll::Ready(None),
                None => Poll::Pending,
            };
            match polled {
                Poll::Ready(Some(event)) => this.told(event),
                Poll::Ready(None) => {
                    this.inner = None;
                    this.confirm();
                }
                Poll::Pending if this.confirming.len() < CONFIRMING && this.is_gathered(waker) => {
                    this.confirm();
                }
                Poll::Pending => return Poll::Pending,
            }
            if this.sent.len() >= BATCH {
                this.confirm();
            }
        }
    }
}

/// The uploads with their addresses, which are asked for in a task of their own, ahead of the need.
fn addressed(
    to: To,
    uploads: stream::BoxStream<'static, Result<Upload, FilesError>>,
) -> impl Stream<Item = Result<UploadJob<Upload>, Ungiven>> + Send + 'static {
    let begin = async move {
        let (sender, receiver) = mpsc::channel(BATCH);
        let mut task = JoinSet::new();
        task.spawn(async move {
            // An error says that nobody listens any more.
            let _ = give(to, uploads, sender).await;
        });
        stream::unfold((receiver, task), |(mut receiver, mut task)| async move {
            if let Some(job) = receiver.recv().await {
                return Some((job, (receiver, task)));
            }
            if let Some(Err(stopped)) = task.join_next().await
                && let Ok(panic) = stopped.try_into_panic()
            {
                std::panic::resume_unwind(panic);
            }
            None
        })
    };
    stream::once(begin).flatten()
}

type Sender = mpsc::Sender<Result<UploadJob<Upload>, Ungiven>>;
type Gone = mpsc::error::SendError<Result<UploadJob<Upload>, Ungiven>>;

/// Gives every upload to `sender`, with its address.
async fn give(
    to: To,
    mut uploads: stream::BoxStream<'static, Result<Upload, FilesError>>,
    sender: Sender,
) -> Result<(), Gone> {
    let hasher = RandomState::new();
    let mut taken = HashSet::new();
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let next = uploads.next().await;
        let ended = next.is_none();
        match next {
            Some(Ok(upload)) if !taken.insert(hasher.hash_one(upload.name())) => {
                let error = FilesError::SameName {
                    name: upload.name().to_owned(),
                };
                sender.send(Err(Ungiven::File(upload, error))).await?;
            }
            Some(Ok(upload)) => batch.push(upload),
            Some(Err(error)) => sender.send(Err(Ungiven::Source(error))).await?,
            None => {}
        }
        if (batch.len() == BATCH || ended)
            && let Err(error) = to.give_batch(std::mem::take(&mut batch), &sender).await?
        {
            return sender.send(Err(Ungiven::Stopped(error))).await;
        }
        if ended {
            return Ok(());
        }
    }
}

impl To {
    /// Gives these uploads, with the addresses that the server has for them. The inner error is one that stands for all
    /// uploads to come.
    async fn give_batch(&self, batch: Vec<Upload>, sender: &Sender) -> Result<Result<(), FilesError>, Gone> {
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.targets(&part).await {
                Ok(targets) => {
                    for (upload, target) in part.into_iter().zip(targets) {
                        sender.send(Ok(self.job(upload, target))).await?;
                    }
                }
                Err(error) if !error.is_refusal() => return Ok(Err(error)),
                Err(error) => match self.narrow(part, error).await {
                    Narrowed::Parts(smaller) => parts.extend(smaller),
                    Narrowed::One(upload, error) => sender.send(Err(Ungiven::File(upload, error))).await?,
                    Narrowed::All(error) => return Ok(Err(error)),
                },
            }
        }
        Ok(Ok(()))
    }

    /// What to do with uploads for which the server refuses addresses with `error`: one of them may be to blame.
    async fn narrow(&self, mut part: Vec<Upload>, error: FilesError) -> Narrowed {
        if part.len() > 1 {
            // A refusal that is the same for one file alone is not of any file's making.
            if let Err(alone) = self.targets(&part[..1]).await
                && reason(&alone) == reason(&error)
            {
                return Narrowed::All(error);
            }
            let rest = part.split_off(part.len() / 2);
            return Narrowed::Parts([rest, part]);
        }
        match part.pop() {
            Some(upload) => Narrowed::One(upload, error),
            None => Narrowed::All(error),
        }
    }

    /// The addresses for these uploads, in their order.
    async fn targets(&self, uploads: &[Upload]) -> Result<Vec<UploadTarget>, FilesError> {
        let names: Vec<_> = uploads.iter().map(|upload| upload.name().to_owned()).collect();
        let targets = upload_targets(&self.context, &self.run, &names).await?;
        Ok(targets.into_iter().map(|(_, target)| target).collect())
    }

    fn job(&self, upload: Upload, target: UploadTarget) -> UploadJob<Upload> {
        let again = Again {
            to: self.clone(),
            upload: upload.clone(),
        };
        UploadJob {
            name: upload.name().to_owned(),
            content: upload.content().clone(),
            to: destination(target).with_renewal(Arc::new(again)),
            key: upload,
        }
    }
}

enum Narrowed {
    Parts([Vec<Upload>; 2]),
    One(Upload, FilesError),
    All(FilesError),
}

/// The server's own words, which do not depend on how many files it was asked for.
fn reason(error: &FilesError) -> String {
    error
        .transport()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

fn destination(target: UploadTarget) -> Destination {
    let UploadTarget { url, headers } = target;
    headers.iter().fold(Destination::new(url), |to, (name, value)| {
        to.with_header(name, value)
    })
}

/// Asks the server for an address to upload to again.
#[derive(Debug)]
struct Again {
    to: To,
    upload: Upload,
}

#[async_trait]
impl DestinationRenewal for Again {
    async fn renew(&self) -> Result<Destination, Box<dyn std::error::Error + Send + Sync>> {
        let targets = self.to.targets(std::slice::from_ref(&self.upload)).await?;
        let target = targets.into_iter().next().ok_or_else(|| FilesError::NoAddress {
            name: self.upload.name().to_owned(),
        })?;
        Ok(destination(target))
    }
}

impl fmt::Debug for FileUploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileUploads")
            .field("run", &self.to.run)
            .field("sent", &self.sent.len())
            .field("confirming", &self.confirming.len())
            .finish_non_exhaustive()
    }
}
