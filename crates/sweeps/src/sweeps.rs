//! The collection of a project's sweeps.

use std::sync::Arc;

use wandb_paginator::{Collection, Connection, ConvertError, Page, PageRequest, Paginator};
use wandb_queries::get_sweeps::{self, ResponseData, Variables};
use wandb_transport::Transport;

use crate::SweepInfo;

/// The sweeps of a project. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `Sweeps` (`apis/public/sweeps.py`), which asks once more for each sweep that it lists; here
/// the page has all. The paginator's `len` is the server's count.
#[derive(Debug, Clone)]
pub struct Sweeps {
    pub(crate) entity: Arc<str>,
    pub(crate) project: Arc<str>,
}

impl Sweeps {
    /// The text of the operation that a page is asked with.
    pub const QUERY: &'static str = get_sweeps::QUERY;

    /// Every sweep of `project` of `entity` (a user or a team).
    #[must_use]
    pub fn new(entity: &str, project: &str) -> Self {
        Self {
            entity: entity.into(),
            project: project.into(),
        }
    }

    /// The lazy iterator over the sweeps, in pages of 50 as the SDK's. It asks through `transport`,
    /// and for nothing yet.
    #[must_use]
    pub fn paginate(self, transport: Arc<dyn Transport>) -> Paginator<SweepInfo> {
        let variables = Variables {
            entity: self.entity.to_string(),
            project: self.project.to_string(),
            cursor: None,
            per_page: Variables::default_perPage(),
        };
        Paginator::new(transport, self, variables)
    }
}

impl Collection for Sweeps {
    type Query = wandb_queries::GetSweeps;
    type Item = SweepInfo;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        variables.cursor = page.cursor.map(ToString::to_string);
        variables.per_page = Some(page.size.into());
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<SweepInfo>, ConvertError> {
        let project = response
            .project
            .ok_or_else(|| ConvertError::unseen(format_args!("project {}/{}", self.entity, self.project)))?;
        let Some(sweeps) = project.sweeps else {
            return Page::of_null("sweeps", project.total_sweeps);
        };
        let edges = sweeps.edges.into_iter().flatten();
        let page_info = sweeps.page_info.map(|info| (info.end_cursor, info.has_next_page));
        Connection::new(edges.map(|edge| (edge.node, edge.cursor)), page_info)
            .with_total(project.total_sweeps)
            .into_page(|node, cursor| SweepInfo::from_node(node, cursor, self))
    }

    fn identity<'a>(&self, sweep: &'a SweepInfo) -> Option<&'a str> {
        sweep.storage_id()
    }
}
