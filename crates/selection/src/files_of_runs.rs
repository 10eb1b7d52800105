//! Which runs, and which of their files.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt as _;
use jiff::Timestamp;
use wandb_files::{Context, FileDownloads, Files, FilesError, Globs, RunPath, Via};
use wandb_paginator::Cursor;
use wandb_queries::Filter;
use wandb_transfer::{BulkOptions, Root, Slots, Transfer};

use crate::lister::{Common, Runs};
use crate::sieve::Sieve;
use crate::wanted::Wanted;
use crate::{FoundFiles, Template};

/// The SDK's order of runs.
const OLDEST_FIRST: &str = "+created_at";

/// The files of many runs: which runs, and which of their files. Asks for nothing until it is listed or downloaded.
///
/// What is said of files holds for each run: see [`Files`], whose options these are. How requests are saved, and what
/// overlaps, stands at the top of the crate.
#[derive(Debug, Clone)]
pub struct FilesOfRuns {
    context: Context,
    runs: Runs,
    files: Files,
    names: Arc<[String]>,
    pattern: Option<String>,
    per_page: u32,
    start_after: Option<Cursor>,
    sieve: Sieve,
    max_runs: Option<usize>,
    limit: Option<usize>,
    template: Option<Template>,
}

impl FilesOfRuns {
    /// All files of all runs of `project` of `entity` (a user or a team), the oldest run first.
    #[must_use]
    pub fn of_project(context: Context, entity: &str, project: &str) -> Self {
        let runs = Runs::OfProject {
            filters: Filter::all(),
            order: OLDEST_FIRST.to_owned(),
        };
        let files = Files::new(context.clone(), RunPath::new(entity, project, ""));
        Self::new(context, runs, files)
    }

    /// All files of these runs, in this order. A run that is named twice counts once.
    #[must_use]
    pub fn of_runs(context: Context, runs: impl IntoIterator<Item = RunPath>) -> Self {
        let mut once = HashSet::new();
        let mut runs: Vec<RunPath> = runs.into_iter().collect();
        runs.retain(|run| once.insert(run.clone()));
        let files = Files::new(context.clone(), RunPath::new("", "", ""));
        Self::new(context, Runs::Named(runs), files)
    }

    fn new(context: Context, runs: Runs, files: Files) -> Self {
        Self {
            context,
            runs,
            files,
            names: Arc::new([]),
            pattern: None,
            per_page: 500,
            start_after: None,
            sieve: Sieve::default(),
            max_runs: None,
            limit: None,
            template: None,
        }
    }

    /// Only runs of the project that pass this filter; what was set before is replaced. Runs that are named are not
    /// filtered.
    #[must_use]
    pub fn filters(mut self, filters: Filter) -> Self {
        if let Runs::OfProject { filters: all, .. } = &mut self.runs {
            *all = filters;
        }
        self
    }

    /// By what the runs of the project are sorted: `created_at`, `heartbeat_at`, `config.….value`, `summary_metrics.…`, with
    /// `+` before it for the smallest first, `-` for the greatest. Empty is `+created_at`, as in the SDK.
    #[must_use]
    pub fn order(mut self, by: &str) -> Self {
        if let Runs::OfProject { order, .. } = &mut self.runs {
            *order = if by.is_empty() { OLDEST_FIRST } else { by }.to_owned();
        }
        self
    }

    /// Asks for so many pages of the files of one run at the same time: see [`Files::pages_at_once`]. They come on top of the
    /// bound on requests in flight.
    #[must_use]
    pub fn pages_at_once(mut self, pages: usize) -> Self {
        self.files = self.files.pages_at_once(pages);
        self
    }

    /// Only so many runs, the first ones.
    #[must_use]
    pub fn max_runs(mut self, runs: usize) -> Self {
        self.max_runs = Some(runs);
        self
    }

    /// Only the files with these names; none given means all. Runs that are named are each to have them; of a project, one
    /// run at least.
    #[must_use]
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let mut once = HashSet::new();
        let mut names: Vec<String> = names.into_iter().map(Into::into).collect();
        names.retain(|name| once.insert(name.clone()));
        self.names = names.into();
        self.files = self.files.names(self.names.iter());
        self
    }

    /// Only the files whose name matches a pattern of MySQL's `LIKE`: as [`Files::pattern`].
    #[must_use]
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// Only the files that this sieve keeps; what was set of it before is replaced.
    #[must_use]
    pub fn sieve(mut self, sieve: Sieve) -> Self {
        self.sieve = sieve;
        self
    }

    /// Only the files that these globs mean. Where there is one inclusive glob, and neither names nor a pattern, the server
    /// sends only what may match it.
    #[must_use]
    pub fn globs(mut self, globs: Globs) -> Self {
        self.sieve.globs = Some(globs);
        self
    }

    /// Only files of at least so many bytes.
    #[must_use]
    pub fn min_size(mut self, bytes: u64) -> Self {
        self.sieve.min_size = Some(bytes);
        self
    }

    /// Only files of at most so many bytes.
    #[must_use]
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.sieve.max_size = Some(bytes);
        self
    }

    /// Only files that were uploaded after this moment; one of which the server does not say when is none.
    #[must_use]
    pub fn newer_than(mut self, moment: Timestamp) -> Self {
        self.sieve.newer_than = Some(moment);
        self
    }

    /// Stops after so many files, and asks for no more pages than they take.
    #[must_use]
    pub fn limit(mut self, files: usize) -> Self {
        self.limit = Some(files);
        self
    }

    /// How many files of a run to ask for at once where it is asked by itself, 500 unless told; no more than so many come
    /// with a page of runs either, which has up to 50 of each.
    #[must_use]
    pub fn per_page(mut self, per_page: u32) -> Self {
        self.per_page = per_page.max(1);
        self
    }

    /// Begins behind this cursor in the listing of the first run that is named. It does nothing to a project.
    #[must_use]
    pub fn start_after(mut self, cursor: Cursor) -> Self {
        self.start_after = Some(cursor);
        self
    }

    /// Which of the two addresses of each file its bytes come from.
    #[must_use]
    pub fn via(mut self, via: Via) -> Self {
        self.files = self.files.via(via);
        self
    }

    /// Changes how the bytes are moved: as [`Files::with_transfer`].
    #[must_use]
    pub fn with_transfer(mut self, change: impl FnOnce(Transfer) -> Transfer) -> Self {
        self.files = self.files.with_transfer(change);
        self
    }

    /// Where the files go. Unless told, those of one run that is named go to their names, all others to a folder for each
    /// run, called by its id.
    #[must_use]
    pub fn template(mut self, template: Template) -> Self {
        self.template = Some(template);
        self
    }

    /// The files, with at most [`BulkOptions::DEFAULT_JOBS`] requests in flight. Sends nothing before the stream is polled,
    /// which must be in a tokio runtime.
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set. All else is told by the stream.
    pub fn list(self) -> Result<FoundFiles, FilesError> {
        let names_folders = self.template.as_ref().is_some_and(Template::needs_display_name);
        self.list_within(Slots::new(BulkOptions::DEFAULT_JOBS), names_folders)
    }

    /// Downloads the files below `root` while they are listed, and tells what becomes of each: as
    /// [`Files::download_all`], with every name replaced by what the [template](Self::template) makes of it. Of two files
    /// with one path, the later one fails. Listing and downloads share one bound on requests in flight: the
    /// [slots](BulkOptions::within) of the options, or as many as there are jobs.
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set. All else is told as an event.
    pub fn download_all(self, root: &Root, options: BulkOptions) -> Result<FileDownloads, FilesError> {
        let template = self.placing();
        let slots = options.slots();
        let context = self.files.context().clone();
        let found = self.list_within(slots.clone(), template.needs_display_name())?;
        let listing = found.map(move |found| {
            let found = found?;
            let path = template.path_of(&found.run, found.file.name());
            Ok((found.file, path))
        });
        let options = options.within(slots);
        Ok(FileDownloads::of_listing(&context, listing, root, options))
    }

    /// Where the files go: the [template](Self::template) that was set, or the one that is taken without.
    #[must_use]
    pub fn placing(&self) -> Template {
        match (&self.template, &self.runs) {
            (Some(template), _) => template.clone(),
            (None, Runs::Named(runs)) if runs.len() == 1 => Template::name(),
            _ => Template::run_and_name(),
        }
    }

    fn list_within(self, slots: Slots, display_names: bool) -> Result<FoundFiles, FilesError> {
        if !self.names.is_empty() && self.pattern.is_some() {
            return Err(FilesError::NamesAndPattern);
        }
        let narrowed = self.sieve.globs.as_ref().and_then(Globs::like);
        let narrowed = narrowed.filter(|_| self.names.is_empty()).map(str::to_owned);
        let pattern = self.pattern.or(narrowed);
        let mut files = self.files.per_page(self.per_page);
        if let Some(pattern) = &pattern {
            files = files.pattern(pattern);
        }
        let common = Common {
            context: self.context,
            files,
            pattern,
            per_page: self.per_page,
            start_after: self.start_after,
            sieve: self.sieve,
            max_runs: self.max_runs,
            limit: self.limit,
            display_names,
            slots,
            wanted: Wanted::new(&self.names),
            names: self.names,
        };
        Ok(FoundFiles::new(self.runs, common))
    }
}
