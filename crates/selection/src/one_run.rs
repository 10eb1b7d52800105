//! The files of one run that is asked by itself.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use wandb_files::{Files, FilesError};
use wandb_queries::runs_with_files::Variables;
use wandb_queries::{Filter, RunsWithFiles};
use wandb_transport::execute;

use crate::ChosenRun;
use crate::lister::{Batch, Common};
use crate::wanted::Wanted;

/// A run, and what of its files is still to be listed.
pub(crate) struct OneRun {
    pub(crate) run: Arc<ChosenRun>,
    /// From where its listing is to go on.
    pub(crate) files: Files,
    /// The ids of the files that are listed: where one was added meanwhile, the next page may begin with them again.
    pub(crate) listed: HashSet<String>,
    /// How many files are known to have been kept before, this run's or another's.
    pub(crate) kept: usize,
    /// The names that this run is to have; `None` where another may have them as well.
    pub(crate) wanted: Option<Wanted>,
}

impl OneRun {
    /// Lists, a page ahead of whoever receives, until all is told or nobody wants more.
    pub(crate) async fn list(self, common: Arc<Common>, batches: mpsc::Sender<Result<Batch, FilesError>>) {
        let Self {
            mut run,
            files,
            listed,
            mut kept,
            wanted,
        } = self;
        let path = run.path().clone();
        let seen = wanted.as_ref().unwrap_or(&common.wanted);
        if common.display_names && run.display_name().is_none() {
            run = Arc::new(common.with_display_name(&run).await);
        }
        let mut pages = match files.paginate() {
            Ok(paginator) => paginator.into_pages(),
            Err(error) => {
                let _ = batches.send(Err(error)).await;
                return;
            }
        };
        loop {
            // Room first: a page that nobody waits for is not asked for.
            let Ok(room) = batches.reserve().await else { return };
            let slot = common.slots.take().await;
            let page = pages.next().await;
            drop(slot);
            match page {
                Some(Ok(mut page)) => {
                    page.items
                        .retain(|file| file.id().is_none_or(|id| !listed.contains(id)));
                    let files = common.kept(page.items, seen);
                    kept += files.len();
                    let run = Arc::clone(&run);
                    room.send(Ok(Batch { run, files }));
                    if common.is_enough(kept) {
                        return;
                    }
                    if !page.has_next {
                        break;
                    }
                }
                None => break,
                Some(Err(source)) => {
                    seen.broke_off();
                    room.send(Err(FilesError::Listing { run: path, source }));
                    return;
                }
            }
        }
        for name in wanted.iter().flat_map(Wanted::missing) {
            let run = path.clone();
            if batches
                .send(Err(FilesError::Missing { run, name }))
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

impl Common {
    /// The run with what people call it, as far as the server says.
    async fn with_display_name(&self, run: &ChosenRun) -> ChosenRun {
        let path = run.path();
        let variables = Variables {
            filters: Some((&Filter::field("name").eq(path.run())).into()),
            ..self.variables(path.entity(), path.project())
        };
        let slot = self.slots.take().await;
        let answer = execute::<RunsWithFiles>(self.context.server(), variables).await;
        drop(slot);
        let display_name = match answer {
            Ok(answer) => answer
                .project
                .and_then(|project| project.runs)
                .and_then(|runs| runs.edges)
                .and_then(|edges| edges.into_iter().find_map(|edge| edge.node))
                .and_then(|node| node.display_name),
            Err(error) => {
                tracing::warn!("{path} goes by its id, since its display name cannot be had: {error}");
                None
            }
        };
        ChosenRun::new(path.clone(), display_name)
    }
}
