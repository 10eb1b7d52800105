//! The collection of a run's files.

use std::collections::HashSet;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt as _;
use wandb_paginator::{Collection, Connection, ConvertError, Cursor, Page, PageRequest, Paginator};
use wandb_queries::RunFiles;
use wandb_queries::run_files::{self, ResponseData, RunFilesProjectRunFilesEdgesNode as Node, Variables};
use wandb_transfer::Transfer;

use crate::like::Like;
use crate::origin::OfRun;
use crate::{Context, File, FilesError, Listed, Origin, RunPath, Via, listing};

/// The files of a run: which of them, and in what pages. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `Files` (`apis/public/files.py`): the options are the SDK's, [`Files::QUERY`] and the two
/// methods of [`Collection`] are its class's, and what the SDK's class iterates with (`next`, index, slice, `len`,
/// `cursor`, `more`) is [`Paginator`].
///
/// # Length
/// [`Paginator::len`] is the server's count of the run's files. With [`names`](Self::names) or
/// [`pattern`](Self::pattern) that count would be of other files, since the server counts the whole run whatever the
/// filter; so it is `None` until every page is loaded, then the number of files in them.
///
/// # Names that do not exist
/// For a name that the run does not have, the server may answer with a placeholder. It is listed, as the SDK lists it, and
/// [`File::is_missing`] tells it from a file.
#[derive(Debug, Clone)]
pub struct Files {
    pub(crate) context: Context,
    pub(crate) run: Arc<RunPath>,
    pub(crate) names: Vec<String>,
    pattern: Option<String>,
    per_page: u32,
    upload: bool,
    start_after: Option<Cursor>,
    pub(crate) prefetch: usize,
    at_once: usize,
}

impl Files {
    /// The text of the operation that a page is asked with; older servers are sent it without what they lack.
    pub const QUERY: &'static str = run_files::QUERY;

    /// Every file of `run`, in pages of 50 as the SDK's.
    #[must_use]
    pub fn new(context: Context, run: RunPath) -> Self {
        Self {
            context,
            run: Arc::new(run),
            names: Vec::new(),
            pattern: None,
            per_page: 50,
            upload: false,
            start_after: None,
            prefetch: 0,
            at_once: 1,
        }
    }

    /// Only the files with these names; none given means all. A name that stands twice counts once.
    #[must_use]
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        let mut once = HashSet::new();
        self.names = names.into_iter().map(Into::into).collect();
        self.names.retain(|name| once.insert(name.clone()));
        self
    }

    /// Only the files whose name matches a pattern of MySQL's `LIKE`: `%` is any text, `_` any character, a backslash
    /// before either takes it literally, and case does not count. Where the server does not filter, all files are listed
    /// and those that do not match left out here.
    #[must_use]
    pub fn pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// How many files to ask for at once. The server may give fewer.
    #[must_use]
    pub fn per_page(mut self, per_page: u32) -> Self {
        self.per_page = per_page;
        self
    }

    /// Whether [`File::url`] is an address to upload to.
    #[must_use]
    pub fn upload(mut self, upload: bool) -> Self {
        self.upload = upload;
        self
    }

    /// Begins behind this cursor: to take up a listing again.
    #[must_use]
    pub fn start_after(mut self, cursor: Cursor) -> Self {
        self.start_after = Some(cursor);
        self
    }

    /// How many pages may be asked for before they are needed.
    #[must_use]
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.prefetch = pages;
        self
    }

    /// Asks for so many pages at the same time, where the server's cursors allow for it: for a long listing of a run that
    /// nobody writes to. [`Paginator::pages_at_once`] says what may go wrong otherwise.
    #[must_use]
    pub fn pages_at_once(mut self, pages: usize) -> Self {
        self.at_once = pages;
        self
    }

    /// Which of the two addresses of each file its bytes come from.
    #[must_use]
    pub fn via(mut self, via: Via) -> Self {
        self.context = self.context.with_via(via);
        self
    }

    /// Changes how the bytes of these files are moved: in parts, with or without verification, forced to the disk.
    ///
    /// ```
    /// # fn example(files: wandb_files::Files) -> wandb_files::Files {
    /// files.with_transfer(|transfer| transfer.with_fsync(true))
    /// # }
    /// ```
    #[must_use]
    pub fn with_transfer(mut self, change: impl FnOnce(Transfer) -> Transfer) -> Self {
        self.context = self.context.with_transfer(change);
        self
    }

    /// The same of another run, from the beginning of its listing.
    #[must_use]
    pub fn of_run(mut self, run: RunPath) -> Self {
        self.run = Arc::new(run);
        self.start_after = None;
        self
    }

    /// The run whose files these are.
    #[must_use]
    pub fn run(&self) -> &RunPath {
        &self.run
    }

    /// The lazy iterator over the files. Sends nothing yet.
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set.
    pub fn paginate(self) -> Result<Paginator<File>, FilesError> {
        if !self.names.is_empty() && self.pattern.is_some() {
            return Err(FilesError::NamesAndPattern);
        }
        let variables = Variables {
            entity: self.run.entity().to_owned(),
            project: self.run.project().to_owned(),
            name: self.run.run().to_owned(),
            file_names: Some(self.names.iter().cloned().map(Some).collect()),
            pattern: self.pattern.clone(),
            upload: Some(self.upload),
            file_cursor: None,
            file_limit: Variables::default_fileLimit(),
        };
        let transport = Arc::new(self.context.server.clone());
        let (per_page, prefetch, at_once) = (self.per_page, self.prefetch, self.at_once);
        let start_after = self.start_after.clone();
        let paginator = Paginator::new(transport, self, variables)
            .per_page(per_page)
            .prefetch(prefetch)
            .pages_at_once(at_once);
        Ok(match start_after {
            Some(cursor) => paginator.start_after(cursor),
            None => paginator,
        })
    }

    /// The one file of this name, in one request.
    ///
    /// # Errors
    /// [`FilesError::Missing`] where the run has no such file, [`FilesError::Listing`] where the server cannot be asked.
    pub async fn one(self, name: &str) -> Result<File, FilesError> {
        let run = RunPath::clone(&self.run);
        let mut found = Self {
            pattern: None,
            start_after: None,
            ..self
        }
        .names([name])
        .per_page(1)
        .paginate()?;
        match found.next().await {
            Ok(Some(file)) if !file.is_missing() => Ok(file.clone()),
            Ok(_) => Err(FilesError::missing(&run, name)),
            Err(source) => Err(FilesError::Listing { run, source }),
        }
    }

    /// The whole selection, before anything is done with it: a listing from which files are deleted shifts under its own
    /// cursors.
    ///
    /// # Errors
    /// [`FilesError::NamesAndPattern`] where both are set, [`FilesError::Listing`] where the listing cannot be loaded to
    /// its end.
    pub async fn select(self) -> Result<Selection, FilesError> {
        let (run, names) = (RunPath::clone(&self.run), self.names.clone());
        let mut listed = pin!(listing(self.paginate()?, run, &names));
        let mut selection = Selection {
            files: Vec::new(),
            missing: Vec::new(),
        };
        while let Some(listed) = listed.next().await {
            match listed {
                Ok(file) => selection.files.push(file),
                Err(FilesError::Missing { name, .. }) => selection.missing.push(name),
                Err(error) => return Err(error),
            }
        }
        Ok(selection)
    }

    /// What these files are listed and fetched with.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    fn is_filtered(&self) -> bool {
        !self.names.is_empty() || self.pattern.is_some()
    }
}

/// What [`Files::select`] found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Selection {
    /// The files, in the server's order.
    pub files: Vec<File>,
    /// The names that were asked for and that the run does not have, in the order in which they were asked for.
    pub missing: Vec<String>,
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Files {}>", self.run)
    }
}

impl Collection for Files {
    type Query = RunFiles;
    type Item = File;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        variables.file_cursor = page.cursor.map(ToString::to_string);
        variables.file_limit = Some(page.size.into());
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<File>, ConvertError> {
        let project = response.project.ok_or_else(|| {
            let (entity, project) = (self.run.entity(), self.run.project());
            ConvertError::unseen(format_args!("project {entity}/{project}"))
        })?;
        let run = project
            .run
            .ok_or_else(|| ConvertError::unseen(format_args!("run {}", self.run)))?;
        let total = run.file_count.filter(|_| !self.is_filtered());

        let Some(files) = run.files else {
            // A filter that nothing passes is answered so, and servers that count nothing cannot be told from those.
            let mut page = Page::of_null("files", Some(total.unwrap_or(0)))?;
            page.total = page.total.filter(|_| total.is_some());
            return Ok(page);
        };
        let origin: Arc<dyn Origin> = Arc::new(OfRun {
            context: self.context.clone(),
            run: Arc::clone(&self.run),
        });
        let asked_by_name = !self.names.is_empty();
        let edges = files.edges.into_iter().flatten();
        let page_info = files.page_info.map(|info| (info.end_cursor, info.has_next_page));
        let mut page = Connection::new(edges.map(|edge| (edge.node, edge.cursor)), page_info)
            .with_total(total)
            .into_page(|node, cursor| {
                let listed = listed(node, cursor, asked_by_name)?;
                Ok(File::new(&self.context, &origin, listed))
            })?;
        if let Some(pattern) = &self.pattern
            && !self.context.server.known().files_pattern
        {
            // A server without patterns listed everything.
            let like = Like::new(pattern);
            page.items.retain(|file| like.matches(file.name()));
        }
        Ok(page)
    }

    fn identity<'a>(&self, file: &'a File) -> Option<&'a str> {
        if file.is_missing() { None } else { file.id() }
    }

    fn cursor<'a>(&self, file: &'a File) -> Option<&'a Cursor> {
        file.cursor()
    }
}

fn listed(node: Node, cursor: Option<Cursor>, asked_by_name: bool) -> Result<Listed, ConvertError> {
    Ok(Listed {
        id: node.id,
        name: node
            .name
            .ok_or_else(|| ConvertError::malformed("a file of the answer has no name"))?,
        url: node.url,
        direct_url: node.direct_url,
        size: node.size_bytes.and_then(|size| u64::try_from(size.0).ok()),
        mimetype: node.mimetype,
        updated_at: node.updated_at,
        md5: node.md5,
        cursor,
        asked_by_name,
        is_reference: false,
    })
}
