//! The files of a selection as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};
use wandb_files::{File, FilesError};

use crate::ChosenRun;
use crate::lister::{self, Batch, Common, Listing, Receiver, Runs};

/// A file, and its run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Found {
    /// The run.
    pub run: Arc<ChosenRun>,
    /// The file.
    pub file: File,
}

/// The files of a selection, from [`FilesOfRuns::list`](crate::FilesOfRuns::list): a stream.
///
/// Errors do not end it: [`FilesError::Listing`] tells that one run's listing broke off, [`FilesError::Missing`] that a run
/// lacks a name that was asked for; the others go on. After [`FilesError::Runs`] no further runs are known. A future that is
/// dropped loses no item; dropping the stream gives up what is under way.
#[must_use = "nothing is asked for before the stream is polled"]
pub struct FoundFiles(BoxStream<'static, Result<Found, FilesError>>);

impl FoundFiles {
    pub(crate) fn new(runs: Runs, common: Common) -> Self {
        let reader = Reader {
            left: common.limit.unwrap_or(usize::MAX),
            in_project: matches!(runs, Runs::OfProject { .. }),
            unstarted: Some(runs),
            common: Arc::new(common),
            listings: None,
            rest: None,
            batch: None,
            nowhere: None,
        };
        let found = stream::unfold(reader, |mut reader| async move {
            let found = reader.next().await?;
            Some((found, reader))
        });
        Self(found.boxed())
    }

    /// The next file or error; `None` once all is told.
    pub async fn next(&mut self) -> Option<Result<Found, FilesError>> {
        self.0.next().await
    }
}

impl Stream for FoundFiles {
    type Item = Result<Found, FilesError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl fmt::Debug for FoundFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundFiles").finish_non_exhaustive()
    }
}

/// Takes what the tasks list, in the order of the runs.
struct Reader {
    common: Arc<Common>,
    in_project: bool,
    unstarted: Option<Runs>,
    listings: Option<Receiver<Listing>>,
    /// Of the run at hand.
    batch: Option<(Arc<ChosenRun>, VecDeque<File>)>,
    rest: Option<Receiver<Batch>>,
    left: usize,
    nowhere: Option<VecDeque<String>>,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Found, FilesError>> {
        loop {
            if self.left == 0 {
                // Whatever lists ahead is not needed.
                self.listings = None;
                self.rest = None;
                return None;
            }
            if let Some(runs) = self.unstarted.take() {
                self.listings = Some(lister::start(runs, Arc::clone(&self.common)));
            }
            if let Some((run, files)) = &mut self.batch {
                if let Some(file) = files.pop_front() {
                    self.left -= 1;
                    let run = Arc::clone(run);
                    return Some(Ok(Found { run, file }));
                }
                self.batch = None;
            }
            if let Some(rest) = &mut self.rest {
                match rest.next().await {
                    Some(Ok(batch)) => self.take(batch),
                    Some(Err(error)) => return Some(Err(error)),
                    None => self.rest = None,
                }
                continue;
            }
            let Some(listings) = &mut self.listings else {
                return self.next_nowhere();
            };
            match listings.next().await {
                Some(Ok(Listing { first, rest })) => {
                    self.rest = rest;
                    if let Some(batch) = first {
                        self.take(batch);
                    }
                }
                Some(Err(error)) => return Some(Err(error)),
                None => self.listings = None,
            }
        }
    }

    fn take(&mut self, batch: Batch) {
        self.batch = Some((batch.run, batch.files.into()));
    }

    /// After everything: a name that no run of the project has.
    fn next_nowhere(&mut self) -> Option<Result<Found, FilesError>> {
        if !self.in_project {
            return None;
        }
        let common = &self.common;
        let nowhere = self.nowhere.get_or_insert_with(|| common.wanted.missing().into());
        let name = nowhere.pop_front()?;
        let project = common.files.run();
        Some(Err(FilesError::NowhereThere {
            entity: project.entity().to_owned(),
            project: project.project().to_owned(),
            name,
        }))
    }
}
