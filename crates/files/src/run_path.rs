//! Which run.

use std::fmt;

/// The path of a run: entity, project and run id, as in the run's web address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunPath {
    entity: String,
    project: String,
    run: String,
}

impl RunPath {
    /// The run with id `run` in `project` of `entity` (a user or a team).
    pub fn new(entity: impl Into<String>, project: impl Into<String>, run: impl Into<String>) -> Self {
        Self {
            entity: entity.into(),
            project: project.into(),
            run: run.into(),
        }
    }

    /// The user or team that owns the project.
    #[must_use]
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The run's id (its `name` on the server), not its display name.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }
}

impl fmt::Display for RunPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.entity, self.project, self.run)
    }
}
