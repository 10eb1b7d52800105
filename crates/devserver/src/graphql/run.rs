use super::artifact::{Artifact, InputArtifactConnection, logged, used};
use super::connection::Paging;
use super::edges::Counted;
use super::file::{FileConnection, Wanted, global_id, state};
use super::project::Project;
use super::scalars::{DateTime, Int64, JsonString};
use super::sweep::Sweep;
use super::user::User;
use super::visible;
use crate::history::History;
use crate::store::{Log, ProjectRow, RunRow};
use async_graphql::{Context, ID, Json, Object, Result, SimpleObject};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

pub(crate) struct Run {
    project: Arc<ProjectRow>,
    row: RunRow,
}

impl Run {
    pub(crate) fn new(project: &Arc<ProjectRow>, row: RunRow) -> Self {
        Self {
            project: Arc::clone(project),
            row,
        }
    }

    async fn logged(&self, context: &Context<'_>, log: Log) -> Result<History> {
        Ok(History::new(state(context)?.store.lines(self.row.id, log).await?))
    }

    async fn line_count(&self, context: &Context<'_>, log: Log) -> Result<Option<i32>> {
        Ok(Some(state(context)?.store.line_count(self.row.id, log).await?))
    }

    async fn tail(&self, context: &Context<'_>, log: Log) -> Result<Option<JsonString>> {
        let last = state(context)?.store.last_line(self.row.id, log).await?;
        Ok(Some(JsonString(serde_json::to_string(&Vec::from_iter(last))?)))
    }
}

/// A history in two parts: what is in files, and what came since.
#[derive(SimpleObject)]
pub(crate) struct ParquetHistory {
    parquet_urls: Vec<String>,
    live_data: Vec<Json<Value>>,
}

#[Object]
impl Run {
    async fn id(&self) -> ID {
        global_id(&format!(
            "Run:v1:{}:{}:{}",
            self.row.name, self.project.name, self.project.entity
        ))
    }

    #[graphql(visible = "visible::run_project_id")]
    async fn project_id(&self) -> ID {
        ID(self.row.project_id.to_string())
    }

    async fn name(&self) -> &str {
        &self.row.name
    }

    async fn display_name(&self) -> Option<&str> {
        self.row.display_name.as_deref()
    }

    async fn project(&self) -> Option<Project> {
        Some(Project::new(Arc::clone(&self.project)))
    }

    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        Ok(Some(match &self.row.username {
            Some(name) => User::named(name),
            None => User::new(state(context)?),
        }))
    }

    async fn state(&self) -> Option<&str> {
        Some(&self.row.state)
    }

    async fn config(&self) -> Option<JsonString> {
        Some(JsonString(self.row.config.clone()))
    }

    /// What the client itself keeps in the config, below `_wandb`: by it one knows a run that was begun.
    async fn wandb_config(&self, keys: Option<Vec<String>>) -> Option<JsonString> {
        let config: Value = serde_json::from_str(&self.row.config).ok()?;
        let mut own = config.pointer("/_wandb/value")?.as_object()?.clone();
        own.retain(|key, _| keys.as_ref().is_none_or(|keys| keys.contains(key)));
        Some(JsonString(Value::Object(own).to_string()))
    }

    async fn summary_metrics(&self) -> Option<JsonString> {
        Some(JsonString(self.row.summary.clone()))
    }

    async fn system_metrics(&self) -> Option<JsonString> {
        Some(JsonString("{}".to_owned()))
    }

    async fn history_line_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        self.line_count(context, Log::History).await
    }

    async fn events_line_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        self.line_count(context, Log::Events).await
    }

    async fn log_line_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        self.line_count(context, Log::Console).await
    }

    /// The last lines, as a JSON array of texts.
    async fn history_tail(&self, context: &Context<'_>) -> Result<Option<JsonString>> {
        self.tail(context, Log::History).await
    }

    /// The last lines, as a JSON array of texts.
    async fn events_tail(&self, context: &Context<'_>) -> Result<Option<JsonString>> {
        self.tail(context, Log::Events).await
    }

    async fn history_keys(&self, context: &Context<'_>) -> Result<Option<Json<Value>>> {
        Ok(self.logged(context, Log::History).await?.keys().map(Json))
    }

    async fn history(
        &self,
        context: &Context<'_>,
        samples: Option<i32>,
        min_step: Option<Int64>,
        max_step: Option<Int64>,
    ) -> Result<Vec<String>> {
        let history = self.logged(context, Log::History).await?;
        let [min, max] = [min_step, max_step].map(|step| step.map(Int64::number));
        Ok(history.lines(
            min,
            max,
            samples.and_then(|samples| usize::try_from(samples).ok()),
        ))
    }

    async fn events(&self, context: &Context<'_>, samples: Option<i32>) -> Result<Vec<String>> {
        let events = self.logged(context, Log::Events).await?;
        Ok(events.lines(
            None,
            None,
            samples.and_then(|samples| usize::try_from(samples).ok()),
        ))
    }

    /// A list of rows for each of the specifications, which name keys and a number of samples.
    async fn sampled_history(
        &self,
        context: &Context<'_>,
        specs: Vec<JsonString>,
    ) -> Result<Vec<Json<Vec<Value>>>> {
        #[derive(Deserialize)]
        struct Spec {
            keys: Vec<String>,
            samples: Option<usize>,
        }
        let history = self.logged(context, Log::History).await?;
        let rows = specs.into_iter().map(|JsonString(text)| {
            let spec: Spec = serde_json::from_str(&text)?;
            Ok(Json(history.with_keys(&spec.keys, spec.samples)))
        });
        rows.collect()
    }

    /// Everything is live here: nothing is moved to Parquet files.
    async fn parquet_history(&self, context: &Context<'_>, live_keys: Vec<String>) -> Result<ParquetHistory> {
        let history = self.logged(context, Log::History).await?;
        Ok(ParquetHistory {
            parquet_urls: Vec::new(),
            live_data: history
                .with_keys(&live_keys, None)
                .into_iter()
                .map(Json)
                .collect(),
        })
    }

    async fn tags(&self) -> Option<Vec<String>> {
        serde_json::from_str(&self.row.tags).ok()
    }

    async fn notes(&self) -> Option<&str> {
        self.row.notes.as_deref()
    }

    async fn description(&self) -> Option<&str> {
        self.row.description.as_deref()
    }

    async fn group(&self) -> Option<&str> {
        self.row.run_group.as_deref()
    }

    async fn job_type(&self) -> Option<&str> {
        self.row.job_type.as_deref()
    }

    async fn sweep_name(&self) -> Option<&str> {
        self.row.sweep.as_deref()
    }

    async fn sweep(&self, context: &Context<'_>) -> Result<Option<Sweep>> {
        match &self.row.sweep {
            Some(name) => Sweep::find(state(context)?, &self.project, name).await,
            None => Ok(None),
        }
    }

    async fn commit(&self) -> Option<&str> {
        None
    }

    /// Whether somebody asked it to stop.
    async fn stopped(&self) -> Option<bool> {
        Some(false)
    }

    async fn read_only(&self) -> Option<bool> {
        Some(false)
    }

    async fn created_at(&self, context: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(state(context)?.time(self.row.created_at)))
    }

    async fn updated_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let state = state(context)?;
        Ok(self.row.updated_at.map(|seconds| DateTime(state.time(seconds))))
    }

    async fn heartbeat_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let state = state(context)?;
        Ok(self.row.heartbeat_at.map(|seconds| DateTime(state.time(seconds))))
    }

    async fn output_artifacts(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<Counted<Artifact>>> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        logged(state, self.row.id, paging).await.map(Some)
    }

    async fn input_artifacts(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<InputArtifactConnection>> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        used(state, self.row.id, paging).await.map(Some)
    }

    /// Counts the whole run, whatever files are asked for beside it.
    #[graphql(visible = "visible::file_count")]
    async fn file_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        let count = state(context)?.store.file_count(self.row.id).await?;
        Ok(i32::try_from(count).ok())
    }

    async fn files(
        &self,
        context: &Context<'_>,
        names: Option<Vec<Option<String>>>,
        #[graphql(visible = "visible::pattern")] pattern: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<FileConnection>> {
        let state = state(context)?;
        // Who names files and no number wants all of them: older clients get their upload addresses so.
        let named = names.as_deref().map(<[_]>::len).filter(|&count| count > 0);
        let first = first.or_else(|| named.and_then(|count| i32::try_from(count).ok()));
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        Wanted::new(names, pattern)
            .page(state, &self.project, &self.row, paging)
            .await
            .map(Some)
    }
}
