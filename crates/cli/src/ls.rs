//! `wbf ls`.

use std::collections::HashSet;
use std::process::ExitCode;

use wandb_client::{Api, Cursor, FilesError};

use crate::args::LsArgs;
use crate::console::Console;
use crate::failure::{self, Failure};
use crate::listing::Listing;

pub(crate) async fn run(args: LsArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let run = api.run_unchecked(&args.run).await?;
    let limit = args.limit.unwrap_or(usize::MAX);
    // Asking for more than will be shown only makes the server work; one page ahead hides its latency.
    let per_page = u32::try_from(limit.max(1)).map_or(args.per_page, |limit| limit.min(args.per_page));
    let ahead = usize::from(args.limit.is_none());
    let mut files = run.files().names(&args.names).per_page(per_page).prefetch(ahead);
    if let Some(pattern) = args.pattern {
        files = files.pattern(pattern);
    }
    if let Some(cursor) = args.after {
        files = files.start_after(Cursor::from(cursor));
    }

    let mut pages = files.paginate()?.into_pages();
    let mut wanted: HashSet<&str> = args.names.iter().map(String::as_str).collect();
    let mut listing = Listing::new(args.format)?;
    while listing.rows < limit {
        let page = match pages.try_next().await {
            Ok(Some(page)) => page,
            Ok(None) => break,
            Err(source) => {
                listing.flush()?;
                let run = run.path().clone();
                let error = FilesError::Listing { run, source };
                let resume = listing
                    .last
                    .map_or(String::new(), |cursor| format!("; go on with --after {cursor}"));
                return Err(Failure::Error(failure::explained(&api, &error) + &resume));
            }
        };
        for file in page
            .items
            .iter()
            .filter(|file| !file.is_missing())
            .take(limit - listing.rows)
        {
            wanted.remove(file.name());
            listing.show(file)?;
        }
        listing.flush()?;
    }
    let rows = listing.end()?;

    if rows >= limit {
        // Names that were not seen may have come after the limit.
        return Ok(ExitCode::SUCCESS);
    }
    for name in args.names.iter().filter(|name| wanted.contains(name.as_str())) {
        console.error(&format!("{} has no file {name:?}", run.path()));
    }
    Ok(if wanted.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
