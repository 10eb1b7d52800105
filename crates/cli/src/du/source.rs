//! Where the files come from.

use std::collections::HashSet;

use futures::stream::{self, BoxStream, StreamExt as _};
use wandb_client::{Api, Error, FilesError, FilesOfRuns, Found, Place, RunPath, parse_place};

use crate::du::DuArgs;
use crate::failure::Failure;
use crate::select;

/// Files, and what could not be listed.
pub(super) type Files = BoxStream<'static, Result<Found, FilesError>>;

/// What of the places is meant, in the order in which they are listed.
pub(super) struct Selection {
    projects: Vec<String>,
    runs: Vec<String>,
}

impl Selection {
    /// What the arguments name.
    pub(super) fn new(args: &DuArgs) -> Result<Self, Failure> {
        let (mut projects, mut runs) = (Vec::new(), Vec::new());
        for text in &args.places {
            match parse_place(text).map_err(Error::from)? {
                Place::Project(_) => projects.push(text.clone()),
                Place::Run(_) => match args.choice.of_project() {
                    None => runs.push(text.clone()),
                    Some(option) => {
                        return Err(Failure::Usage(format!(
                            "{option} chooses among the runs of a project, and {text} is a run"
                        )));
                    }
                },
            }
        }
        Ok(Self { projects, runs })
    }

    /// The files of all of it, each once: a run that is named, and that a named project has too, counts as itself.
    pub(super) async fn files(&self, api: &Api, args: &DuArgs) -> Result<Files, Failure> {
        let mut listings = Vec::new();
        let mut named = Vec::new();
        for run in &self.runs {
            named.push(api.run_unchecked(run).await?);
        }
        let itself: HashSet<RunPath> = named.iter().map(|run| run.path().clone()).collect();
        if !named.is_empty() {
            listings.push(listed(api.files_of_runs(named), args)?);
        }
        let mut seen = HashSet::new();
        for text in &self.projects {
            if seen.insert(api.project(text).await?) {
                let files = select::filtered(api.files_of_project(text).await?, &args.choice)?;
                let itself = itself.clone();
                let files = listed(files, args)?.filter(move |found| {
                    let new = found
                        .as_ref()
                        .map_or(true, |found| !itself.contains(found.run.path()));
                    std::future::ready(new)
                });
                listings.push(files.boxed());
            }
        }
        Ok(stream::iter(listings).flatten().boxed())
    }
}

/// The chosen files among them.
fn listed(files: FilesOfRuns, args: &DuArgs) -> Result<Files, Failure> {
    let files = select::choose_files(files.per_page(args.per_page), &args.choice)?;
    let files = match args.choice.runs.max_runs {
        Some(runs) => files.max_runs(runs),
        None => files,
    };
    let files = match &args.pattern {
        Some(pattern) => files.pattern(pattern),
        None => files,
    };
    Ok(files.list()?.boxed())
}
