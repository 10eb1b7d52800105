//! `wbf runs`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};
use wandb_client::{Api, Cursor, DateTime, InvalidJson, RunInfo};

use crate::console::Console;
use crate::escape::printable;
use crate::failure::Failure;
use crate::listing::{Item, Listing};
use crate::pages::PageArgs;
use crate::select;
use crate::web::{App, date};

#[derive(Args)]
pub(crate) struct RunsArgs {
    /// The project
    project: String,
    /// Only runs that pass this filter, in the language of the SDK's Api.runs
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,
    /// Only runs in this state; may be repeated, for any of them
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<String>,
    /// Only runs with this tag; may be repeated, for any of them
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    #[arg(
        long,
        value_name = "KEY",
        allow_hyphen_values = true,
        default_value = "+created_at",
        help = "By what they are sorted: created_at, heartbeat_at, config.KEY.value, summary_metrics.KEY, after a + for the \
                smallest first or a - for the greatest"
    )]
    order: String,
    /// Config, summary and system metrics too, for json, ndjson and csv
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    pages: PageArgs,
}

const HEAD: &str =
    "ID          STATE     CREATED               USER          NAME                          TAGS";

pub(crate) async fn run(args: RunsArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let filter = select::filter(args.filter.as_deref(), &args.states, &args.tags)?;
    let runs = api
        .runs(&args.project)
        .await?
        .filters(filter)
        .order(&args.order)
        .full(args.full)
        .paginate(Arc::clone(api.transport()))
        .per_page(args.pages.size());
    let app = App::of(&api);
    let mut listing = args.pages.listing(HEAD)?;
    let what = format!("the runs of {}", args.project);
    let mut whole = true;
    let show = |listing: &mut Listing, run: &RunInfo| {
        let mut row = Row::new(run, &app);
        if args.full {
            row.full = Some(Full::new(run).unwrap_or_else(|error| {
                whole = false;
                console.error(&printable(&error.to_string()));
                Full::default()
            }));
        }
        Ok(listing.show(&row)?)
    };
    args.pages.print(&api, &what, runs, &mut listing, show).await?;
    listing.end()?;
    Ok(if whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One run, as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: Option<&'a str>,
    state: Option<&'a str>,
    created_at: Option<&'a str>,
    heartbeat_at: Option<&'a str>,
    tags: &'a [String],
    user: Option<&'a str>,
    group: Option<&'a str>,
    job_type: Option<&'a str>,
    sweep_name: Option<&'a str>,
    entity: &'a str,
    project: &'a str,
    url: Option<String>,
    notes: Option<&'a str>,
    description: Option<&'a str>,
    commit: Option<&'a str>,
    read_only: Option<bool>,
    storage_id: Option<&'a str>,
    project_id: Option<i64>,
    cursor: Option<&'a str>,
    #[serde(flatten)]
    full: Option<Full>,
    #[serde(skip)]
    run: &'a RunInfo,
}

/// What may be large.
#[derive(Serialize, Default)]
struct Full {
    config: Option<Map<String, Value>>,
    summary: Option<Map<String, Value>>,
    system_metrics: Option<Map<String, Value>>,
    history_keys: Option<Map<String, Value>>,
    history_line_count: Option<i64>,
}

impl Full {
    fn new(run: &RunInfo) -> Result<Self, InvalidJson> {
        Ok(Self {
            config: run.config()?,
            summary: run.summary()?,
            system_metrics: run.system_metrics()?,
            history_keys: run.history_keys()?,
            history_line_count: run.history_line_count(),
        })
    }
}

impl<'a> Row<'a> {
    fn new(run: &'a RunInfo, app: &App) -> Self {
        Self {
            id: run.id(),
            name: run.name(),
            state: run.state(),
            created_at: run.created_at().map(DateTime::as_str),
            heartbeat_at: run.heartbeat_at().map(DateTime::as_str),
            tags: run.tags(),
            user: run.user(),
            group: run.group(),
            job_type: run.job_type(),
            sweep_name: run.sweep_name(),
            entity: run.entity(),
            project: run.project(),
            url: app.address(|app| run.url(app)),
            notes: run.notes(),
            description: run.description(),
            commit: run.commit(),
            read_only: run.read_only(),
            storage_id: run.storage_id(),
            project_id: run.project_id(),
            cursor: run.cursor().map(Cursor::as_str),
            full: None,
            run,
        }
    }
}

impl Item for Row<'_> {
    fn line(&self) -> String {
        let line = format!(
            "{:<10}  {:<8}  {:<20}  {:<12}  {:<28}  {}",
            printable(self.id),
            printable(self.state.unwrap_or("-")),
            date(self.run.created_at()),
            printable(self.user.unwrap_or("-")),
            printable(self.name.unwrap_or("-")),
            printable(&self.tags.join(","))
        );
        line.trim_end().to_owned()
    }

    fn cursor(&self) -> Option<&Cursor> {
        self.run.cursor()
    }
}
