//! What is to be done: the listing, compared with the ledger.

mod batches;
mod run;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde::Serialize;
use wandb_client::{FilesError, FilesOfRuns, Filter, Found, RunPath};

use crate::source::Kind;
use crate::{Mirror, MirrorError, Source};
use run::RunListing;

/// What a process that died was writing to a folder goes after this time.
const LEFT_OVER: Duration = Duration::from_secs(24 * 3600);

/// What may be done besides queueing what is new.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct PlanOptions {
    /// Deletes at the destination what the server has no more. Needs a [`Source`] of whole runs, and is not done where a
    /// listing broke off.
    pub delete: bool,
    /// Changes nothing, neither at the destination nor in the ledger.
    pub dry_run: bool,
}

impl PlanOptions {
    /// Sets [`delete`](Self::delete).
    #[must_use]
    pub fn delete(mut self, on: bool) -> Self {
        self.delete = on;
        self
    }

    /// Sets [`dry_run`](Self::dry_run).
    #[must_use]
    pub fn dry_run(mut self, on: bool) -> Self {
        self.dry_run = on;
        self
    }
}

/// What a plan finds, as it finds it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Change {
    /// A file that is to be moved for the first time.
    New {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// Its bytes.
        bytes: u64,
    },
    /// A file that is to be moved since it changed, or since it could not be moved before.
    Again {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// Its bytes.
        bytes: u64,
    },
    /// A file that an earlier call queued, and that is not moved yet.
    Queued {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// Its bytes.
        bytes: u64,
    },
    /// A file that the server has no more. The destination still has it, if it was moved before.
    Gone {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
    },
    /// A file that was deleted at the destination, or would be.
    Deleted {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
    },
    /// A file that no ledger or destination can hold.
    Unusable {
        /// `ENTITY/PROJECT/RUN/NAME`.
        file: String,
        /// Why.
        why: &'static str,
    },
    /// A listing that broke off, or that lacks what was asked for: what it does not show counts as being there still.
    Incomplete(FilesError),
}

/// What a plan found, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Planned {
    /// Runs that have files.
    pub runs: u64,
    /// Files that were listed.
    pub files: u64,
    /// Files that are to be moved for the first time.
    pub new: u64,
    /// Files that are to be moved again: changed, or not moved before.
    pub again: u64,
    /// Bytes of what is to be moved.
    pub bytes: u64,
    /// Files that the destination has as they are.
    pub unchanged: u64,
    /// Files that were queued by an earlier call, and are not moved yet.
    pub queued_before: u64,
    /// Files that the server has no more, and the destination still has.
    pub gone: u64,
    /// Files that were deleted at the destination, or would be.
    pub deleted: u64,
    /// Files that no ledger or destination can hold, and listings that broke off.
    pub problems: u64,
    /// Runs that are still going on: they may have more files later.
    pub going_on: Vec<String>,
}

impl Mirror {
    /// Lists `source`, compares it with the ledger, and queues what is new or changed. What is the same costs no request and
    /// no change of the ledger. `tell` hears of every file that is not as it was.
    ///
    /// # Errors
    /// [`MirrorError`]: the ledger or the destination cannot be used, or nothing can be listed. What was queued stays queued.
    pub async fn plan(
        &self,
        source: Source,
        options: PlanOptions,
        tell: impl FnMut(Change),
    ) -> Result<Planned, MirrorError> {
        let mut plan = Plan {
            mirror: self,
            options,
            whole: source.whole,
            planned: Planned::default(),
            tell,
        };
        if !options.dry_run {
            self.ledger.tidy(&self.queue).await?;
        }
        match source.kind {
            Kind::Runs(files, runs) => plan.of_runs(files, &runs).await?,
            Kind::Project(files, project) => plan.of_project(files, &project).await?,
            Kind::Entity(entity, choose) => {
                let mut projects = self
                    .api
                    .projects(Some(&entity))
                    .await?
                    .paginate(self.transport())
                    .into_stream();
                while let Some(project) = projects.next().await {
                    let project = project.map_err(|source| MirrorError::Projects {
                        entity: entity.clone(),
                        source,
                    })?;
                    let [entity, name] = project.path().map(str::to_owned);
                    let files = self.api.files_of_project(&format!("{entity}/{name}/")).await?;
                    plan.of_project(choose(files), &[entity, name]).await?;
                }
            }
        }
        let planned = plan.planned;
        if !options.dry_run {
            // Room on the disk is all that this is about.
            if let Err(error) = self.destination.clear_leftovers(LEFT_OVER).await {
                tracing::warn!("{error}");
            }
        }
        Ok(planned)
    }

    fn transport(&self) -> std::sync::Arc<dyn wandb_client::Transport> {
        std::sync::Arc::clone(self.api.transport())
    }
}

/// A plan being made.
struct Plan<'a, T> {
    mirror: &'a Mirror,
    options: PlanOptions,
    whole: bool,
    planned: Planned,
    tell: T,
}

/// What a listing came across.
#[derive(Default)]
struct Seen {
    /// Numbers of the runs in the ledger.
    runs: HashSet<i64>,
    /// Runs whose listing broke off.
    incomplete: HashSet<RunPath>,
    /// Not all runs are known.
    is_cut: bool,
}

impl<T: FnMut(Change)> Plan<'_, T> {
    async fn of_project(&mut self, files: FilesOfRuns, project: &[String; 2]) -> Result<(), MirrorError> {
        let [entity, name] = project;
        let seen = self.list(files).await?;
        if self.whole && !seen.is_cut {
            let ledger = &self.mirror.ledger;
            for (number, run) in ledger.runs_of(self.mirror.id.0, entity, name).await? {
                let path = RunPath::new(entity, name, run);
                if !seen.runs.contains(&number) && !seen.incomplete.contains(&path) {
                    self.without(number, &path, &HashSet::new()).await?;
                }
            }
        }
        self.note_going_on(entity, name, Filter::all()).await;
        Ok(())
    }

    async fn of_runs(&mut self, files: FilesOfRuns, runs: &[RunPath]) -> Result<(), MirrorError> {
        let seen = self.list(files).await?;
        if self.whole && !seen.is_cut {
            for path in runs {
                let number = self.mirror.ledger.known_run(self.mirror.id.0, path).await?;
                if let Some(number) = number.filter(|number| !seen.runs.contains(number))
                    && !seen.incomplete.contains(path)
                {
                    self.without(number, path, &HashSet::new()).await?;
                }
            }
        }
        let projects: BTreeSet<_> = runs.iter().map(|run| (run.entity(), run.project())).collect();
        for (entity, project) in projects {
            let names: Vec<&str> = runs
                .iter()
                .filter(|run| (run.entity(), run.project()) == (entity, project))
                .map(RunPath::run)
                .collect();
            self.note_going_on(entity, project, Filter::field("name").one_of(names))
                .await;
        }
        Ok(())
    }

    /// Goes through a listing, run by run.
    async fn list(&mut self, files: FilesOfRuns) -> Result<Seen, MirrorError> {
        let mut seen = Seen::default();
        let mut current: Option<RunListing> = None;
        let mut found = files.list()?;
        while let Some(next) = found.next().await {
            match next {
                Ok(Found { run, file, .. }) => {
                    if current.as_ref().is_none_or(|current| current.path != *run.path()) {
                        self.end_run(current.take(), &mut seen).await?;
                        current = Some(RunListing::new(run.path().clone()));
                    }
                    if let Some(run) = &mut current {
                        self.add(run, file).await?;
                    }
                }
                Err(error) => {
                    self.planned.problems += 1;
                    match &error {
                        FilesError::Listing { run, .. } | FilesError::NoRun { run } => {
                            seen.incomplete.insert(run.clone());
                        }
                        _ => seen.is_cut = true,
                    }
                    (self.tell)(Change::Incomplete(error));
                }
            }
        }
        self.end_run(current, &mut seen).await?;
        Ok(seen)
    }

    /// Which runs may have more files later. Only told, so that it may fail.
    async fn note_going_on(&mut self, entity: &str, project: &str, of: Filter) {
        let going_on = Filter::field("state").one_of(vec!["running", "pending", "preempting"]);
        let Ok(runs) = self.mirror.api.runs(&format!("{entity}/{project}")).await else {
            return;
        };
        let mut runs = runs
            .filters(of.and(going_on))
            .paginate(self.mirror.transport())
            .into_stream();
        while let Some(Ok(run)) = runs.next().await {
            self.planned
                .going_on
                .push(format!("{entity}/{project}/{}", run.id()));
        }
    }
}
