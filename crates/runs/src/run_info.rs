//! One run of a listing.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;
use wandb_paginator::{ConvertError, Cursor};
use wandb_queries::runs::RunsProjectRunsEdgesNode as Node;
use wandb_queries::scalars::{DateTime, InvalidJson, Json};

use crate::Runs;

/// Keys of a config that the SDK writes for itself.
const INTERNAL: [&str; 2] = ["_wandb", "wandb_version"];

/// A run as a listing tells of it: data only, no way to its files.
///
/// The names are those of the SDK's `Run` (`apis/public/runs.py`), which are not the server's: [`id`](Self::id) is the
/// server's `name`, [`name`](Self::name) its `displayName`. What an older server does not know is `None`. `Display` is the
/// SDK's `repr`.
#[derive(Debug, Clone)]
pub struct RunInfo {
    entity: Arc<str>,
    project: Arc<str>,
    id: String,
    node: Node,
    cursor: Option<Cursor>,
}

impl RunInfo {
    pub(crate) fn from_node(
        mut node: Node,
        cursor: Option<Cursor>,
        runs: &Runs,
    ) -> Result<Self, ConvertError> {
        let id = node.name.take();
        Ok(Self {
            entity: Arc::clone(&runs.entity),
            project: Arc::clone(&runs.project),
            id: id.ok_or_else(|| ConvertError::malformed("a run of the answer has no name"))?,
            node,
            cursor,
        })
    }

    /// What the run is known by in paths and addresses, unique in its project.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that people see, which need not be unique.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.node.display_name.as_deref()
    }

    /// The server's id of the run, opaque.
    #[must_use]
    pub fn storage_id(&self) -> Option<&str> {
        self.node.id.as_deref()
    }

    /// The user or team that owns the project.
    #[must_use]
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// The project's name.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The project's number on the server, which deleting files wants.
    #[must_use]
    pub fn project_id(&self) -> Option<i64> {
        self.node.project_id.as_ref()?.parse().ok()
    }

    /// Entity, project and id.
    #[must_use]
    pub fn path(&self) -> [&str; 3] {
        [&self.entity, &self.project, &self.id]
    }

    /// The run's page below `app`, the address of the server's web pages.
    ///
    /// The SDK writes a space in a name as `+`, which browsers take for a plus; here it is `%20`.
    #[must_use]
    pub fn url(&self, app: &Url) -> Url {
        let mut url = app.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts
                .pop_if_empty()
                .extend([&*self.entity, &*self.project, "runs", &*self.id]);
        }
        url
    }

    /// `running`, `finished`, `crashed`, `failed`, `killed`, `preempting`, `preempted`.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.node.state.as_deref()
    }

    /// The tags, in the server's order.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        self.node.tags.as_deref().unwrap_or_default()
    }

    /// The group that it belongs to.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.node.group.as_deref()
    }

    /// What kind of job it is, such as `train`.
    #[must_use]
    pub fn job_type(&self) -> Option<&str> {
        self.node.job_type.as_deref()
    }

    /// The id of the sweep that it belongs to.
    #[must_use]
    pub fn sweep_name(&self) -> Option<&str> {
        self.node.sweep_name.as_deref()
    }

    /// The commit of the code that it ran.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        self.node.commit.as_deref()
    }

    /// The login of whoever started it; their full name where the server gives no login.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        let user = self.node.user.as_ref()?;
        user.username.as_deref().or(user.name.as_deref())
    }

    /// What it is for: older than [`notes`](Self::notes), and mostly empty.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.node.description.as_deref()
    }

    /// What its owner wrote about it, in Markdown.
    #[must_use]
    pub fn notes(&self) -> Option<&str> {
        self.node.notes.as_deref()
    }

    /// Whether the credential may only read it.
    #[must_use]
    pub fn read_only(&self) -> Option<bool> {
        self.node.read_only
    }

    /// When it was started.
    #[must_use]
    pub fn created_at(&self) -> Option<&DateTime> {
        self.node.created_at.as_ref()
    }

    /// When it was heard of last.
    #[must_use]
    pub fn heartbeat_at(&self) -> Option<&DateTime> {
        self.node.heartbeat_at.as_ref()
    }

    /// The config, without what the SDK keeps in it for itself, and each value out of the `{"value": …}` that the server
    /// keeps it in. `None` where it was not asked for ([`Runs::full`]).
    ///
    /// # Errors
    /// Where it is no JSON object.
    pub fn config(&self) -> Result<Option<Map<String, Value>>, InvalidJson> {
        let config = self.object("config", self.node.config.as_ref())?;
        Ok(config.map(|config| {
            config
                .into_iter()
                .filter(|(key, _)| !INTERNAL.contains(&key.as_str()))
                .map(|(key, mut value)| {
                    let inner = value.get_mut("value").map(Value::take);
                    (key, inner.unwrap_or(value))
                })
                .collect()
        }))
    }

    /// The last value of each metric, by name. `None` where it was not asked for ([`Runs::full`]).
    ///
    /// # Errors
    /// Where it is no JSON object.
    pub fn summary(&self) -> Result<Option<Map<String, Value>>, InvalidJson> {
        self.object("summary", self.node.summary_metrics.as_ref())
    }

    /// The last value of each metric of the machine. `None` where it was not asked for ([`Runs::full`]).
    ///
    /// # Errors
    /// Where it is no JSON object.
    pub fn system_metrics(&self) -> Result<Option<Map<String, Value>>, InvalidJson> {
        self.object("system metrics", self.node.system_metrics.as_ref())
    }

    /// What is known of the metrics' history: `lastStep`, `keys` and so on. `None` where it was not asked for
    /// ([`Runs::full`]), or the run has none.
    ///
    /// # Errors
    /// Where it is no JSON object.
    pub fn history_keys(&self) -> Result<Option<Map<String, Value>>, InvalidJson> {
        self.object("history keys", self.node.history_keys.as_ref())
    }

    /// How many steps its history has. `None` where that was not asked for ([`Runs::full`]).
    #[must_use]
    pub fn history_line_count(&self) -> Option<i64> {
        self.node.history_line_count
    }

    /// The cursor of this run in the listing: [`Paginator::start_after`](wandb_paginator::Paginator::start_after) goes on
    /// behind it.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    fn object(&self, what: &str, json: Option<&Json>) -> Result<Option<Map<String, Value>>, InvalidJson> {
        let path = self.path().join("/");
        json.map(|json| json.object(format_args!("the {what} of run {path}")))
            .transpose()
    }
}

impl fmt::Display for RunInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state().unwrap_or("None");
        write!(f, "<Run {} ({state})>", self.path().join("/"))
    }
}
