//! Many files to send.

use futures::{FutureExt as _, Stream, TryStreamExt as _};

use super::Step;
use super::engine::{Bulk, Task};
use super::meter::Listener;
use crate::{Content, Destination, Transfer, Uploaded};

/// What becomes of many files, from [`Transfer::upload_all`].
pub type Uploads<K, L> = Bulk<K, L, Uploaded>;

/// One file to send, as [`Transfer::upload_all`] takes it.
#[derive(Debug, Clone)]
pub struct UploadJob<K> {
    /// What the caller knows the file by. Every event of the file holds a clone.
    pub key: K,
    /// The bytes.
    pub content: Content,
    /// Where they go.
    pub to: Destination,
    /// What messages call it.
    pub name: String,
}

impl Transfer {
    /// Sends the files that `jobs` gives, so many at a time, and tells what becomes of each.
    ///
    /// It works as [`download_all`](Self::download_all) does: a job is only asked for when there is room for it, an error
    /// in `jobs` is passed on as [`Event::Listing`](super::Event::Listing), one file's failure stops no other, and nothing
    /// is sent before the stream is polled.
    ///
    /// # Panics
    /// Polling panics outside of a tokio runtime.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::convert::Infallible;
    /// use futures::stream;
    /// use wandb_transfer::{Content, Destination, Event, Step, Transfer, UploadJob};
    ///
    /// let transfer = Transfer::new(wandb_http::ClientConfig::default().build()?);
    /// let base: url::Url = "https://storage.example/images/".parse()?;
    /// let jobs = ["a.png", "b.png"].map(|name| {
    ///     Ok::<_, Infallible>(UploadJob {
    ///         key: name,
    ///         content: Content::file(name),
    ///         to: Destination::new(base.join(name).expect("an address")),
    ///         name: name.to_owned(),
    ///     })
    /// });
    /// let mut events = transfer.upload_all(stream::iter(jobs), 8);
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
    pub fn upload_all<K, L>(
        &self,
        jobs: impl Stream<Item = Result<UploadJob<K>, L>> + Send + 'static,
        jobs_at_a_time: usize,
    ) -> Uploads<K, L>
    where
        K: Clone + Send + Sync + 'static,
    {
        let transfer = self.clone();
        Bulk::new(
            jobs.map_ok(move |job| task(job, transfer.clone())),
            jobs_at_a_time,
        )
    }
}

fn task<K: Clone + Send + Sync + 'static>(job: UploadJob<K>, transfer: Transfer) -> Task<K, Uploaded> {
    let UploadJob {
        key,
        content,
        to,
        name,
    } = job;
    let work = move |listener: Listener<K>| {
        async move {
            match transfer.upload(&content, &to, &name, &listener).await {
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
