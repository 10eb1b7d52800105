//! `wbf get` and `wbf ls` of a version of an artifact.

use std::process::ExitCode;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use wandb_client::{
    Api, ArtifactFiles, BulkOptions, Cursor, File, FileDownloads, FilesError, Root, Sieve, listing,
};

use crate::args::{ChoiceArgs, GetArgs, LsArgs};
use crate::console::Console;
use crate::failure::Failure;
use crate::get::{Reporter, if_exists, ways};
use crate::ls;
use crate::select::sieve;

pub(crate) async fn get(args: GetArgs, console: &Console) -> Result<ExitCode, Failure> {
    only_of_runs(&args.choice)?;
    for (given, option) in [
        (!args.runs.is_empty(), "--run"),
        (args.template.is_some(), "--template"),
        (args.display_names, "--display-names"),
    ] {
        refuse(given, option)?;
    }
    let api = Api::from_env()?;
    let files = api.artifact_files(&args.run).await?.with_context(|context| {
        let context = context.with_via(args.via.into());
        context.with_transfer(|transfer| ways(transfer, &args))
    });
    let files = chosen(files, &args.names, args.pattern.as_deref()).per_page(args.per_page);
    let context = files.context().clone();
    let found = kept(files.list()?, sieve(&args.choice.files)?).map_ok(File::named);
    let reporter = Reporter::new(&args, &api, None, console);
    if args.dry_run {
        return reporter.show_all(found, &args.root).await;
    }
    let root = Root::open(&args.root)?;
    let options = BulkOptions::default().jobs(args.jobs).if_exists(if_exists(&args));
    reporter
        .tell_all(FileDownloads::of_listing(&context, found, &root, options))
        .await
}

pub(crate) async fn ls(path: &str, args: &LsArgs, console: &Console) -> Result<ExitCode, Failure> {
    only_of_runs(&args.choice)?;
    let api = Api::from_env()?;
    let files = api.artifact_files(path).await?;
    let path = files.path().clone();
    let limit = args.limit.unwrap_or(usize::MAX);
    let sieve = sieve(&args.choice.files)?;
    // What is looked at here may leave nothing of a short page.
    let enough = if args.pattern.is_none() && sieve.is_open() {
        limit.max(1)
    } else {
        usize::MAX
    };
    let per_page = u32::try_from(enough).map_or(args.per_page, |enough| enough.min(args.per_page));
    let files = chosen(files, &args.names, args.pattern.as_deref()).per_page(per_page);
    let mut files = files.paginate()?.prefetch(usize::from(args.limit.is_none()));
    if let Some(cursor) = &args.after {
        files = files.start_after(Cursor::from(cursor.as_str()));
    }
    let found = kept(listing(files, path, &args.names), sieve).take(limit);
    ls::show(found, args.format, &api, None, console).await
}

/// Files that pass, and all errors.
fn kept(
    found: impl Stream<Item = Result<File, FilesError>> + Send + 'static,
    sieve: Sieve,
) -> impl Stream<Item = Result<File, FilesError>> + Send + 'static {
    found.filter(move |found| {
        let keeps = found.as_ref().map_or(true, |file| sieve.keeps(file));
        std::future::ready(keeps)
    })
}

fn chosen(files: ArtifactFiles, names: &[String], pattern: Option<&str>) -> ArtifactFiles {
    let files = files.names(names);
    match pattern {
        Some(pattern) => files.pattern(pattern),
        None => files,
    }
}

/// Refuses what chooses among runs.
fn only_of_runs(args: &ChoiceArgs) -> Result<(), Failure> {
    if let Some(option) = args.of_project() {
        refuse(true, option)?;
    }
    refuse(args.runs.max_runs.is_some(), "--max-runs")
}

fn refuse(given: bool, option: &str) -> Result<(), Failure> {
    if given {
        return Err(Failure::Usage(format!(
            "{option} is for runs, and not for the files of an artifact"
        )));
    }
    Ok(())
}
