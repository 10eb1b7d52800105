//! The collection of an entity's projects.

use std::sync::Arc;

use wandb_paginator::{Collection, Connection, ConvertError, Page, PageRequest, Paginator};
use wandb_queries::projects::{self, ResponseData, Variables};
use wandb_transport::Transport;

use crate::ProjectInfo;

/// The projects of an entity. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `Projects` (`apis/public/projects.py`). The server does not count projects: the
/// paginator's `len` is `None` until all are loaded.
#[derive(Debug, Clone)]
pub struct Projects {
    entity: Arc<str>,
}

impl Projects {
    /// The text of the operation that a page is asked with.
    pub const QUERY: &'static str = projects::QUERY;

    /// Every project of `entity`, a user or a team.
    #[must_use]
    pub fn new(entity: &str) -> Self {
        Self {
            entity: entity.into(),
        }
    }

    /// The lazy iterator over the projects, in pages of 50 as the SDK's. It asks through `transport`,
    /// and for nothing yet.
    #[must_use]
    pub fn paginate(self, transport: Arc<dyn Transport>) -> Paginator<ProjectInfo> {
        let variables = Variables {
            entity: Some(self.entity.to_string()),
            cursor: None,
            per_page: Variables::default_perPage(),
        };
        Paginator::new(transport, self, variables)
    }
}

impl Collection for Projects {
    type Query = wandb_queries::Projects;
    type Item = ProjectInfo;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        variables.cursor = page.cursor.map(ToString::to_string);
        variables.per_page = Some(page.size.into());
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<ProjectInfo>, ConvertError> {
        let models = response
            .models
            .ok_or_else(|| ConvertError::unseen(format_args!("entity {}", self.entity)))?;
        let edges = models.edges.into_iter().flatten();
        let page_info = models.page_info.map(|info| (info.end_cursor, info.has_next_page));
        Connection::new(edges.map(|edge| (edge.node, edge.cursor)), page_info)
            .into_page(|node, cursor| ProjectInfo::from_node(node, cursor, &self.entity))
    }

    fn identity<'a>(&self, project: &'a ProjectInfo) -> Option<&'a str> {
        project.id()
    }
}
