//! `wbf du`: what takes the space.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use futures::StreamExt as _;
use indicatif::ProgressBar;
use wandb_client::Api;

use crate::args::{ChoiceArgs, ListFormat, per_page};
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{self, Failure};
use crate::size;

mod kind;
mod page;
mod page_file;
mod source;
mod table;
mod tree;
mod usage;

use source::Selection;
use usage::Usage;

#[derive(Args)]
pub(crate) struct DuArgs {
    /// Runs, and projects with all of their runs
    #[arg(value_name = "RUN|PROJECT", required = true)]
    places: Vec<String>,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Only files whose names match a LIKE pattern: % is any text, _ any character
    #[arg(long, value_name = "LIKE")]
    pattern: Option<String>,
    /// What is summed up
    #[arg(long, value_enum, default_value_t = By::Folder)]
    by: By,
    /// How deep folders are told apart; what lies deeper counts to the folder above. Only with --by folder
    #[arg(long, value_name = "N", default_value_t = 1)]
    depth: usize,
    /// Only the N largest
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// How to show them
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
    /// Write a page to click through, too: one file that needs no network, for any browser; a FILE that exists is replaced
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Files of a run to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    per_page: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Folders, those of the same name in all runs together
    Folder,
    /// What the ends of the names say, else the media type
    Type,
    /// Runs
    Run,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Type => "type",
            Self::Run => "run",
        }
    }
}

pub(crate) async fn run(args: DuArgs, console: &Console) -> Result<ExitCode, Failure> {
    let selection = Selection::new(&args)?;
    if let Some(file) = &args.html {
        page_file::check(file)?;
    }
    let api = Api::from_env()?;
    let mut files = selection.files(&api, &args).await?;

    let mut usage = Usage::new(args.html.is_some());
    let mut whole = true;
    let bar = console
        .draws()
        .then(|| console.bars().add(ProgressBar::new_spinner()));
    let mut listed = 0_u64;
    while let Some(found) = files.next().await {
        match found {
            Ok(found) => usage.file(&found),
            Err(error) => {
                whole = false;
                console.error(&printable(&failure::explained(&api, &error)));
            }
        }
        listed += 1;
        if let Some(bar) = bar.as_ref().filter(|_| listed.is_multiple_of(500)) {
            bar.set_message(usage.to_string());
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if !whole && usage.runs() == 0 {
        return Ok(ExitCode::FAILURE);
    }

    let (groups, rest) = usage.groups(args.by, args.depth, args.top.unwrap_or(usize::MAX));
    table::print(args.format, args.by, &usage, &groups, rest)?;
    if let Some(file) = &args.html {
        page_file::write(file, &page::html(&args.places.join(" "), &usage)?)?;
    }
    let lacking = if whole {
        ""
    } else {
        "; what could not be listed is lacking"
    };
    console.say(&format!("{usage}{lacking}"));
    Ok(if whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// `1,234 files` and the like: how many there are of something.
fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{} {one}s", indicatif::HumanCount(count)),
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let total = self.total();
        write!(
            f,
            "{} in {} of {}",
            size::human(total.bytes),
            counted(total.files, "file"),
            counted(self.runs(), "run")
        )
    }
}
