#![doc = include_str!("../README.md")]

use std::sync::Arc;

use graphql_client::GraphQLQuery;
use wandb_paginator::{Collection, Connection, ConvertError, Page, PageRequest, Paginator};
use wandb_transport::Transport;

/// The query of one page; its types are in the module `reports`, which the derive makes.
#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "graphql/schema.graphql",
    query_path = "graphql/reports.graphql",
    response_derives = "Debug",
    variables_derives = "Clone, Debug"
)]
struct Reports;

/// A report of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The server's id.
    pub id: String,
    /// The name that people see.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
}

/// The reports of a project. Sends nothing before one is asked for.
pub fn project_reports(transport: Arc<dyn Transport>, entity: &str, project: &str) -> Paginator<Report> {
    let [entity, project] = [entity, project].map(ToOwned::to_owned);
    let variables = reports::Variables {
        entity: entity.clone(),
        project: project.clone(),
        cursor: None,
        per_page: None,
    };
    Paginator::new(transport, ProjectReports { entity, project }, variables)
}

struct ProjectReports {
    entity: String,
    project: String,
}

impl Collection for ProjectReports {
    type Query = Reports;
    type Item = Report;

    fn update_variables(&self, variables: &mut reports::Variables, page: PageRequest<'_>) {
        variables.cursor = page.cursor.map(ToString::to_string);
        variables.per_page = Some(page.size.into());
    }

    fn convert_objects(&self, response: reports::ResponseData) -> Result<Page<Report>, ConvertError> {
        let Self { entity, project } = self;
        let found = response
            .project
            .ok_or_else(|| ConvertError::unseen(format_args!("project {entity}/{project}")))?;
        let Some(views) = found.all_views else {
            return Page::of_null("reports", None);
        };
        let edges = views.edges.into_iter().flatten();
        let page_info = views.page_info.map(|info| (info.end_cursor, info.has_next_page));
        Connection::new(edges.map(|edge| (edge.node, edge.cursor)), page_info)
            .with_total(views.total_count)
            .into_page(|view, _| {
                let id = view
                    .id
                    .ok_or_else(|| ConvertError::malformed("a report has no id"))?;
                Ok(Report {
                    title: view.display_name.or(view.name).unwrap_or_default(),
                    description: view.description,
                    id,
                })
            })
    }

    fn identity<'a>(&self, report: &'a Report) -> Option<&'a str> {
        Some(&report.id)
    }
}
