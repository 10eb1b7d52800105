//! A task that fetches ahead of whoever takes the pages.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::error::Cause;
use crate::guess::{self, Shape};
use crate::page::{Cursor, Page};
use crate::source::{PageSource, fetch};

/// A running task. It decides nothing: it follows the cursors for as far as it may, and ends at the first error or at what
/// cannot be followed; a new one can be started at any page. Dropping it ends the task.
pub(crate) struct Prefetch<T> {
    pages: mpsc::Receiver<Fetched<T>>,
    task: JoinHandle<()>,
}

pub(crate) struct Fetched<T> {
    pub(crate) outcome: Result<Page<T>, Cause>,
    /// The page size that the task has come to.
    pub(crate) size: u32,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts at `cursor`; at most `ahead` pages (at least 1) are in flight or waiting to be taken, and as many more are
    /// asked for `at_once` where that can be done.
    pub(crate) fn start(
        runtime: &Handle,
        (ahead, at_once): (usize, usize),
        source: Arc<dyn PageSource<T>>,
        cursor: Option<Cursor>,
        size: u32,
    ) -> Self {
        let (sender, pages) = mpsc::channel(ahead.clamp(1, Semaphore::MAX_PERMITS));
        let task = runtime.spawn(run(source, cursor, size, at_once, sender).in_current_span());
        Self { pages, task }
    }

    /// The next page or error. `None` where the task is gone, as when its runtime was shut down.
    pub(crate) async fn next(&mut self) -> Option<Fetched<T>> {
        self.pages.recv().await
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run<T: Send>(
    source: Arc<dyn PageSource<T>>,
    mut cursor: Option<Cursor>,
    mut size: u32,
    at_once: usize,
    pages: mpsc::Sender<Fetched<T>>,
) {
    let mut guesses = at_once > 1;
    // The place is taken before the page is asked for: a page in flight counts as one that waits.
    while let Ok(place) = pages.reserve().await {
        let outcome = fetch(&*source, cursor.as_ref(), &mut size).await;
        let page = outcome.as_ref().ok();
        let shape = page.and_then(|page| Shape::of(page, &*source, cursor.as_ref()));
        place.send(Fetched { outcome, size });
        let Some(shape) = shape else {
            return;
        };
        if !guesses {
            cursor = Some(shape.end);
            continue;
        }
        guesses = false;
        match guess::run(&source, &shape, size, at_once, &pages).await {
            guess::Ended::Done => return,
            guess::Ended::Serial(end) => cursor = Some(end),
        }
    }
}
