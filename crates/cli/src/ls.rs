//! `wbf ls`.

use std::borrow::Cow;
use std::pin::pin;
use std::process::ExitCode;

use futures::{Stream, StreamExt as _};
use wandb_client::{Api, Cursor, File, FilesError, names_artifact};

use crate::args::{ListFormat, LsArgs};
use crate::artifact;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::{self, Failure};
use crate::listing::{FILES, FileItem, Listing};
use crate::select::Choice;

/// So many files at most are written before what is read on is waited for.
const AT_ONCE: usize = 1000;

pub(crate) async fn run(args: LsArgs, console: &Console) -> Result<ExitCode, Failure> {
    if let [path] = args.runs.as_slice()
        && names_artifact(path)
    {
        return artifact::ls(path, &args, console).await;
    }
    let api = Api::from_env()?;
    let choice = Choice::new(&api, &args.runs, &args.choice).await?;
    let mut files = choice.files.clone().names(&args.names).per_page(args.per_page);
    match args.limit {
        Some(limit) => files = files.limit(limit),
        // What is stopped early would have asked for pages in vain.
        None => files = files.pages_at_once(args.pages_at_once),
    }
    if let Some(pattern) = args.pattern {
        files = files.pattern(pattern);
    }
    if let Some(cursor) = args.after {
        if choice.one.is_none() {
            return Err(Failure::Usage(
                "--after goes on in the listing of one run: give that run alone".to_owned(),
            ));
        }
        files = files.start_after(Cursor::from(cursor));
    }

    let found = files.list()?.map(|found| found.map(|found| found.file));
    show(found, args.format, &api, Some(&choice), console).await
}

/// Shows files as they are found. Without a `choice` they are of one artifact.
pub(crate) async fn show(
    found: impl Stream<Item = Result<File, FilesError>>,
    format: ListFormat,
    api: &Api,
    choice: Option<&Choice>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let mut found = pin!(found.ready_chunks(AT_ONCE));
    let mut listing = Listing::new(format, FILES)?;
    let mut complete = true;
    let explained = |error: &FilesError| match choice {
        Some(choice) => choice.explained(api, error),
        None => failure::explained(api, error),
    };
    while let Some(ready) = found.next().await {
        for found in ready {
            match found {
                Ok(file) => {
                    let called = choice.map_or(Cow::Borrowed(file.name()), |choice| choice.called(&file));
                    listing.show(&FileItem {
                        file: &file,
                        called: &called,
                    })?;
                }
                Err(FilesError::Missing { run, name }) => {
                    complete = false;
                    console.error(&printable(&format!("{run} has no file {name:?}")));
                }
                Err(error) if choice.is_none_or(|choice| choice.one.is_some()) => {
                    listing.flush()?;
                    let resume = listing
                        .last
                        .map_or(String::new(), |cursor| format!("; go on with --after {cursor}"));
                    return Err(Failure::Error(explained(&error) + &resume));
                }
                Err(error) => {
                    complete = false;
                    console.error(&printable(&explained(&error)));
                }
            }
        }
        listing.flush()?;
    }
    listing.end()?;
    Ok(if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
