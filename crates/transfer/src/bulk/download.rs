//! Many files to fetch.

use std::time::Duration;

use futures::{FutureExt as _, Stream, TryStreamExt as _};
use tokio::task::spawn_blocking;

use super::Step;
use super::engine::{Bulk, Task};
use super::meter::Listener;
use super::names::Names;
use super::slots::Slots;
use crate::{Downloaded, IfExists, Root, Source, Status, Transfer, TransferError};

/// What becomes of many files, from [`Transfer::download_all`].
pub type Downloads<K, L> = Bulk<K, L, Downloaded>;

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
#[derive(Debug, Clone)]
pub struct BulkOptions {
    jobs: usize,
    if_exists: IfExists,
    slots: Option<Slots>,
}

impl BulkOptions {
    /// Files fetched at a time, if nothing else is said.
    ///
    /// Small files spend their time waiting for the server, so it takes many at once to hide that: where a request takes 30 ms, 8
    /// at a time bring at most 270 files a second, and 64 at most 2,100. More cost memory.
    pub const DEFAULT_JOBS: usize = 64;

    /// How many files are fetched at a time; at least one is. Half as many besides may be looked for, or have all their bytes
    /// and be on their way to the disk, so that no request waits for that; not so where a [shared bound](Self::within) has more
    /// places than this.
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

    /// A bound that is shared with others, such as the listing that the files come from: each file takes a place before
    /// its first request, and keeps it until all its bytes have come. The further connections of large files ([`Parts`](crate::Parts)) are
    /// bounded by themselves.
    #[must_use]
    pub fn within(mut self, slots: Slots) -> Self {
        self.slots = Some(slots);
        self
    }

    /// The bound that the downloads share, if any; else one of as many places as files may be under way.
    #[must_use]
    pub fn slots(&self) -> Slots {
        self.slots.clone().unwrap_or_else(|| Slots::new(self.jobs))
    }
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self {
            jobs: Self::DEFAULT_JOBS,
            if_exists: IfExists::default(),
            slots: None,
        }
    }
}

impl Transfer {
    /// Fetches the files that `jobs` gives, many at a time, and tells what becomes of each.
    ///
    /// Files are fetched while later jobs are still waited for, and a job is only asked for when there is room for it:
    /// nothing is collected, whatever the number of files. An error in `jobs` is passed on as
    /// [`Event::Listing`](super::Event::Listing), and what comes behind it is fetched as well. One file's failure stops no
    /// other. Each file runs in a task of its own, so that all cores of a multi-threaded runtime are used.
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
        mut options: BulkOptions,
    ) -> Downloads<K, L>
    where
        K: Clone + Send + Sync + 'static,
    {
        let (transfer, root) = (self.clone(), root.clone());
        let slots = options.slots();
        let at_a_time = match slots.places() <= options.jobs {
            true => options.jobs + options.jobs / 2,
            // Here the files bound the requests, and not the places.
            false => options.jobs,
        };
        options.slots = Some(slots);
        let tasks = async move {
            let asked = root.clone();
            let ignores_case = spawn_blocking(move || asked.ignores_case()).await;
            let mut names = Names::new(ignores_case.unwrap_or(false));
            jobs.map_ok(move |job| task(job, &mut names, &transfer, &root, &options))
        };
        Bulk::new(tasks.flatten_stream(), at_a_time)
    }
}

/// The download of a file, unless its name is taken.
fn task<K: Clone + Send + Sync + 'static>(
    job: Job<K>,
    names: &mut Names,
    transfer: &Transfer,
    root: &Root,
    options: &BulkOptions,
) -> Task<K, Downloaded> {
    let Job { key, source, name } = job;
    if let Err(failure) = names.take(&name) {
        let error = TransferError::new(&format!("download {name:?}"), failure, 0, Duration::ZERO);
        return Task {
            key,
            work: Err(error),
        };
    }
    let (transfer, root, options) = (transfer.clone(), root.clone(), options.clone());
    let work = move |listener: Listener<K>| {
        async move {
            let done = transfer
                .download_within(
                    options.slots.as_ref(),
                    &source,
                    &root,
                    &name,
                    options.if_exists,
                    &listener,
                )
                .await;
            match done {
                Ok(done) if done.status == Status::Kept => Step::Skipped(done),
                Ok(done) => Step::Finished(done),
                Err(error) => Step::Failed(error),
            }
        }
        .boxed()
    };
    Task {
        key,
        work: Ok(Box::new(work)),
    }
}
