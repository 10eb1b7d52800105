use super::connection::{PageInfo, Paging};
use super::file::state;
use super::run::Run;
use super::scalars::JsonString;
use crate::filter::{Filter, Test};
use crate::order::Order;
use crate::run_field::{Candidate, Column, RunField};
use crate::state::State;
use crate::store::{ArtifactRow, ProjectRow, RunRow};
use async_graphql::{Context, Object, Result, SimpleObject};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(SimpleObject)]
pub(crate) struct RunEdge {
    node: Run,
    cursor: String,
}

pub(crate) struct RunConnection {
    total: Total,
    page_info: PageInfo,
    edges: Vec<RunEdge>,
}

enum Total {
    /// As many as the project has.
    Runs(i64),
    Counted(usize),
    Users(i64),
}

impl RunConnection {
    fn new(project: &Arc<ProjectRow>, total: Total, paging: Paging, rows: Vec<RunRow>) -> Self {
        Self::of(
            total,
            paging,
            rows.into_iter().map(|run| Run::new(project, run)).collect(),
        )
    }

    /// The runs that used a version of an artifact, which may be from several projects.
    pub(crate) async fn of_users(
        state: &State,
        artifact: &ArtifactRow,
        paging: Paging,
        rows: Vec<RunRow>,
    ) -> Result<Self> {
        let mut projects: HashMap<i64, Arc<ProjectRow>> = HashMap::new();
        let mut runs = Vec::with_capacity(rows.len());
        for run in rows {
            let project = match projects.get(&run.project_id) {
                Some(project) => Arc::clone(project),
                None => Arc::new(state.store.project_numbered(run.project_id).await?),
            };
            projects.insert(run.project_id, Arc::clone(&project));
            runs.push(Run::new(&project, run));
        }
        Ok(Self::of(Total::Users(artifact.id), paging, runs))
    }

    fn of(total: Total, paging: Paging, runs: Vec<Run>) -> Self {
        let (items, page_info) = paging.page(runs);
        let edges = items
            .into_iter()
            .map(|(cursor, node)| RunEdge { node, cursor })
            .collect();
        Self {
            total,
            page_info,
            edges,
        }
    }
}

#[Object]
impl RunConnection {
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        let store = &state(context)?.store;
        Ok(i32::try_from(match self.total {
            Total::Counted(total) => i64::try_from(total)?,
            Total::Runs(project) => store.run_count(project).await?,
            Total::Users(artifact) => store.count_users_of_artifact(artifact).await?,
        })?)
    }

    async fn page_info(&self) -> &PageInfo {
        &self.page_info
    }

    async fn edges(&self) -> &[RunEdge] {
        &self.edges
    }
}

/// Which runs of a project are asked for, and in which order.
pub(crate) struct Selection {
    filter: Filter<RunField>,
    order: Order<RunField>,
}

impl Selection {
    pub(crate) fn read(filters: Option<JsonString>, order: Option<&str>) -> Result<Self> {
        let filters = filters.map(|JsonString(text)| text);
        Ok(Self {
            filter: Filter::read(filters.as_deref())?,
            order: Order::read(order, "+created_at")?,
        })
    }

    /// Only those of a sweep.
    pub(crate) fn of_sweep(name: &str, order: Option<&str>) -> Result<Self> {
        let is_of_sweep = Test::Equals(Value::from(name));
        Ok(Self {
            filter: Filter::Field(RunField::Column(Column::Sweep), is_of_sweep),
            order: Order::read(order, "+created_at")?,
        })
    }

    pub(crate) async fn count(&self, state: &State, project: &ProjectRow) -> Result<i32> {
        let count = if self.filter.is_open() {
            state.store.run_count(project.id).await?
        } else {
            i64::try_from(self.candidates(state, project).await?.len())?
        };
        Ok(i32::try_from(count)?)
    }

    /// A page is one statement, or two where runs are filtered or sorted by more than their age.
    pub(crate) async fn page(
        &self,
        state: &State,
        project: &Arc<ProjectRow>,
        paging: Paging,
    ) -> Result<RunConnection> {
        let window = paging.window();
        let newest_first = self.order.by(RunField::is_created_at);
        if let Some(newest_first) = newest_first.filter(|_| self.filter.is_open()) {
            let rows = state.store.runs_by_age(project.id, newest_first, window).await?;
            return Ok(RunConnection::new(project, Total::Runs(project.id), paging, rows));
        }
        let mut candidates = self.candidates(state, project).await?;
        self.order.sort(&mut candidates);
        let (skip, take) = (usize::try_from(window.skip)?, usize::try_from(window.take)?);
        let ids: Vec<i64> = candidates
            .iter()
            .skip(skip)
            .take(take)
            .map(|candidate| candidate.brief.id)
            .collect();
        let rows = state.store.runs_numbered(&ids).await?;
        Ok(RunConnection::new(
            project,
            Total::Counted(candidates.len()),
            paging,
            rows,
        ))
    }

    /// The runs that pass the filter, by their age.
    async fn candidates(&self, state: &State, project: &ProjectRow) -> Result<Vec<Candidate>> {
        let uses = |which: fn(&RunField) -> bool| self.filter.uses(which) || self.order.uses(which);
        let briefs = state
            .store
            .run_briefs(project.id, uses(RunField::is_config), uses(RunField::is_summary))
            .await?;
        Ok(briefs
            .into_iter()
            .map(|brief| Candidate::new(brief, &state.behaviour.entity))
            .filter(|candidate| self.filter.passes(candidate))
            .collect())
    }
}
