//! A run of a selection.

use wandb_files::RunPath;

/// A run whose files are meant: its path, and what people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenRun {
    path: RunPath,
    display_name: Option<String>,
}

impl ChosenRun {
    pub(crate) fn new(path: RunPath, display_name: Option<String>) -> Self {
        Self { path, display_name }
    }

    /// Entity, project and id.
    #[must_use]
    pub fn path(&self) -> &RunPath {
        &self.path
    }

    /// The name that people see, which need not be unique. `None` where the server gives none, and for a run that was
    /// named by its path, unless the [`Template`](crate::Template) needs it: nothing is asked for it alone.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.display_name.as_deref()
    }
}
