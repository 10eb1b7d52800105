//! `wbf projects`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use wandb_client::{Api, Cursor, DateTime, ProjectInfo};

use crate::escape::printable;
use crate::failure::Failure;
use crate::listing::{Item, Listing};
use crate::pages::PageArgs;
use crate::web::{App, date};

#[derive(Args)]
pub(crate) struct ProjectsArgs {
    /// The user or team; the default entity if nothing is said
    entity: Option<String>,
    #[command(flatten)]
    pages: PageArgs,
}

const HEAD: &str = "CREATED               NAME";

pub(crate) async fn run(args: ProjectsArgs) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let projects = api.projects(args.entity.as_deref()).await?;
    let projects = projects
        .paginate(Arc::clone(api.transport()))
        .per_page(args.pages.size());
    let app = App::of(&api);
    let mut listing = args.pages.listing(HEAD)?;
    let what = match &args.entity {
        Some(entity) => format!("the projects of {entity}"),
        None => "the projects".to_owned(),
    };
    let show = |listing: &mut Listing, project: &ProjectInfo| Ok(listing.show(&Row::new(project, &app))?);
    args.pages
        .print(&api, &what, projects, &mut listing, show)
        .await?;
    listing.end()?;
    Ok(ExitCode::SUCCESS)
}

/// One project, as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    id: Option<&'a str>,
    name: &'a str,
    entity: &'a str,
    created_at: Option<&'a str>,
    is_benchmark: Option<bool>,
    url: Option<String>,
    cursor: Option<&'a str>,
    #[serde(skip)]
    project: &'a ProjectInfo,
}

impl<'a> Row<'a> {
    fn new(project: &'a ProjectInfo, app: &App) -> Self {
        Self {
            id: project.id(),
            name: project.name(),
            entity: project.entity(),
            created_at: project.created_at().map(DateTime::as_str),
            is_benchmark: project.is_benchmark(),
            url: app.address(|app| project.url(app)),
            cursor: project.cursor().map(Cursor::as_str),
            project,
        }
    }
}

impl Item for Row<'_> {
    fn line(&self) -> String {
        format!(
            "{:<20}  {}",
            date(self.project.created_at()),
            printable(&self.project.path().join("/"))
        )
    }

    fn cursor(&self) -> Option<&Cursor> {
        self.project.cursor()
    }
}
