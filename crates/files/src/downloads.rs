//! A whole selection, from the listing to the disk.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream;
use wandb_paginator::Paginator;
use wandb_transfer::{BulkOptions, Downloads, Event, Job, Root, Step};

use crate::wanted::Wanted;
use crate::{File, Files, FilesError, RunPath};

/// What happened to one file of a selection, or to its listing.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileEvent {
    /// Something happened to this file: at last [`Step::Finished`], [`Step::Skipped`] or [`Step::Failed`].
    File(File, Step<FilesError>),
    /// The run has no file of this name, which was asked for; the error is [`FilesError::Missing`]. Told at the end, or
    /// where the server listed a placeholder.
    Missing(String, FilesError),
    /// The listing broke off, with [`FilesError::Listing`]: what was listed before is fetched, more is not known of.
    Listing(FilesError),
}

impl Files {
    /// Downloads these files below `root` while they are listed, and tells what becomes of each.
    ///
    /// Nothing is collected, whatever the number of files; the next page is asked for one ahead. One file's failure stops
    /// no other. Sends nothing before the stream is polled, which must be in a tokio runtime. How files and names are
    /// treated is said at [`Transfer::download_all`](wandb_transfer::Transfer::download_all).
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set. All else is told as an event.
    ///
    /// ```no_run
    /// # async fn example(files: wandb_files::Files) -> Result<(), Box<dyn std::error::Error>> {
    /// use wandb_files::FileEvent;
    /// use wandb_transfer::{BulkOptions, Root, Step};
    ///
    /// let root = Root::open("out")?;
    /// let mut downloads = files.pattern("media/%").download_all(&root, BulkOptions::default())?;
    /// while let Some(event) = downloads.next().await {
    ///     match event {
    ///         FileEvent::File(file, Step::Finished(done)) => println!("{}: {} bytes", file.name(), done.bytes),
    ///         FileEvent::File(_, Step::Failed(error)) | FileEvent::Missing(_, error) => eprintln!("{error}"),
    ///         FileEvent::Listing(error) => return Err(error.into()),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn download_all(mut self, root: &Root, options: BulkOptions) -> Result<FileDownloads, FilesError> {
        self.prefetch = self.prefetch.max(1);
        let run = Arc::clone(&self.run);
        let wanted = Wanted::new(&self.names);
        let transfer = self.context.transfer.clone();
        let jobs = jobs(self.paginate()?, Arc::clone(&run));
        Ok(FileDownloads {
            run,
            inner: transfer.download_all(jobs, root, options),
            wanted,
        })
    }
}

/// What becomes of a selection's files, from [`Files::download_all`]: a stream of [`FileEvent`]s.
///
/// Dropping it gives up what is not done; [`stop`](Self::stop) does, and waits until that has come to rest.
#[must_use = "nothing is fetched before the stream is polled"]
pub struct FileDownloads {
    run: Arc<RunPath>,
    inner: Downloads<File, Unfetched>,
    wanted: Wanted,
}

/// What the listing gives instead of a job.
enum Unfetched {
    File(File, FilesError),
    Listing(FilesError),
}

impl FileDownloads {
    /// The next event; `None` once every file has its outcome. A future that is dropped loses no event.
    pub async fn next(&mut self) -> Option<FileEvent> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Gives up what is not done, and returns once that has let go of the disk and the network. What is done stays.
    pub async fn stop(self) {
        self.inner.stop().await;
    }

    fn told(&mut self, event: Event<File, Unfetched>) -> FileEvent {
        match event {
            Event::File(file, step) => {
                self.wanted.listed(file.name());
                FileEvent::File(file, step.map_err(FilesError::from))
            }
            Event::Listing(Unfetched::File(file, error @ FilesError::Missing { .. })) => {
                self.wanted.listed(file.name());
                FileEvent::Missing(file.name().to_owned(), error)
            }
            Event::Listing(Unfetched::File(file, error)) => {
                self.wanted.listed(file.name());
                FileEvent::File(file, Step::Failed(error))
            }
            Event::Listing(Unfetched::Listing(error)) => {
                self.wanted.broke_off();
                FileEvent::Listing(error)
            }
        }
    }
}

impl Stream for FileDownloads {
    type Item = FileEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<FileEvent>> {
        let this = self.get_mut();
        if let Some(event) = ready!(Pin::new(&mut this.inner).poll_next(context)) {
            return Poll::Ready(Some(this.told(event)));
        }
        Poll::Ready(this.wanted.next_missing().map(|name| {
            let error = FilesError::missing(&this.run, &name);
            FileEvent::Missing(name, error)
        }))
    }
}

/// The files as they are listed, up to a failure of the listing.
fn jobs(
    files: Paginator<File>,
    run: Arc<RunPath>,
) -> impl Stream<Item = Result<Job<File>, Unfetched>> + Send + 'static {
    stream::unfold(Some(files.into_stream()), move |files| {
        let run = Arc::clone(&run);
        async move {
            let mut files = files?;
            match files.try_next().await {
                Ok(None) => None,
                Ok(Some(file)) => Some((job(file), Some(files))),
                Err(source) => {
                    let run = RunPath::clone(&run);
                    Some((Err(Unfetched::Listing(FilesError::Listing { run, source })), None))
                }
            }
        }
    })
}

fn job(file: File) -> Result<Job<File>, Unfetched> {
    match file.source() {
        Ok(source) => Ok(Job {
            source,
            name: file.name().to_owned(),
            key: file,
        }),
        Err(error) => Err(Unfetched::File(file, error)),
    }
}

impl fmt::Debug for FileDownloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileDownloads")
            .field("run", &self.run)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
