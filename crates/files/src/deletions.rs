//! Deleting files: in batches, each file with an outcome of its own.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use wandb_features::leave_out;
use wandb_queries::{DeleteFiles, RunProjectId, delete_files, run_project_id};
use wandb_transport::{Operation, Reply, Transport as _, TransportError, TransportErrorKind, execute};

use crate::{Context, File, Files, FilesError, RunPath};

/// How many files are deleted in one request, at first.
const BATCH: usize = 100;

/// What became of one file.
#[derive(Debug)]
#[non_exhaustive]
pub enum DeleteEvent {
    /// The file is gone.
    Deleted(File),
    /// The file is still there, or it is not known whether it is.
    Failed(File, FilesError),
}

/// Deletes files, of one run or of several, and tells what becomes of each. That cannot be undone.
///
/// Nothing is sent before the result is polled. The files of a run are deleted in batches of 100, which shrink where the
/// server finds them too large; a batch that is refused is divided until the file that the server minds stands alone, so
/// that it fails alone. What holds for all files (network, credential, permission, rate limit) ends the rest at once, and
/// each file is told so. Where it is not sure whether a deletion was carried out, the listing is asked. A file that is
/// given twice is deleted, and told of, once.
///
/// Select first and delete then: a listing from which files are deleted shifts under its own cursors. [`Files::select`]
/// does so.
///
/// ```no_run
/// # async fn example(files: wandb_files::Files) -> Result<(), Box<dyn std::error::Error>> {
/// use wandb_files::{DeleteEvent, delete_all};
///
/// let selection = files.pattern("checkpoints/%").select().await?;
/// let mut deletions = delete_all(selection.files);
/// while let Some(event) = deletions.next().await {
///     if let DeleteEvent::Failed(file, error) = event {
///         eprintln!("{}: {error}", file.name());
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub fn delete_all(files: impl IntoIterator<Item = File>) -> Deletions {
    let mut work = Work::default();
    for file in files {
        work.add(file);
    }
    let events = stream::unfold(work, |mut work| async move {
        let event = work.next().await?;
        Some((event, work))
    });
    Deletions {
        events: events.boxed(),
    }
}

/// What becomes of files, from [`delete_all`]: a stream of [`DeleteEvent`]s. Dropping it stops after the request that is
/// under way.
#[must_use = "nothing is deleted before the stream is polled"]
pub struct Deletions {
    events: BoxStream<'static, DeleteEvent>,
}

impl Deletions {
    /// The next event; `None` once every file has its outcome. A future that is dropped loses no event.
    pub async fn next(&mut self) -> Option<DeleteEvent> {
        self.events.next().await
    }
}

impl Stream for Deletions {
    type Item = DeleteEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Option<DeleteEvent>> {
        self.get_mut().events.poll_next_unpin(context)
    }
}

impl fmt::Debug for Deletions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deletions").finish_non_exhaustive()
    }
}

/// All that is to be deleted.
#[derive(Default)]
struct Work {
    groups: VecDeque<Group>,
    /// What has not been told yet.
    events: VecDeque<DeleteEvent>,
}

/// The files of one run.
struct Group {
    context: Context,
    run: RunPath,
    ids: HashSet<String>,
    untried: VecDeque<File>,
    /// Parts of refused batches, the next one last.
    parts: Vec<Batch>,
    /// How many files are deleted at once.
    size: usize,
    /// The number of the project; the outer `None` is before it was asked for.
    project: Option<Option<i64>>,
}

struct Batch {
    files: Vec<File>,
    /// Some of them may be gone already.
    doubtful: bool,
}

/// What a server made of a batch.
enum Outcome {
    Deleted,
    /// It was too much at once.
    TooLarge(TransportError),
    /// The server minds something about it.
    Refused(Option<TransportError>),
    /// No batch would fare better.
    Broken(TransportError),
}

impl Work {
    fn add(&mut self, file: File) {
        let refusal = if file.is_missing() {
            FilesError::missing(file.run(), file.name())
        } else if file.is_fixed() {
            FilesError::Fixed {
                run: file.run().clone(),
                name: file.name().to_owned(),
            }
        } else if let Some(id) = file.id() {
            let group = self.group(&file);
            if group.ids.insert(id.to_owned()) {
                group.untried.push_back(file);
            }
            return;
        } else {
            let name = file.name().to_owned();
            FilesError::NoId { name }
        };
        self.events.push_back(DeleteEvent::Failed(file, refusal));
    }

    fn group(&mut self, file: &File) -> &mut Group {
        let known = self
            .groups
            .iter()
            .position(|group| group.run == *file.run() && group.context.base == file.context().base);
        let place = known.unwrap_or_else(|| {
            self.groups.push_back(Group {
                context: file.context().clone(),
                run: file.run().clone(),
                ids: HashSet::new(),
                untried: VecDeque::new(),
                parts: Vec::new(),
                size: BATCH,
                project: None,
            });
            self.groups.len() - 1
        });
        &mut self.groups[place]
    }

    async fn next(&mut self) -> Option<DeleteEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let group = self.groups.front_mut()?;
            let Some(batch) = group.batch() else {
                self.groups.pop_front();
                continue;
            };
            let Some(error) = group.delete(batch, &mut self.events).await else {
                continue;
            };
            let base = Arc::clone(&group.context.base);
            for group in self.groups.iter_mut().filter(|group| group.context.base == base) {
                group.give_up(&error, &mut self.events);
            }
        }
    }
}

impl Group {
    fn batch(&mut self) -> Option<Batch> {
        if self.parts.is_empty() && !self.untried.is_empty() {
            let files = self.untried.drain(..self.size.min(self.untried.len())).collect();
            let doubtful = false;
            self.parts.push(Batch { files, doubtful });
        }
        // A part of a large batch may be larger than what the server has since been found to take.
        while let Some(batch) = self.parts.pop_if(|batch| batch.files.len() > self.size) {
            self.divide(batch);
        }
        self.parts.pop()
    }

    fn divide(&mut self, mut batch: Batch) {
        let second = batch.files.split_off(batch.files.len() / 2);
        let doubtful = batch.doubtful;
        self.parts.extend([
            Batch {
                files: second,
                doubtful,
            },
            batch,
        ]);
    }

    /// Deletes a batch, or divides it; an error where nothing more can be deleted.
    async fn delete(
        &mut self,
        mut batch: Batch,
        events: &mut VecDeque<DeleteEvent>,
    ) -> Option<Arc<TransportError>> {
        let outcome = self.send(&batch.files).await;
        let many = batch.files.len() > 1;
        match outcome {
            Outcome::Deleted => {
                events.extend(batch.files.into_iter().map(DeleteEvent::Deleted));
                None
            }
            Outcome::TooLarge(error) if many => {
                self.size = batch.files.len() / 2;
                tracing::warn!("{error}; deleting {} files at a time from here on", self.size);
                batch.doubtful = true;
                self.divide(batch);
                None
            }
            Outcome::Refused(_) if many => {
                batch.doubtful = true;
                self.divide(batch);
                None
            }
            Outcome::TooLarge(error) | Outcome::Refused(Some(error)) => {
                batch.doubtful |= error.attempts() > 1;
                self.settle(batch, Some(&Arc::new(error)), events).await;
                None
            }
            Outcome::Refused(None) => {
                self.settle(batch, None, events).await;
                None
            }
            Outcome::Broken(error) => {
                batch.doubtful |= error.attempts() > 1 || is_ambiguous(&error);
                let error = Arc::new(error);
                self.settle(batch, Some(&error), events).await;
                Some(error)
            }
        }
    }

    async fn send(&mut self, files: &[File]) -> Outcome {
        let project = match self.project_id().await {
            Ok(project) => project,
            Err(error) => return Outcome::Broken(error),
        };
        let variables = delete_files::Variables {
            files: files.iter().filter_map(File::id).map(str::to_owned).collect(),
            project_id: project,
        };
        let operation = Operation::new::<DeleteFiles>(variables).map(Operation::idempotent);
        let operation = match project {
            Some(_) => operation,
            None => operation.and_then(|full| leave_out(&full, &["DeleteFilesInput.projectId"])),
        };
        let operation = match operation {
            Ok(operation) => operation,
            Err(error) => return Outcome::Broken(error),
        };
        let name = operation.name();
        match self.context.server.send(operation).await {
            Ok(reply) => Outcome::of(&reply, name),
            Err(error) => Outcome::Broken(error),
        }
    }

    /// The number of the run's project, asked for once; `None` where the server does not want it or does not say it.
    async fn project_id(&mut self) -> Result<Option<i64>, TransportError> {
        if let Some(project) = self.project {
            return Ok(project);
        }
        let known = self.context.server.known();
        let project = if known.delete_project_id && known.run_project_id {
            let variables = run_project_id::Variables {
                entity: self.run.entity().to_owned(),
                project: self.run.project().to_owned(),
                name: self.run.run().to_owned(),
            };
            match execute::<RunProjectId>(&self.context.server, variables).await {
                Ok(answer) => answer
                    .project
                    .and_then(|project| project.run?.project_id?.parse().ok()),
                Err(error) if is_about_this_request(&error) => {
                    tracing::warn!("{error}; deleting without the number of the project");
                    None
                }
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        self.project = Some(project);
        Ok(project)
    }

    /// Tells the outcome of files that were not deleted, unless the listing shows that they were.
    async fn settle(
        &self,
        batch: Batch,
        error: Option<&Arc<TransportError>>,
        events: &mut VecDeque<DeleteEvent>,
    ) {
        let there = if batch.doubtful {
            self.still_there(&batch.files).await
        } else {
            None
        };
        for file in batch.files {
            let gone = match (&there, file.id()) {
                (Some(there), Some(id)) => !there.contains(id),
                _ => false,
            };
            events.push_back(if gone {
                DeleteEvent::Deleted(file)
            } else {
                self.failed(file, error)
            });
        }
    }

    /// The ids that the run still lists; `None` where that cannot be known.
    async fn still_there(&self, files: &[File]) -> Option<HashSet<String>> {
        let names = files.iter().map(File::name);
        let count = u32::try_from(files.len()).unwrap_or(u32::MAX);
        let listing = Files::new(self.context.clone(), self.run.clone());
        match listing.names(names).per_page(count).select().await {
            Ok(selection) => {
                let ids = selection.files.iter().filter_map(File::id);
                Some(ids.map(str::to_owned).collect())
            }
            Err(error) => {
                tracing::warn!("whether files were deleted is not known: {error}");
                None
            }
        }
    }

    fn failed(&self, file: File, error: Option<&Arc<TransportError>>) -> DeleteEvent {
        let (run, name) = (self.run.clone(), file.name().to_owned());
        let error = match error {
            Some(error) => FilesError::Delete {
                run,
                name,
                source: Arc::clone(error),
            },
            None => FilesError::NotDeleted { run, name },
        };
        DeleteEvent::Failed(file, error)
    }

    fn give_up(&mut self, error: &Arc<TransportError>, events: &mut VecDeque<DeleteEvent>) {
        let parts = std::mem::take(&mut self.parts);
        let untried = std::mem::take(&mut self.untried);
        let files = parts.into_iter().rev().flat_map(|part| part.files).chain(untried);
        for file in files {
            events.push_back(self.failed(file, Some(error)));
        }
    }
}

impl Outcome {
    fn of(reply: &Reply, operation: &'static str) -> Self {
        let answer: Result<delete_files::ResponseData, _> = reply.decode(operation);
        match answer {
            Ok(answer) => match answer.delete_files.and_then(|answer| answer.success) {
                Some(true) => Self::Deleted,
                _ => Self::Refused(None),
            },
            Err(error) if reply.status == 413 || error.is_too_heavy() => Self::TooLarge(error),
            Err(error) if matches!(error.kind(), TransportErrorKind::GraphQl(_)) => {
                Self::Refused(Some(error))
            }
            Err(error) => Self::Broken(error),
        }
    }
}

/// Whether a server that answers so may answer other requests.
fn is_about_this_request(error: &TransportError) -> bool {
    matches!(
        error.kind(),
        TransportErrorKind::GraphQl(_) | TransportErrorKind::BadAnswer { status: 0..500, .. }
    )
}

/// Whether the server may have done what it was asked for all the same.
fn is_ambiguous(error: &TransportError) -> bool {
    matches!(
        error.kind(),
        TransportErrorKind::Timeout
            | TransportErrorKind::BadAnswer { .. }
            | TransportErrorKind::Network {
                before_sending: false
            }
    )
}
