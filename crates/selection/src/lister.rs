//! What lists ahead of whoever reads: tasks that stop where there is no room.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use wandb_files::{Context, File, Files, FilesError, RunPath};
use wandb_paginator::{Cursor, Page, Paginator, PaginatorError, PaginatorErrorKind};
use wandb_queries::Filter;
use wandb_queries::runs_with_files::Variables;
use wandb_transfer::Slots;
use wandb_transport::{GraphQlError, PathSegment, Transport, TransportErrorKind};

use crate::ChosenRun;
use crate::one_run::OneRun;
use crate::project_runs::{ListedRun, ProjectRuns};
use crate::sieve::Sieve;
use crate::wanted::Wanted;

/// Runs at a time, with up to [`FILES`] files of each: an answer of some hundred kilobytes.
const RUNS: u32 = 40;
const FILES: u32 = 50;
/// So many runs are listed ahead, those that are asked by themselves included.
const AHEAD: usize = 8;

/// Which runs.
#[derive(Debug, Clone)]
pub(crate) enum Runs {
    OfProject { filters: Filter, order: String },
    Named(Vec<RunPath>),
}

/// What all tasks of one listing share.
pub(crate) struct Common {
    pub(crate) context: Context,
    /// Which files; of which run is said later. Of a project, its path names the project.
    pub(crate) files: Files,
    pub(crate) names: Arc<[String]>,
    pub(crate) pattern: Option<String>,
    pub(crate) per_page: u32,
    pub(crate) start_after: Option<Cursor>,
    pub(crate) sieve: Sieve,
    pub(crate) max_runs: Option<usize>,
    pub(crate) limit: Option<usize>,
    pub(crate) display_names: bool,
    pub(crate) slots: Slots,
    /// The names that some run of a project is to have.
    pub(crate) wanted: Wanted,
}

impl Common {
    /// Whether nobody wants more than so many files.
    pub(crate) fn is_enough(&self, kept: usize) -> bool {
        self.limit.is_some_and(|limit| kept >= limit)
    }

    /// The files that are meant.
    pub(crate) fn kept(&self, mut files: Vec<File>, wanted: &Wanted) -> Vec<File> {
        files.retain(|file| {
            if file.is_missing() {
                return false;
            }
            wanted.seen(file.name());
            self.sieve.keeps(file)
        });
        files
    }

    /// How a project is asked for one run without files; what differs is filled in.
    pub(crate) fn variables(&self, entity: &str, project: &str) -> Variables {
        Variables {
            entity: entity.to_owned(),
            project: project.to_owned(),
            cursor: None,
            per_page: 1,
            order: None,
            filters: None,
            with_files: false,
            file_limit: 1,
            file_names: Some(self.names.iter().cloned().map(Some).collect()),
            pattern: self.pattern.clone(),
        }
    }

    /// Fewer than `most` at a time where fewer are enough.
    fn at_a_time(most: u32, enough: Option<usize>) -> u32 {
        enough.map_or(most, |enough| {
            most.min(u32::try_from(enough).unwrap_or(most)).max(1)
        })
    }
}

/// Files of a run, as they came with one page.
pub(crate) struct Batch {
    pub(crate) run: Arc<ChosenRun>,
    pub(crate) files: Vec<File>,
}

/// A run on its way to whoever reads.
pub(crate) struct Listing {
    pub(crate) first: Option<Batch>,
    pub(crate) rest: Option<Receiver<Batch>>,
}

/// What a task sends. Dropping it ends the task.
pub(crate) struct Receiver<T> {
    items: mpsc::Receiver<Result<T, FilesError>>,
    task: JoinHandle<()>,
}

impl<T> Receiver<T> {
    fn new<F>(ahead: usize, work: impl FnOnce(mpsc::Sender<Result<T, FilesError>>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, items) = mpsc::channel(ahead);
        Self {
            items,
            task: tokio::spawn(work(sender)),
        }
    }

    /// The next item; `None` once the task is through, and not to be asked again then.
    pub(crate) async fn next(&mut self) -> Option<Result<T, FilesError>> {
        if let Some(item) = self.items.recv().await {
            return Some(item);
        }
        // A task that panicked did not list all, and must not look as if it had.
        if let Err(stopped) = (&mut self.task).await
            && let Ok(panic) = stopped.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
        None
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Begins to list.
pub(crate) fn start(runs: Runs, common: Arc<Common>) -> Receiver<Listing> {
    Receiver::new(AHEAD, |listings| async move {
        let lister = Lister {
            common,
            listings,
            kept: 0,
        };
        match runs {
            Runs::OfProject { filters, order } => lister.project(&filters, order).await,
            Runs::Named(runs) => lister.named(runs).await,
        }
    })
}

struct Lister {
    common: Arc<Common>,
    listings: mpsc::Sender<Result<Listing, FilesError>>,
    kept: usize,
}

impl Lister {
    async fn named(self, runs: Vec<RunPath>) {
        let common = &self.common;
        let per_page = match common.sieve.is_open() && common.names.is_empty() {
            true => Common::at_a_time(common.per_page, common.limit),
            false => common.per_page,
        };
        let most = common.max_runs.unwrap_or(usize::MAX);
        for (place, path) in runs.into_iter().take(most).enumerate() {
            // Room first: no more runs are asked at a time than may wait.
            let Ok(room) = self.listings.reserve().await else {
                return;
            };
            let mut files = common.files.clone().of_run(path.clone()).per_page(per_page);
            if let Some(cursor) = common.start_after.clone().filter(|_| place == 0) {
                files = files.start_after(cursor);
            }
            let run = OneRun {
                run: Arc::new(ChosenRun::new(path, None)),
                files,
                listed: HashSet::new(),
                kept: 0,
                wanted: Some(Wanted::new(&common.names)),
            };
            room.send(Ok(Listing {
                first: None,
                rest: Some(self.ask(run)),
            }));
        }
    }

    async fn project(mut self, filters: &Filter, order: String) {
        let common = Arc::clone(&self.common);
        let project = common.files.run().clone();
        let with_files = Arc::new(AtomicBool::new(true));
        let all_files = common.sieve.is_open() && common.names.is_empty() && common.pattern.is_none();
        let runs = Common::at_a_time(RUNS, common.max_runs);
        let runs = Common::at_a_time(runs, common.limit.filter(|_| all_files));
        let variables = Variables {
            filters: Some(filters.into()),
            order: Some(order),
            file_limit: Common::at_a_time(FILES.min(common.per_page), common.limit.filter(|_| all_files))
                .into(),
            ..common.variables(project.entity(), project.project())
        };
        let collection = ProjectRuns {
            files: common.files.clone(),
            with_files: Arc::clone(&with_files),
        };
        let transport: Arc<dyn Transport> = Arc::new(common.context.server().clone());
        let mut pages = Paginator::new(transport, collection, variables)
            .per_page(runs)
            .into_pages();
        let mut left = common.max_runs.unwrap_or(usize::MAX);
        while left > 0 && !common.is_enough(self.kept) {
            let slot = common.slots.take().await;
            let page = pages.next().await;
            drop(slot);
            match page {
                None => return,
                Some(Ok(page)) => {
                    with_files.store(true, Ordering::Relaxed);
                    for run in page.items {
                        if left == 0 || common.is_enough(self.kept) || !self.run(run).await {
                            return;
                        }
                        left -= 1;
                    }
                }
                // It may be the files of one run: then that run fails when it is asked by itself, and no other does.
                Some(Err(error)) if may_be_the_files(&error) && with_files.swap(false, Ordering::Relaxed) => {
                    tracing::warn!("{error}; these runs are asked for their files one by one");
                }
                Some(Err(source)) => {
                    common.wanted.broke_off();
                    let (entity, project) = (project.entity().to_owned(), project.project().to_owned());
                    let error = FilesError::Runs {
                        entity,
                        project,
                        source,
                    };
                    let _ = self.listings.send(Err(error)).await;
                    return;
                }
            }
        }
    }

    /// Hands on a run of a project; false where nobody wants any.
    async fn run(&mut self, listed: ListedRun) -> bool {
        let Ok(room) = self.listings.reserve().await else {
            return false;
        };
        let common = &self.common;
        let run = Arc::new(listed.run);
        let mut rest = OneRun {
            files: common.files.clone().of_run(run.path().clone()),
            run: Arc::clone(&run),
            listed: HashSet::new(),
            kept: 0,
            wanted: None,
        };
        let Some(Page {
            items,
            has_next,
            end_cursor,
            ..
        }) = listed.files
        else {
            let rest = Some(self.ask(rest));
            room.send(Ok(Listing { first: None, rest }));
            return true;
        };
        if has_next {
            let ids = items.iter().filter_map(|file| file.id().map(str::to_owned));
            rest.listed = ids.collect();
        }
        let files = common.kept(items, &common.wanted);
        self.kept += files.len();
        rest.kept = self.kept;
        let goes_on = end_cursor.filter(|_| has_next && !common.is_enough(rest.kept));
        let rest = goes_on.map(|cursor| {
            rest.files = rest.files.clone().start_after(cursor);
            self.ask(rest)
        });
        let first = Some(Batch { run, files });
        room.send(Ok(Listing { first, rest }));
        true
    }

    /// Asks a run by itself.
    fn ask(&self, run: OneRun) -> Receiver<Batch> {
        let common = Arc::clone(&self.common);
        Receiver::new(1, |batches| run.list(common, batches))
    }
}

/// Whether the files may be what the server fails at: with less to answer, it might answer.
fn may_be_the_files(error: &PaginatorError) -> bool {
    let PaginatorErrorKind::Transport(error) = error.kind() else {
        return false;
    };
    let is_files = |error: &GraphQlError| {
        error.path.is_empty() || error.path.contains(&PathSegment::Field("files".to_owned()))
    };
    match error.kind() {
        TransportErrorKind::GraphQl(errors) => errors.is_empty() || errors.iter().any(is_files),
        _ => error.is_too_heavy(),
    }
}
