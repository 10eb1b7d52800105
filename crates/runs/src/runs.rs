//! The collection of a project's runs.

use std::sync::Arc;

use wandb_paginator::{Collection, Connection, ConvertError, Page, PageRequest, Paginator};
use wandb_queries::Filter;
use wandb_queries::runs::{self, ResponseData, Variables};
use wandb_transport::Transport;

use crate::RunInfo;

/// The SDK's order.
const OLDEST_FIRST: &str = "+created_at";

/// The runs of a project: which of them, and in what order. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `Runs` (`apis/public/runs.py`). Page size, a cursor to go on from and pages ahead are
/// options of the [`Paginator`]; [`Paginator::len`] is the server's count of the runs that pass the filter.
#[derive(Debug, Clone)]
pub struct Runs {
    pub(crate) entity: Arc<str>,
    pub(crate) project: Arc<str>,
    filters: Filter,
    order: String,
    full: bool,
}

impl Runs {
    /// The text of the operation that a page is asked with.
    pub const QUERY: &'static str = runs::QUERY;

    /// Every run of `project` of `entity` (a user or a team), the oldest first.
    #[must_use]
    pub fn new(entity: &str, project: &str) -> Self {
        Self {
            entity: entity.into(),
            project: project.into(),
            filters: Filter::all(),
            order: OLDEST_FIRST.to_owned(),
            full: false,
        }
    }

    /// Only the runs that pass this filter; what was set before is replaced.
    #[must_use]
    pub fn filters(mut self, filters: Filter) -> Self {
        self.filters = filters;
        self
    }

    /// By what they are sorted: `created_at`, `heartbeat_at`, `config.….value`, `summary_metrics.…`, with `+` before it
    /// for the smallest first, `-` for the greatest. Empty is `+created_at`, as in the SDK.
    #[must_use]
    pub fn order(mut self, order: &str) -> Self {
        self.order = if order.is_empty() { OLDEST_FIRST } else { order }.to_owned();
        self
    }

    /// Whether what may be large comes too: config, summary, system metrics, history keys. Off unless told, since to
    /// choose among many runs takes none of it.
    #[must_use]
    pub fn full(mut self, full: bool) -> Self {
        self.full = full;
        self
    }

    /// The lazy iterator over the runs, in pages of 50 as the SDK's. It asks through `transport`,
    /// and for nothing yet.
    #[must_use]
    pub fn paginate(self, transport: Arc<dyn Transport>) -> Paginator<RunInfo> {
        let variables = Variables {
            entity: self.entity.to_string(),
            project: self.project.to_string(),
            filters: Some((&self.filters).into()),
            order: Some(self.order.clone()),
            full: self.full,
            cursor: None,
            per_page: Variables::default_perPage(),
        };
        Paginator::new(transport, self, variables)
    }
}

impl Collection for Runs {
    type Query = wandb_queries::Runs;
    type Item = RunInfo;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        variables.cursor = page.cursor.map(ToString::to_string);
        variables.per_page = Some(page.size.into());
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<RunInfo>, ConvertError> {
        let project = response
            .project
            .ok_or_else(|| ConvertError::unseen(format_args!("project {}/{}", self.entity, self.project)))?;
        let Some(runs) = project.runs else {
            return Page::of_null("runs", project.run_count);
        };
        let edges = runs.edges.into_iter().flatten();
        let page_info = runs.page_info.map(|info| (info.end_cursor, info.has_next_page));
        Connection::new(edges.map(|edge| (edge.node, edge.cursor)), page_info)
            .with_total(project.run_count)
            .into_page(|node, cursor| RunInfo::from_node(node, cursor, self))
    }

    fn identity<'a>(&self, run: &'a RunInfo) -> Option<&'a str> {
        run.storage_id()
    }
}
