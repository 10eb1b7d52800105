//! Which files are mirrored.

use std::fmt;
use std::sync::Arc;

use wandb_client::{FilesOfRuns, RunPath};

/// What chooses among the runs and files of projects.
pub(crate) type Choose = Arc<dyn Fn(FilesOfRuns) -> FilesOfRuns + Send + Sync>;

/// The files that are to be mirrored.
#[derive(Clone)]
pub struct Source {
    pub(crate) kind: Kind,
    /// Whether every file of every run that is named counts, so that what is not listed is gone.
    pub(crate) whole: bool,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Runs(FilesOfRuns, Vec<RunPath>),
    Project(FilesOfRuns, [String; 2]),
    Entity(String, Choose),
}

impl Source {
    /// The files of these runs. `files` are those of just these runs, from
    /// [`Api::files_of_runs`](wandb_client::Api::files_of_runs).
    #[must_use]
    pub fn runs(files: FilesOfRuns, runs: Vec<RunPath>) -> Self {
        Self {
            kind: Kind::Runs(files, runs),
            whole: true,
        }
    }

    /// The files of the runs of a project. `files` are those of just this project, from
    /// [`Api::files_of_project`](wandb_client::Api::files_of_project).
    #[must_use]
    pub fn project(files: FilesOfRuns, entity: &str, project: &str) -> Self {
        Self {
            kind: Kind::Project(files, [entity.to_owned(), project.to_owned()]),
            whole: true,
        }
    }

    /// The files of all runs of all projects of an entity (a user or a team), as far as `choose` leaves them in.
    ///
    /// A project that is not listed any more may be one that the credential no longer sees: what the ledger has of it stays as it
    /// is, also at the destination.
    #[must_use]
    pub fn entity(entity: &str, choose: impl Fn(FilesOfRuns) -> FilesOfRuns + Send + Sync + 'static) -> Self {
        Self {
            kind: Kind::Entity(entity.to_owned(), Arc::new(choose)),
            whole: true,
        }
    }

    /// Says that the files are only some of those: what is not listed may be there still, and counts as such.
    #[must_use]
    pub fn in_part(mut self) -> Self {
        self.whole = false;
        self
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Source");
        match &self.kind {
            Kind::Runs(_, runs) => shown.field("runs", runs),
            Kind::Project(_, project) => shown.field("project", project),
            Kind::Entity(entity, _) => shown.field("entity", entity),
        };
        shown.field("whole", &self.whole).finish_non_exhaustive()
    }
}
