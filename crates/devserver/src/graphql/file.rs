use super::artifact::Artifact;
use super::connection::{PageInfo, Paging};
use super::scalars::{DateTime, Int64};
use super::visible;
use crate::artifact_home;
use crate::file_path::FilePath;
use crate::signing::hex;
use crate::state::State;
use crate::store::{FileRow, ProjectRow, RunRow, Window};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashSet;
use std::sync::Arc;

pub(crate) fn state<'a>(context: &Context<'a>) -> Result<&'a Arc<State>> {
    context.data()
}

/// A global id, such as `RmlsZToxODMw` for `File:1830`.
pub(crate) fn global_id(text: &str) -> ID {
    ID(STANDARD.encode(text))
}

/// The text of a global id after its kind.
pub(crate) fn local_id(id: &str, kind: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    text.strip_prefix(kind)?.strip_prefix(':').map(ToOwned::to_owned)
}

/// Headers as the API lists them, `Key:Value` each.
pub(crate) fn upload_headers(state: &State) -> Vec<String> {
    let (name, value) = state.upload_header();
    vec![format!("{name}:{value}")]
}

/// A file, or the place where one of this name may be uploaded.
pub(crate) struct File {
    path: FilePath,
    row: Option<FileRow>,
}

impl File {
    pub(crate) fn new(project: &ProjectRow, run: &RunRow, name: String, row: Option<FileRow>) -> Self {
        let path = FilePath {
            entity: project.entity.clone(),
            project: project.name.clone(),
            run: run.name.clone(),
            name,
        };
        Self { path, row }
    }

    pub(crate) fn at(path: FilePath, row: Option<FileRow>) -> Self {
        Self { path, row }
    }

    fn md5_in_hex(&self) -> Option<String> {
        let md5 = self.row.as_ref()?.md5.as_deref()?;
        Some(hex(&STANDARD.decode(md5).ok()?))
    }

    fn reference(&self) -> Option<String> {
        self.row.as_ref().and_then(|row| row.reference.clone())
    }
}

#[Object]
impl File {
    async fn id(&self) -> ID {
        match &self.row {
            Some(row) => global_id(&format!("File:{}", row.id)),
            // Each placeholder has one of its own, so that clients can tell them apart.
            None => global_id(&format!("File:0:{}", self.path.name)),
        }
    }

    async fn name(&self) -> &str {
        &self.path.name
    }

    /// A file of an artifact shows its whole name.
    async fn display_name(&self) -> &str {
        match artifact_home::read(&self.path) {
            Some(_) => &self.path.name,
            None => self.path.name.rsplit('/').next().unwrap_or_default(),
        }
    }

    async fn url(&self, context: &Context<'_>, upload: Option<bool>) -> Result<Option<String>> {
        let state = state(context)?;
        Ok(Some(match self.reference() {
            Some(reference) => reference,
            None if upload == Some(true) => state.upload_url(&self.path),
            None => match (artifact_home::read(&self.path), self.md5_in_hex()) {
                (Some((entity, artifact)), Some(md5)) => state.artifact_url(entity, artifact, &md5),
                _ => state.file_url(&self.path),
            },
        }))
    }

    /// None for a file of an artifact that is there already: it never changes.
    async fn upload_url(&self, context: &Context<'_>) -> Result<Option<String>> {
        let state = state(context)?;
        let is_fixed = artifact_home::is_of_version(&self.path)
            && self.row.as_ref().is_some_and(|row| row.object.is_some());
        Ok((!is_fixed).then(|| state.upload_url(&self.path)))
    }

    /// None: every file goes up in one piece.
    async fn upload_multipart_urls(&self) -> Option<UploadMultipartUrls> {
        None
    }

    async fn upload_headers(&self, context: &Context<'_>) -> Result<Vec<String>> {
        Ok(upload_headers(state(context)?))
    }

    #[graphql(visible = "visible::direct_url")]
    async fn direct_url(&self, context: &Context<'_>) -> Result<String> {
        let state = state(context)?;
        Ok(self
            .reference()
            .unwrap_or_else(|| state.signed_url("GET", &self.path)))
    }

    async fn size_bytes(&self, context: &Context<'_>) -> Result<Int64> {
        let size = self.row.as_ref().map_or(0, |row| row.size);
        Ok(Int64::of(state(context)?, size))
    }

    async fn mimetype(&self) -> Option<&str> {
        self.row.as_ref().and_then(|row| row.mimetype.as_deref())
    }

    async fn updated_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let state = state(context)?;
        let seconds = self.row.as_ref().and_then(|row| row.updated_at);
        Ok(seconds.map(|seconds| DateTime(state.time(seconds))))
    }

    #[graphql(visible = "visible::md5")]
    async fn md5(&self) -> Option<&str> {
        match &self.row {
            Some(row) if row.reference.is_some() => None,
            Some(row) => row.md5.as_deref(),
            None => Some("0"),
        }
    }

    /// The md5 of a file; whatever its store says of a reference.
    async fn digest(&self) -> Option<&str> {
        self.row.as_ref().and_then(|row| row.md5.as_deref())
    }

    async fn storage_path(&self) -> Option<String> {
        let FilePath {
            entity,
            project,
            run,
            name,
        } = &self.path;
        match artifact_home::read(&self.path) {
            Some((_, artifact)) => {
                let md5 = self.md5_in_hex()?;
                Some(format!("wandb_artifacts/{project}/{artifact}/{md5}"))
            }
            None => Some(format!("{entity}/{project}/{run}/{name}")),
        }
    }

    /// The version that the file is one of.
    async fn artifact(&self, context: &Context<'_>) -> Result<Option<Artifact>> {
        match artifact_home::read(&self.path) {
            Some((_, number)) => Ok(state(context)?.store.artifact(number).await?.map(Artifact::new)),
            None => Ok(None),
        }
    }

    #[graphql(visible = "visible::is_reference")]
    async fn is_reference(&self) -> bool {
        self.reference().is_some()
    }

    async fn exists(&self) -> bool {
        self.row.is_some()
    }
}

#[derive(SimpleObject)]
pub(crate) struct FileEdge {
    node: Option<File>,
    cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct FileConnection {
    /// Counts all files, whatever names are asked for. Known for artifacts only.
    total_count: Option<i32>,
    upload_headers: Vec<String>,
    page_info: PageInfo,
    edges: Vec<FileEdge>,
}

#[derive(SimpleObject)]
struct UploadMultipartUrls {
    #[graphql(name = "uploadID")]
    upload_id: String,
    upload_url_parts: Vec<UploadUrlPart>,
}

#[derive(SimpleObject)]
struct UploadUrlPart {
    part_number: i32,
    upload_url: String,
}

impl FileConnection {
    /// All files on one page.
    pub(crate) fn whole(state: &State, files: Vec<File>) -> Self {
        let (items, page_info) = Paging::all().page(files);
        Self {
            total_count: i32::try_from(items.len()).ok(),
            upload_headers: upload_headers(state),
            page_info,
            edges: edges(items),
        }
    }

    pub(crate) fn counted(self, total: i64) -> Self {
        Self {
            total_count: i32::try_from(total).ok(),
            ..self
        }
    }
}

/// Which of a run's files are asked for. Names win over a pattern, as the SDK's documentation has it.
pub(crate) enum Wanted {
    All,
    Like(String),
    Named(Vec<String>),
}

impl Wanted {
    pub(crate) fn new(names: Option<Vec<Option<String>>>, pattern: Option<String>) -> Self {
        let mut seen = HashSet::new();
        let names: Vec<String> = names
            .into_iter()
            .flatten()
            .flatten()
            .filter(|name| seen.insert(name.clone()))
            .collect();
        match pattern.filter(|pattern| !pattern.is_empty()) {
            _ if !names.is_empty() => Self::Named(names),
            Some(pattern) => Self::Like(pattern),
            None => Self::All,
        }
    }

    async fn files(
        &self,
        state: &State,
        project: &ProjectRow,
        run: &RunRow,
        window: Window,
    ) -> Result<Vec<File>> {
        let listed = |row: FileRow| File::new(project, run, row.name.clone(), Some(row));
        Ok(match self {
            Self::All => {
                let rows = state.store.files(run.id, window).await?;
                rows.into_iter().map(listed).collect()
            }
            Self::Like(pattern) => {
                let rows = state.store.files_like(run.id, pattern, window).await?;
                rows.into_iter().map(listed).collect()
            }
            Self::Named(names) => {
                let names = within(names, window)?;
                let mut rows = state.store.files_named(run.id, &names).await?;
                names
                    .into_iter()
                    .map(|name| File::new(project, run, name.to_owned(), rows.remove(name)))
                    .collect()
            }
        })
    }

    /// The late files that a page would show: new ones come at the end of a listing.
    async fn late(&self, state: &State, run_id: i64, window: Window, is_last: bool) -> Result<Vec<String>> {
        let mut late = state.late.names(run_id);
        match self {
            _ if late.is_empty() => {}
            Self::Named(names) => {
                let names = within(names, window)?;
                late.retain(|name| names.contains(&name.as_str()));
            }
            _ if !is_last => late.clear(),
            Self::Like(pattern) => late = state.store.names_like(pattern, &late).await?,
            Self::All => {}
        }
        Ok(late)
    }

    /// The page of them. Names come in the order in which they were asked for.
    pub(crate) async fn page(
        &self,
        state: &State,
        project: &ProjectRow,
        run: &RunRow,
        paging: Paging,
    ) -> Result<FileConnection> {
        let window = paging.window();
        let mut files = self.files(state, project, run, window).await?;
        let is_last = files.len() < usize::try_from(window.take)?;
        let late = self.late(state, run.id, window, is_last).await?;
        if state.let_in(run.id, &late).await? {
            files = self.files(state, project, run, window).await?;
        }
        let (items, page_info) = paging.page(files);
        Ok(FileConnection {
            total_count: None,
            upload_headers: upload_headers(state),
            page_info,
            edges: edges(items),
        })
    }
}

fn edges(items: Vec<(String, File)>) -> Vec<FileEdge> {
    items
        .into_iter()
        .map(|(cursor, node)| FileEdge {
            node: Some(node),
            cursor,
        })
        .collect()
}

fn within(names: &[String], window: Window) -> Result<Vec<&str>> {
    let (skip, take) = (usize::try_from(window.skip)?, usize::try_from(window.take)?);
    Ok(names.iter().skip(skip).take(take).map(String::as_str).collect())
}
