use super::connection::{PageInfo, Paging};
use super::file::{global_id, state};
use super::project::Project;
use super::runs::{RunConnection, Selection};
use super::scalars::DateTime;
use super::user::User;
use crate::state::State;
use crate::store::{ProjectRow, SweepRow};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;

pub(crate) struct Sweep {
    project: Arc<ProjectRow>,
    row: SweepRow,
}

impl Sweep {
    pub(crate) async fn find(state: &State, project: &Arc<ProjectRow>, name: &str) -> Result<Option<Self>> {
        let found = state.store.sweep(project.id, name).await?;
        Ok(found.map(|row| Self {
            project: Arc::clone(project),
            row,
        }))
    }
}

#[Object]
impl Sweep {
    async fn id(&self) -> ID {
        global_id(&format!(
            "Sweep:v1:{}:{}:{}",
            self.row.name, self.project.name, self.project.entity
        ))
    }

    async fn name(&self) -> &str {
        &self.row.name
    }

    async fn display_name(&self) -> Option<&str> {
        self.row.display_name.as_deref()
    }

    async fn method(&self) -> &str {
        &self.row.method
    }

    async fn state(&self) -> &str {
        &self.row.state
    }

    async fn description(&self) -> Option<&str> {
        self.row.description.as_deref()
    }

    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        Ok(Some(User::new(state(context)?)))
    }

    /// In YAML.
    async fn config(&self) -> &str {
        &self.row.config
    }

    async fn created_at(&self, context: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(state(context)?.time(self.row.created_at)))
    }

    async fn updated_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let state = state(context)?;
        Ok(self.row.updated_at.map(|seconds| DateTime(state.time(seconds))))
    }

    async fn heartbeat_at(&self, context: &Context<'_>) -> Result<DateTime> {
        let last = self.row.updated_at.unwrap_or(self.row.created_at);
        Ok(DateTime(state(context)?.time(last)))
    }

    async fn project(&self) -> Option<Project> {
        Some(Project::new(Arc::clone(&self.project)))
    }

    async fn best_loss(&self) -> Option<f64> {
        self.row.best_loss
    }

    async fn run_count(&self) -> i32 {
        self.row.run_count
    }

    async fn run_count_expected(&self) -> Option<i32> {
        self.row.run_count_expected
    }

    async fn runs(
        &self,
        context: &Context<'_>,
        order: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<RunConnection> {
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        Selection::of_sweep(&self.row.name, order.as_deref())?
            .page(state, &self.project, paging)
            .await
    }
}

#[derive(SimpleObject)]
pub(crate) struct SweepEdge {
    node: Sweep,
    cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct SweepConnection {
    page_info: PageInfo,
    edges: Vec<SweepEdge>,
}

impl SweepConnection {
    pub(crate) async fn page(state: &State, project: &Arc<ProjectRow>, paging: Paging) -> Result<Self> {
        let (items, page_info) = paging.page(state.store.sweeps(project.id, paging.window()).await?);
        let edges = items
            .into_iter()
            .map(|(cursor, row)| SweepEdge {
                node: Sweep {
                    project: Arc::clone(project),
                    row,
                },
                cursor,
            })
            .collect();
        Ok(Self { page_info, edges })
    }
}
