//! One sweep of a listing.

use std::fmt;
use std::sync::Arc;

use url::Url;
use wandb_paginator::{ConvertError, Cursor};
use wandb_queries::get_sweeps::GetSweepsProjectSweepsEdgesNode as Node;
use wandb_queries::scalars::DateTime;

use crate::Sweeps;

/// A sweep as a listing tells of it: data only. Its runs are those of `wandb_runs::Filter::sweep(sweep.id())`.
///
/// The names are those of the SDK's `Sweep` (`apis/public/sweeps.py`), where [`id`](Self::id) is the server's `name`. What
/// an older server does not know is `None`. `Display` is the SDK's `repr`.
#[derive(Debug, Clone)]
pub struct SweepInfo {
    entity: Arc<str>,
    project: Arc<str>,
    id: String,
    node: Node,
    cursor: Option<Cursor>,
}

impl SweepInfo {
    pub(crate) fn from_node(
        mut node: Node,
        cursor: Option<Cursor>,
        sweeps: &Sweeps,
    ) -> Result<Self, ConvertError> {
        let id = node.name.take();
        Ok(Self {
            entity: Arc::clone(&sweeps.entity),
            project: Arc::clone(&sweeps.project),
            id: id.ok_or_else(|| ConvertError::malformed("a sweep of the answer has no name"))?,
            node,
            cursor,
        })
    }

    /// What the sweep is known by in paths and addresses, unique in its project.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that people see: the one that was given to it on its page, else that of its config, else its id.
    ///
    /// Of a config in YAML this reads a name that stands on one line, `name: my sweep`, in quotes or without.
    #[must_use]
    pub fn name(&self) -> String {
        let given = self.node.display_name.as_deref().filter(|name| !name.is_empty());
        let named = given.map(ToOwned::to_owned).or_else(|| name_of(self.config()?));
        named.unwrap_or_else(|| self.id.clone())
    }

    /// The server's id of the sweep, opaque.
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

    /// Entity, project and id.
    #[must_use]
    pub fn path(&self) -> [&str; 3] {
        [&self.entity, &self.project, &self.id]
    }

    /// The sweep's page below `app`, the address of the server's web pages.
    #[must_use]
    pub fn url(&self, app: &Url) -> Url {
        let mut url = app.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts
                .pop_if_empty()
                .extend([&*self.entity, &*self.project, "sweeps", &*self.id]);
        }
        url
    }

    /// How it chooses: `random`, `grid`, `bayes`.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.node.method.as_deref()
    }

    /// `RUNNING`, `FINISHED`, `PAUSED`, `CANCELED` and so on.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.node.state.as_deref()
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.node.description.as_deref()
    }

    /// Its configuration, in YAML.
    #[must_use]
    pub fn config(&self) -> Option<&str> {
        self.node.config.as_deref()
    }

    /// The best value of its metric so far.
    #[must_use]
    pub fn best_loss(&self) -> Option<f64> {
        self.node.best_loss
    }

    /// How many runs it has.
    #[must_use]
    pub fn run_count(&self) -> Option<i64> {
        self.node.run_count
    }

    /// How many runs it will have in the end, which only a grid search knows.
    #[must_use]
    pub fn expected_run_count(&self) -> Option<i64> {
        self.node.run_count_expected
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> Option<&DateTime> {
        self.node.created_at.as_ref()
    }

    /// When it was changed last.
    #[must_use]
    pub fn updated_at(&self) -> Option<&DateTime> {
        self.node.updated_at.as_ref()
    }

    /// The cursor of this sweep in the listing:
    /// [`Paginator::start_after`](wandb_paginator::Paginator::start_after) goes on behind it.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }
}

/// The `name` of a config: JSON, which is YAML, or a top-level line of YAML whose value is plain or in quotes.
fn name_of(config: &str) -> Option<String> {
    if let Ok(config) = serde_json::from_str::<serde_json::Value>(config) {
        return config["name"].as_str().map(ToOwned::to_owned);
    }
    let value = config.lines().find_map(|line| line.strip_prefix("name:"))?;
    let value = value.split(" #").next()?.trim();
    let quoted = ['"', '\''].map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let plain = value
        .starts_with(|c: char| c.is_alphanumeric() || c == '_')
        .then_some(value);
    let [double, single] = quoted;
    double.or(single).or(plain).map(ToOwned::to_owned)
}

impl fmt::Display for SweepInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state().unwrap_or("Unknown State");
        write!(f, "<Sweep {} ({state})>", self.path().join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_name_is_read_where_it_stands_on_one_line() {
        for (config, name) in [
            ("method: grid\nname: my sweep\nparameters: {}\n", Some("my sweep")),
            ("name: \"a # b\"\n", None),
            ("name: 'quoted'  # why\n", Some("quoted")),
            ("name: \"quoted\"\n", Some("quoted")),
            ("name: v1 # the first\n", Some("v1")),
            ("parameters:\n  name: not this\n", None),
            ("name: |\n  block\n", None),
            ("name: &anchor x\n", None),
            ("name:\n", None),
            ("", None),
            (r#"{"name": "of JSON", "method": "grid"}"#, Some("of JSON")),
            (r#"{"method": "grid"}"#, None),
        ] {
            assert_eq!(name_of(config).as_deref(), name, "{config:?}");
        }
    }
}
