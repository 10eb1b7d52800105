//! `wbf get`.

use std::collections::HashSet;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream::{self, Stream, StreamExt as _};
use wandb_client::{Api, Downloaded, File, FilesError, IfExists, Paginator, PaginatorError, Root};

use crate::args::GetArgs;
use crate::console::Console;
use crate::failure::{self, Failure};
use crate::progress::Bars;
use crate::report::Report;

/// What became of one step.
enum Outcome {
    File(File, Result<Downloaded, FilesError>),
    Listing(PaginatorError),
}

pub(crate) async fn run(args: GetArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let run = api.run_unchecked(&args.run).await?;
    let root = Root::open(&args.root)?;
    let if_exists = match (args.replace, args.exist_ok) {
        (true, _) => IfExists::Replace,
        (_, true) => IfExists::Keep,
        _ => IfExists::Refuse,
    };
    let mut files = run.files().names(&args.names).per_page(args.per_page).prefetch(1);
    if let Some(pattern) = &args.pattern {
        files = files.pattern(pattern);
    }

    let bars = Bars::new(console);
    let active = AtomicUsize::new(0);
    let outcomes = listed(files.paginate()?)
        .map(|entry| async {
            match entry {
                Err(error) => Outcome::Listing(error),
                Ok(file) => {
                    bars.expect(file.size());
                    let bar = bars.file(file.name(), file.size(), active.fetch_add(1, Ordering::Relaxed));
                    let outcome = file.download_to(&root, if_exists, &bar).await;
                    active.fetch_sub(1, Ordering::Relaxed);
                    Outcome::File(file, outcome)
                }
            }
        })
        .buffer_unordered(args.jobs.into());

    let mut report = Report::new(args.format, console, &bars);
    let mut wanted: HashSet<&str> = args.names.iter().map(String::as_str).collect();
    let mut outcomes = pin!(outcomes);
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    let interrupted = loop {
        tokio::select! {
            biased;
            _ = &mut interrupt => break true,
            outcome = outcomes.next() => match outcome {
                None => break false,
                Some(Outcome::Listing(error)) => report.failed_listing(&failure::listing(&api, &run, &error)),
                Some(Outcome::File(file, outcome)) => {
                    wanted.remove(file.name());
                    report.file(&file, outcome)?;
                }
            },
        }
    };
    if !interrupted && report.listed_all {
        for name in args.names.iter().filter(|name| wanted.contains(name.as_str())) {
            report.missing(&run, name)?;
        }
    }
    report.end(interrupted)
}

/// The files as they are listed, up to a failure of the listing: what was listed before is still fetched.
fn listed(files: Paginator<File>) -> impl Stream<Item = Result<File, PaginatorError>> {
    stream::unfold(Some(files.into_stream()), |files| async {
        let mut files = files?;
        let next = files.next().await?;
        let rest = next.is_ok().then_some(files);
        Some((next, rest))
    })
}
