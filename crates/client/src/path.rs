//! Runs and projects by name: every form in which people write one.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::base_url;

/// A run as a text names it. The entity may be missing: it is then the default entity of whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartialRunPath {
    /// The user or team, where the text or the settings name one.
    pub entity: Option<String>,
    /// The project.
    pub project: String,
    /// The run's id: the last part of its web address, not its display name.
    pub run: String,
    /// Host and port of a web address, as written.
    pub host: Option<String>,
}

/// Reads the name of a run. Sends nothing.
///
/// | text | is |
/// | --- | --- |
/// | `entity/project/run`, `entity/project/runs/run`, `entity/project/sweeps/run` | as it says |
/// | `entity/project:run` | as it says |
/// | `project/run`, `project/runs/run`, `project:run` | of `default_entity` |
/// | `run`, `/runs/run` | of `default_entity` and `default_project` |
/// | `https://wandb.ai/entity/project/runs/run/files?nw=1#x`, `wandb.ai/…` | as it says, on any host and below any prefix |
///
/// Slashes and blanks round the text, and a query or fragment after it, do not count. Parts of a web address are
/// percent-decoded; the others are taken as they stand.
///
/// ```
/// use wandb_client::parse_run_path;
/// let run = parse_run_path("https://wandb.ai/my-team/my%20project/runs/1abc?nw=nwuser", None, None)?;
/// assert_eq!((run.entity.as_deref(), &*run.project, &*run.run), (Some("my-team"), "my project", "1abc"));
/// # Ok::<(), wandb_client::PathError>(())
/// ```
///
/// # Errors
/// Where a part is missing or empty or can be no name, or where the text says more than a run. The message shows the
/// accepted forms.
///
/// The forms are those of the SDK's `Api._parse_path` (`apis/public/api.py`); the characters that no name holds are those
/// of its `validate_project` (`sdk/wandb_settings.py`). Where the SDK takes an odd text for some other run (`a/b/c/d`,
/// `run` without a project), it is an error here.
pub fn parse_run_path(
    text: &str,
    default_entity: Option<&str>,
    default_project: Option<&str>,
) -> Result<PartialRunPath, PathError> {
    let known = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let parts = match web_address(text.trim(), "runs") {
        Some(Ok(address)) => parts_of_address(&address),
        Some(Err(_)) => Err("it cannot be read as a web address"),
        None => parts_of_path(text),
    }
    .and_then(Parts::checked)
    .map_err(|reason| PathError::new(Wanted::Run, text, reason))?;
    let project = parts
        .project
        .or_else(|| known(default_project))
        .ok_or_else(|| PathError::new(Wanted::Run, text, NO_PROJECT))?;
    Ok(PartialRunPath {
        entity: parts.entity.or_else(|| known(default_entity)),
        project,
        run: parts.run,
        host: parts.host,
    })
}

/// A project as a text names it. The entity may be missing: it is then the default entity of whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartialProjectPath {
    /// The user or team, where the text or the settings name one.
    pub entity: Option<String>,
    /// The project.
    pub project: String,
    /// Host and port of a web address, as written.
    pub host: Option<String>,
}

/// Reads the name of a project. Sends nothing.
///
/// | text | is |
/// | --- | --- |
/// | `entity/project`, `entity/project/`, `entity/project/*` | as it says |
/// | `project`, `project/*` | of `default_entity` |
/// | `https://wandb.ai/entity/project`, with `/workspace`, `/runs`, `/table` and the like behind it | as it says, on any host and below any prefix |
///
/// ```
/// use wandb_client::parse_project_path;
/// let project = parse_project_path("https://wandb.ai/my-team/my%20project/workspace?nw=nwuser", None)?;
/// assert_eq!((project.entity.as_deref(), &*project.project), (Some("my-team"), "my project"));
/// # Ok::<(), wandb_client::PathError>(())
/// ```
///
/// # Errors
/// Where a part is missing or empty or can be no name, or where the text says more than a project.
pub fn parse_project_path(text: &str, default_entity: Option<&str>) -> Result<PartialProjectPath, PathError> {
    let (host, names) = match project_address(text.trim()) {
        Some(address) => (
            base_url::host_of(&address),
            names_in_address(&address).and_then(project_of_address),
        ),
        None => (None, project_of_path(text)),
    };
    let checked = names.and_then(|(entity, project)| {
        let names = [entity.as_deref(), Some(project.as_str())];
        names.into_iter().flatten().try_for_each(checked)?;
        Ok((entity, project))
    });
    let (entity, project) = checked.map_err(|reason| PathError::new(Wanted::Project, text, reason))?;
    let default = default_entity.filter(|entity| !entity.is_empty());
    Ok(PartialProjectPath {
        entity: entity.or_else(|| default.map(str::to_owned)),
        project,
        host,
    })
}

/// Whether a text can only mean a project and not a run: `entity/project/`, `entity/project/*`, `project/*`, or a project's
/// web address. `entity/project` is none of these, since the SDK reads it as `project/run`.
#[must_use]
pub fn names_project(text: &str) -> bool {
    let text = text.trim();
    if let Some(address) = project_address(text) {
        return names_in_address(&address).is_ok_and(|names| project_of_address(names).is_ok());
    }
    let inner = text.trim_start_matches('/');
    let slashes = inner.trim_end_matches('/').matches('/').count();
    (inner.ends_with("/*") && slashes <= 2) || (inner.ends_with('/') && slashes == 1)
}

/// The text as a web address, with its scheme, or without where its end says that it is one.
fn project_address(text: &str) -> Option<Url> {
    if text.contains("://") {
        return Url::parse(text).ok();
    }
    let (host, path) = text.split_once('/')?;
    let path = path.split(['?', '#']).next()?.trim_end_matches('/');
    let is_host = host.contains('.') && !host.starts_with('.') && !host.contains(char::is_whitespace);
    let last = path.rsplit('/').next()?;
    (is_host && path.matches('/').count() == 2 && PAGES.contains(&last))
        .then(|| Url::parse(&format!("https://{text}")).ok())?
}

/// What follows a project in the address of one of its pages.
const PAGES: [&str; 8] = [
    "workspace",
    "runs",
    "table",
    "overview",
    "sweeps",
    "artifacts",
    "reports",
    "reportlist",
];

/// Entity and project.
type Project = (Option<String>, String);

fn project_of_address(mut names: Vec<String>) -> Result<Project, &'static str> {
    if let Some(place) = (2..names.len()).find(|place| PAGES.contains(&names[*place].as_str())) {
        if names[place] == "runs" && names.len() > place + 1 {
            return Err("it is the address of a run");
        }
        names.truncate(place);
    }
    match (names.pop(), names.pop()) {
        (Some(project), Some(entity)) => Ok((Some(entity), project)),
        _ => Err("it is no project's address: that has entity and project"),
    }
}

fn project_of_path(text: &str) -> Result<Project, &'static str> {
    let path = text.trim().trim_matches('/');
    let path = path.strip_suffix("/*").unwrap_or(path).trim_end_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [""] => Err("it is empty"),
        [project] => Ok((None, (*project).to_owned())),
        [entity, project] => Ok((Some((*entity).to_owned()), (*project).to_owned())),
        _ => Err("it has too many parts"),
    }
}

struct Parts {
    host: Option<String>,
    entity: Option<String>,
    project: Option<String>,
    run: String,
}

impl Parts {
    fn new(entity: Option<&str>, project: Option<&str>, run: &str) -> Self {
        Self {
            host: None,
            entity: entity.map(str::to_owned),
            project: project.map(str::to_owned),
            run: run.to_owned(),
        }
    }

    fn checked(self) -> Result<Self, &'static str> {
        let names = [self.entity.as_deref(), self.project.as_deref(), Some(&self.run)];
        names.into_iter().flatten().try_for_each(checked)?;
        Ok(self)
    }
}

pub(crate) const NO_PROJECT: &str = "it names no project, and no default project is set (WANDB_PROJECT)";

pub(crate) fn checked(name: &str) -> Result<(), &'static str> {
    if name.trim().is_empty() {
        return Err("one of its parts is empty");
    }
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '#' | '?' | '%' | ':');
    if matches!(name, "." | "..") || name.contains(odd) {
        return Err("one of its parts cannot be a name");
    }
    Ok(())
}

/// The text as a web address, with or without its scheme. Behind entity and project it has `marker`.
pub(crate) fn web_address(text: &str, marker: &str) -> Option<Result<Url, url::ParseError>> {
    if text.contains("://") {
        return Some(Url::parse(text));
    }
    let (host, path) = text.split_once('/')?;
    let is_host = host.contains('.') && !host.starts_with('.') && !host.contains(char::is_whitespace);
    // `my.team/project/runs/run` is a path: the entity stands first. Before a host's there are two parts.
    let deep = path.split('/').take_while(|part| *part != marker).count() >= 2
        && path.contains(&format!("/{marker}/"));
    (is_host && deep).then(|| Url::parse(&format!("https://{text}")))
}

/// The parts of a web address, decoded.
pub(crate) fn names_in_address(address: &Url) -> Result<Vec<String>, &'static str> {
    if !matches!(address.scheme(), "http" | "https") {
        return Err("its scheme is neither https nor http");
    }
    address
        .path_segments()
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8().map(String::from))
        .collect::<Result<_, _>>()
        .map_err(|_| "its percent-encoding is not that of a UTF-8 text")
}

fn parts_of_address(address: &Url) -> Result<Parts, &'static str> {
    let decoded = names_in_address(address)?;
    let parts = without_sweep(decoded.iter().map(String::as_str).collect());
    let marker = parts
        .iter()
        .skip(2)
        .position(|part| *part == "runs")
        .ok_or("it is no run's address: that has /runs/ after entity and project")?
        + 2;
    let run = parts.get(marker + 1).ok_or("no run follows its /runs/")?;
    Ok(Parts {
        host: base_url::host_of(address),
        ..Parts::new(Some(parts[marker - 2]), Some(parts[marker - 1]), run)
    })
}

fn parts_of_path(text: &str) -> Result<Parts, &'static str> {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_matches(|c: char| c.is_whitespace());
    let from_root = path.starts_with('/');
    let parts: Vec<&str> = path
        .trim_matches(|c: char| c == '/' || c.is_whitespace())
        .split('/')
        .collect();
    if parts == [""] {
        return Err("it is empty");
    }
    let parts = without_sweep(parts);
    match parts.as_slice() {
        // What follows a run in a longer path is a page of the run.
        [entity, project, "runs", run, ..] => Ok(Parts::new(Some(entity), Some(project), run)),
        [entity, project, "sweeps", run] => Ok(Parts::new(Some(entity), Some(project), run)),
        [_, _, "runs" | "sweeps"] => Err("no run follows"),
        [project, "runs", run, ..] => Ok(Parts::new(None, Some(project), run)),
        [project, "sweeps", run] => Ok(Parts::new(None, Some(project), run)),
        ["runs", run] if from_root => Ok(Parts::new(None, None, run)),
        [before @ .., last] => {
            let mut parts = before.to_vec();
            match last.split_once(':') {
                Some((project, run)) => parts.extend([project, run]),
                None => parts.push(last),
            }
            match parts.as_slice() {
                [run] => Ok(Parts::new(None, None, run)),
                [project, run] => Ok(Parts::new(None, Some(project), run)),
                [entity, project, run] => Ok(Parts::new(Some(entity), Some(project), run)),
                _ => Err("it has too many parts"),
            }
        }
        [] => Err("it is empty"),
    }
}

/// `entity/project/sweeps/sweep/runs/run` is the run.
fn without_sweep(mut parts: Vec<&str>) -> Vec<&str> {
    let sweep = parts
        .windows(3)
        .position(|window| window[0] == "sweeps" && window[2] == "runs");
    if let Some(place) = sweep.filter(|place| *place >= 2) {
        parts.drain(place..place + 2);
    }
    parts
}

/// What a text was to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Run,
    Project,
    Artifact,
}

/// A text that names no run, no project, or no artifact: says why, and how one is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    wanted: Wanted,
    text: String,
    reason: &'static str,
}

impl PathError {
    pub(crate) fn new(wanted: Wanted, text: &str, reason: &'static str) -> Self {
        Self {
            wanted,
            text: wandb_http::redact_text(text).into_owned(),
            reason,
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, reason, .. } = self;
        match self.wanted {
            Wanted::Run => write!(
                f,
                "{text:?} names no run: {reason}; write ENTITY/PROJECT/RUN, ENTITY/PROJECT/runs/RUN or the run's web \
                 address; PROJECT/RUN where an entity is set, RUN where a project is too"
            ),
            Wanted::Project => write!(
                f,
                "{text:?} names no project: {reason}; write ENTITY/PROJECT or the project's web address; PROJECT where an \
                 entity is set"
            ),
            Wanted::Artifact => write!(
                f,
                "{text:?} names no artifact: {reason}; write ENTITY/PROJECT/NAME:VERSION, ENTITY/PROJECT/NAME:ALIAS or the \
                 artifact's web address; PROJECT/NAME:ALIAS where an entity is set, NAME:ALIAS where a project is too"
            ),
        }
    }
}

impl std::error::Error for PathError {}
