//! What may be a project or a run, by name.

use crate::path::{
    PartialProjectPath, PartialRunPath, PathError, names_project, parse_project_path, parse_run_path,
};

/// A project or a run, as a text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// All of a project.
    Project(PartialProjectPath),
    /// One run.
    Run(PartialRunPath),
}

/// Reads the name of a project or of a run, where either will do: one or two parts (`project`, `entity/project`) are a project,
/// as is a project's web address ([`parse_project_path`]); anything else is a run ([`parse_run_path`]). So a run has to be
/// written with its entity, or as `project/runs/run`, whatever the settings name. Sends nothing.
///
/// ```
/// use wandb_client::{Place, parse_place};
/// assert!(matches!(parse_place("me/mnist")?, Place::Project(_)));
/// assert!(matches!(parse_place("me/mnist/1abc")?, Place::Run(_)));
/// # Ok::<(), wandb_client::PathError>(())
/// ```
///
/// # Errors
/// Where it is neither.
pub fn parse_place(text: &str) -> Result<Place, PathError> {
    let path = text.split(['?', '#']).next().unwrap_or_default().trim();
    let parts = path.split('/').filter(|part| !part.is_empty()).count();
    let is_path = !path.contains("://") && !path.contains(':');
    if names_project(text) || (is_path && parts <= 2) {
        parse_project_path(text, None).map(Place::Project)
    } else {
        parse_run_path(text, None, None).map(Place::Run)
    }
}
