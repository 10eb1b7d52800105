//! A whole selection, from the listing to the disk.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use wandb_transfer::{BulkOptions, Downloads, Event, Job, Root, Step};

use crate::{File, Files, FilesError, RunPath, listing};

/// What happened to one file of a selection, or to its listing.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileEvent {
    /// Something happened to this file: at last [`Step::Finished`], [`Step::Skipped`] or [`Step::Failed`].
    File(File, Step<FilesError>),
    /// There is no file of this name, which was asked for; the error is [`FilesError::Missing`] or
    /// [`FilesError::NowhereThere`]. Told at the end, or where the server listed a placeholder.
    Missing(String, FilesError),
    /// A listing broke off, with [`FilesError::Listing`] or [`FilesError::Runs`]: what was listed before is fetched, more is
    /// not known of.
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
        let (context, names) = (self.context.clone(), self.names.clone());
        let run = RunPath::clone(&self.run);
        let listing = listing(self.paginate()?, run, &names).map_ok(File::named);
        Ok(FileDownloads::of_listing(&context, listing, root, options))
    }
}

/// What becomes of a selection's files, from [`Files::download_all`]: a stream of [`FileEvent`]s.
///
/// Dropping it gives up what is not done; [`stop`](Self::stop) does, and waits until that has come to rest.
#[must_use = "nothing is fetched before the stream is polled"]
pub struct FileDownloads {
    inner: Downloads<File, Unfetched>,
}

/// What the listing gives instead of a job.
enum Unfetched {
    File(File, FilesError),
    Listing(FilesError),
}

impl FileDownloads {
    /// Downloads what a listing of any kind gives, each file to the name below `root` that stands beside it, and tells what
    /// becomes of each: see [`Files::download_all`]. An error of the listing is told as [`FileEvent::Missing`] where it is
    /// about a name, else as [`FileEvent::Listing`]; what comes behind it is fetched as well.
    pub fn of_listing(
        context: &crate::Context,
        listing: impl Stream<Item = Result<(File, String), FilesError>> + Send + 'static,
        root: &Root,
        options: BulkOptions,
    ) -> Self {
        let jobs = listing.map(|listed| match listed {
            Ok((file, name)) => job(file, name),
            Err(error) => Err(Unfetched::Listing(error)),
        });
        Self {
            inner: context.transfer.download_all(jobs, root, options),
        }
    }

    /// The next event; `None` once every file has its outcome. A future that is dropped loses no event.
    pub async fn next(&mut self) -> Option<FileEvent> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Gives up what is not done, and returns once that has let go of the disk and the network. What is done stays.
    pub async fn stop(self) {
        self.inner.stop().await;
    }
}

fn told(event: Event<File, Unfetched>) -> FileEvent {
    match event {
        Event::File(file, step) => FileEvent::File(file, step.map_err(FilesError::from)),
        Event::Listing(unfetched) => match unfetched {
            Unfetched::File(file, error @ FilesError::Missing { .. }) => {
                FileEvent::Missing(file.name().to_owned(), error)
            }
            Unfetched::File(file, error) => FileEvent::File(file, Step::Failed(error)),
            Unfetched::Listing(error) => match error {
                FilesError::Missing { ref name, .. } | FilesError::NowhereThere { ref name, .. } => {
                    FileEvent::Missing(name.clone(), error)
                }
                error => FileEvent::Listing(error),
            },
        },
    }
}

impl Stream for FileDownloads {
    type Item = FileEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<FileEvent>> {
        let event = Pin::new(&mut self.get_mut().inner).poll_next(context);
        event.map(|event| event.map(told))
    }
}

fn job(file: File, name: String) -> Result<Job<File>, Unfetched> {
    match file.source() {
        Ok(source) => Ok(Job {
            source,
            name,
            key: file,
        }),
        Err(error) => Err(Unfetched::File(file, error)),
    }
}

impl fmt::Debug for FileDownloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileDownloads")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
