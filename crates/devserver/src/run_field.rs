//! The fields of runs that can be filtered and sorted by.

use crate::field::{Field, lookup, splits};
use crate::store::RunBrief;
use serde_json::Value;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RunField {
    Column(Column),
    /// A path within the config.
    Config(String),
    /// A path within the summary.
    Summary(String),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Name,
    DisplayName,
    State,
    Tags,
    Group,
    JobType,
    Username,
    Host,
    Sweep,
    CreatedAt,
    UpdatedAt,
    HeartbeatAt,
    Duration,
}

/// A run as filters and orders look at it. Config and summary are null where neither asks for them.
pub(crate) struct Candidate {
    pub(crate) brief: RunBrief,
    pub(crate) username: String,
    tags: Value,
    config: Value,
    summary: Value,
}

impl Candidate {
    /// `owner` is the name of the user to whom runs belong that name no other.
    pub(crate) fn new(mut brief: RunBrief, owner: &str) -> Self {
        let read =
            |text: Option<String>| serde_json::from_str(&text.unwrap_or_default()).unwrap_or(Value::Null);
        let tags = read(Some(std::mem::take(&mut brief.tags)));
        let config = read(brief.config.take());
        let summary = read(brief.summary.take());
        let username = brief.username.take().unwrap_or_else(|| owner.to_owned());
        Self {
            brief,
            username,
            tags,
            config,
            summary,
        }
    }
}

impl RunField {
    pub(crate) fn is_config(&self) -> bool {
        matches!(self, Self::Config(_))
    }

    pub(crate) fn is_summary(&self) -> bool {
        matches!(self, Self::Summary(_))
    }

    pub(crate) fn is_created_at(&self) -> bool {
        *self == Self::Column(Column::CreatedAt)
    }
}

impl Field for RunField {
    type Item = Candidate;

    fn named(name: &str) -> Option<Self> {
        if let Some((section, path)) = name.split_once('.') {
            return match section {
                "config" => Some(Self::Config(path.to_owned())),
                "summary_metrics" | "summaryMetrics" | "summary" => Some(Self::Summary(path.to_owned())),
                _ => None,
            };
        }
        let column = match name {
            "name" => Column::Name,
            "display_name" | "displayName" => Column::DisplayName,
            "state" => Column::State,
            "tags" => Column::Tags,
            "group" => Column::Group,
            "job_type" | "jobType" => Column::JobType,
            "username" | "user" => Column::Username,
            "host" => Column::Host,
            "sweep" => Column::Sweep,
            "created_at" | "createdAt" => Column::CreatedAt,
            "updated_at" | "updatedAt" => Column::UpdatedAt,
            "heartbeat_at" | "heartbeatAt" => Column::HeartbeatAt,
            "duration" => Column::Duration,
            _ => return None,
        };
        Some(Self::Column(column))
    }

    fn is_time(&self) -> bool {
        matches!(
            self,
            Self::Column(Column::CreatedAt | Column::UpdatedAt | Column::HeartbeatAt)
        )
    }

    fn value(&self, run: &Candidate) -> Option<Value> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let brief = &run.brief;
        let column = match self {
            Self::Config(path) => {
                return config(&run.config, path)
                    .cloned()
                    .filter(|value| !value.is_null());
            }
            Self::Summary(path) => {
                return lookup(&run.summary, path)
                    .cloned()
                    .filter(|value| !value.is_null());
            }
            Self::Column(column) => column,
        };
        match column {
            Column::Name => Some(Value::from(brief.name.as_str())),
            Column::DisplayName => text(&brief.display_name),
            Column::State => Some(Value::from(brief.state.as_str())),
            Column::Tags => Some(run.tags.clone()),
            Column::Group => text(&brief.run_group),
            Column::JobType => text(&brief.job_type),
            Column::Username => Some(Value::from(run.username.as_str())),
            Column::Host => text(&brief.host),
            Column::Sweep => text(&brief.sweep),
            Column::CreatedAt => Some(Value::from(brief.created_at)),
            Column::UpdatedAt => brief.updated_at.map(Value::from),
            Column::HeartbeatAt => brief.heartbeat_at.map(Value::from),
            Column::Duration => brief
                .heartbeat_at
                .map(|last| Value::from(last - brief.created_at)),
        }
    }
}

/// A value of a config, whose entries are objects with the real value under `value`, as the SDK uploads them. A path
/// may name that key or leave it out.
fn config<'a>(config: &'a Value, path: &str) -> Option<&'a Value> {
    let entries = config.as_object()?;
    splits(path).find_map(|(key, rest)| {
        let entry = entries.get(key)?;
        let inner = entry.get("value").and_then(|value| lookup(value, rest));
        inner.or_else(|| lookup(entry, rest))
    })
}
