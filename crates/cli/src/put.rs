//! `wbf put`.

use std::process::ExitCode;

use futures::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;
use wandb_client::{Api, FilesError, Globs, LeftOut, Local, LocalFiles, Upload};

use crate::args::PutArgs;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::Failure;
use crate::report::{Report, Work};
use crate::send::{Sending, row};

/// Files that are found before they are needed.
const AHEAD: usize = 256;

pub(crate) async fn run(args: PutArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let run = api.run_unchecked(&args.run).await?;
    let globs = Globs::new(&args.globs.include, &args.globs.exclude)?;
    let files = args.paths.iter().fold(
        LocalFiles::new(&args.root)
            .follow_symlinks(args.follow_symlinks)
            .only(globs),
        LocalFiles::path,
    );
    let found = found(files, console.clone());
    if args.dry_run {
        return shown(found, Report::new(Work::WouldUpload, args.format, console)).await;
    }
    let sending = Sending {
        api: &api,
        console,
        report: Report::new(Work::Upload, args.format, console),
    };
    sending.carry_out(run.files().upload_all(found, args.jobs)).await
}

/// The files, from a thread that reads the disk.
fn found(
    files: LocalFiles,
    console: Console,
) -> impl Stream<Item = Result<Upload, FilesError>> + Send + 'static {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        for found in files.walk() {
            let upload = match found {
                Ok(Local::File(file)) => Ok(Upload::from(file)),
                Ok(Local::LeftOut { path, why }) => {
                    let why = match why {
                        LeftOut::Symlink => "a symlink: --follow-symlinks uploads what it leads to",
                        LeftOut::Partial => "a download that is not finished",
                        _ => "neither a file nor a folder",
                    };
                    console.say(&printable(&format!("left out {}: {why}", path.display())));
                    continue;
                }
                Err(error) => Err(error),
            };
            if sender.blocking_send(upload).is_err() {
                // Interrupted.
                return;
            }
        }
    });
    stream::unfold(receiver, |mut receiver| async {
        let found = receiver.recv().await?;
        Some((found, receiver))
    })
    .boxed()
}

/// Tells what would be uploaded.
async fn shown(
    mut found: impl Stream<Item = Result<Upload, FilesError>> + Unpin,
    mut report: Report<'_>,
) -> Result<ExitCode, Failure> {
    while let Some(found) = found.next().await {
        match found {
            Ok(upload) => {
                let mut row = row(&upload, None);
                row.bytes = upload.size().unwrap_or(0);
                report.done(row, upload.name())?;
            }
            Err(error) => report.incomplete(&error.to_string()),
        }
    }
    report.end(false)
}
