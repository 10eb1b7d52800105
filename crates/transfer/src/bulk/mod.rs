//! Many files at once.

mod downloads;
mod meter;
mod names;

use std::time::Duration;

use futures::Stream;

pub use downloads::Downloads;

use crate::{Downloaded, IfExists, Root, Source, Transfer, TransferError};

/// One file to fetch, as [`Transfer::download_all`] takes it.
#[derive(Debug, Clone)]
pub struct Job<K> {
    /// What the caller knows the file by. Every event of the file holds a clone.
    pub key: K,
    /// Where the bytes are, and what they must be.
    pub source: Source,
    /// The name below the root, as of [`Transfer::download`].
    pub name: String,
}

/// How [`Transfer::download_all`] works.
///
/// ```
/// use wandb_transfer::{BulkOptions, IfExists};
/// let options = BulkOptions::default().jobs(8).if_exists(IfExists::Keep);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BulkOptions {
    jobs: usize,
    if_exists: IfExists,
}

impl BulkOptions {
    /// Files under way at a time, if nothing else is said.
    ///
    /// Small files spend their time waiting for the server, so it takes many at once to hide that. Measured on two busy
    /// cores that the server shared, with 2,000 files of 16 KiB and 30 ms a request: 10.4 s with 8, 6.2 s with 16, and 3.3
    /// to 3.9 s with 32 and more, where the cores were the limit; without latency 3.0 s with 4, 2.4 s with 64, so that more
    /// do no harm. The peak of memory was 18 MiB with 64, 24 to 28 MiB with 128, and 23 MiB for 20,000 files with 64.
    pub const DEFAULT_JOBS: usize = 64;

    /// How many files are under way at a time; at least one is.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// What to do where a file is there already.
    #[must_use]
    pub fn if_exists(mut self, if_exists: IfExists) -> Self {
        self.if_exists = if_exists;
        self
    }
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self {
            jobs: Self::DEFAULT_JOBS,
            if_exists: IfExists::default(),
        }
    }
}

/// What [`Downloads`] tells.
#[derive(Debug)]
pub enum Event<K, L> {
    /// Something happened to the file of this key.
    File(K, Step),
    /// The stream of jobs gave this error in place of a job.
    Listing(L),
}

/// What happened to one file: at first [`Started`](Self::Started), in the end one of [`Finished`](Self::Finished),
/// [`Skipped`](Self::Skipped) and [`Failed`](Self::Failed), and the others in between, if at all.
///
/// `E` is [`TransferError`], or what a layer above makes of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<E = TransferError> {
    /// It is the file's turn. A file that fails by its name alone has none.
    Started,
    /// How far it is. Told at most ten times a second, and only the newest state: a file that is done sooner tells of
    /// none.
    Progress {
        /// The bytes that are there; fewer than before where the download had to begin again.
        bytes: u64,
        /// All bytes, where that is known.
        total: Option<u64>,
    },
    /// A try failed, and there will be another one.
    Retried {
        /// Which try failed: 1 for the first.
        attempt: u32,
        /// What happened.
        why: String,
        /// The time until the next try.
        wait: Duration,
    },
    /// It is there, whole and checked.
    Finished(Downloaded),
    /// It was there already.
    Skipped(Downloaded),
    /// It could not be had. The others go on.
    Failed(E),
}

impl<E> Step<E> {
    /// The same, with what `change` makes of the error of [`Failed`](Self::Failed).
    pub fn map_err<F>(self, change: impl FnOnce(E) -> F) -> Step<F> {
        match self {
            Self::Started => Step::Started,
            Self::Progress { bytes, total } => Step::Progress { bytes, total },
            Self::Retried { attempt, why, wait } => Step::Retried { attempt, why, wait },
            Self::Finished(done) => Step::Finished(done),
            Self::Skipped(done) => Step::Skipped(done),
            Self::Failed(error) => Step::Failed(change(error)),
        }
    }
}

impl Transfer {
    /// Fetches the files that `jobs` gives, many at a time, and tells what becomes of each.
    ///
    /// Files are fetched while later jobs are still waited for, and a job is only asked for when there is room for it:
    /// nothing is collected, whatever the number of files. An error in `jobs` is passed on as [`Event::Listing`], and what
    /// comes behind it is fetched as well. One file's failure stops no other. Each file runs in a task of its own, so
    /// that all cores of a multi-threaded runtime are used.
    ///
    /// Sends nothing before the stream is polled. A reader that is slow, or stops reading, holds back new files, and
    /// never disturbs those under way.
    ///
    /// # Names
    /// Two jobs whose names mean one path (`a/b`, `a//b`, `./a/b`) would overwrite one another: the later one fails with
    /// [`TransferErrorKind::Name`](crate::TransferErrorKind::Name). On a file system that does not tell upper from lower
    /// case the same holds for names that differ only in case; whether the root's does is tried out once, before the
    /// first file. To know them, eight bytes of each name's hash are kept, 10 to 20 bytes a file with the table round
    /// them: the only memory that grows. Two names of the same hash, about one pair in 10¹⁹, would be taken for one.
    ///
    /// # Panics
    /// Polling panics outside of a tokio runtime.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::convert::Infallible;
    /// use futures::stream;
    /// use wandb_transfer::{BulkOptions, Event, Job, Root, Source, Step, Transfer};
    ///
    /// let transfer = Transfer::new(wandb_http::ClientConfig::default().build()?);
    /// let base: url::Url = "https://storage.example/images/".parse()?;
    /// let jobs = ["a.png", "b.png"].map(|name| {
    ///     let source = Source::new(base.join(name).expect("an address"));
    ///     Ok::<_, Infallible>(Job { key: name, source, name: format!("images/{name}") })
    /// });
    /// let root = Root::open("out")?;
    /// let mut events = transfer.download_all(stream::iter(jobs), &root, BulkOptions::default());
    /// while let Some(event) = events.next().await {
    ///     match event {
    ///         Event::File(name, Step::Finished(done)) => println!("{name}: {} bytes", done.bytes),
    ///         Event::File(name, Step::Failed(error)) => eprintln!("{name}: {error}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn download_all<K, L>(
        &self,
        jobs: impl Stream<Item = Result<Job<K>, L>> + Send + 'static,
        root: &Root,
        options: BulkOptions,
    ) -> Downloads<K, L>
    where
        K: Clone + Send + Sync + 'static,
    {
        Downloads::new(self.clone(), Box::pin(jobs), root.clone(), options)
    }
}
