//! One run.

use std::fmt;
use std::sync::Arc;

use wandb_files::{Context, File, Files, RunPath};
use wandb_queries::run;
use wandb_transport::{Transport, execute};

use crate::error::{Error, ErrorKind};

/// A run: the way to its files. Cheap to clone; asks for nothing by itself.
#[derive(Clone)]
pub struct Run {
    context: Context,
    path: RunPath,
}

impl Run {
    pub(crate) fn new(context: Context, path: RunPath) -> Self {
        Self { context, path }
    }

    /// Which run it is.
    #[must_use]
    pub fn path(&self) -> &RunPath {
        &self.path
    }

    /// Its files: every one, or those that the options of [`Files`] choose. Sends nothing before the first item is asked
    /// for.
    #[must_use]
    pub fn files(&self) -> Files {
        Files::new(self.context.clone(), self.path.clone())
    }

    /// Its file of this name, in one request.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where the run has no such file, or there is no such run; the SDK gives a file of size 0
    /// there, whose download fails. [`ErrorKind::Transport`] where the server cannot be asked.
    pub async fn file(&self, name: &str) -> Result<File, Error> {
        Ok(self.files().one(name).await?)
    }

    /// Asks the server at `base` whether there is such a run.
    pub(crate) async fn check(&self, transport: &Arc<dyn Transport>, base: &str) -> Result<(), Error> {
        let path = &self.path;
        let variables = run::Variables {
            entity: path.entity().to_owned(),
            project: path.project().to_owned(),
            name: path.run().to_owned(),
        };
        let answer = execute::<wandb_queries::Run>(&**transport, variables).await?;
        let help = "check the path, and whose key this is";
        let unseen = match answer.project {
            Some(project) if project.run.is_some() => return Ok(()),
            Some(_) => format!("no run {path} on {base}, or no permission to see it; {help}"),
            None => format!(
                "no project {}/{} on {base}, or no permission to see it, so no run {path}; {help}",
                path.entity(),
                path.project()
            ),
        };
        Err(Error::new(ErrorKind::NotFound, unseen))
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Run").field(&self.path.to_string()).finish()
    }
}
