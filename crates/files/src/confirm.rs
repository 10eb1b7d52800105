//! Whether the server has what was sent.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use wandb_transfer::{Md5, Step, Uploaded};

use crate::upload_targets::mark_uploaded;
use crate::{Context, File, Files, FilesError, RunPath, Stored, Upload, UploadEvent};

/// How long a server may take to list what storage has: it hears of that by a queue.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time before the second look; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Tells the server of files that were sent, where it wants to be told, and looks at what it lists then.
pub(crate) async fn confirm(
    context: Context,
    run: Arc<RunPath>,
    sent: Vec<(Upload, Uploaded)>,
) -> Vec<UploadEvent> {
    let names: Vec<_> = sent.iter().map(|(upload, _)| upload.name().to_owned()).collect();
    if let Err(error) = mark_uploaded(&context, &run, &names).await {
        let why = format!("the server could not be told of it: {error}");
        return unconfirmed(sent, &why, error);
    }
    if !context.transfer.verifies() {
        return sent
            .into_iter()
            .map(|(upload, done)| stored(upload, &done, None))
            .collect();
    }
    let mut events = Vec::with_capacity(sent.len());
    let mut waiting = sent;
    let mut wait = FIRST_WAIT;
    let mut waited = Duration::ZERO;
    loop {
        let listed = match list(&context, &run, &waiting).await {
            Ok(listed) => listed,
            Err(error) => {
                let why = format!("the server could not be asked for it afterwards: {error}");
                events.extend(unconfirmed(waiting, &why, error));
                return events;
            }
        };
        let enough = waited >= PATIENCE;
        let mut later = Vec::new();
        for (upload, done) in waiting {
            let file = listed.get(upload.name());
            match misfit(file, &done) {
                None => events.push(stored(upload, &done, file.cloned())),
                Some(why) if enough => events.push(failed(upload, why, None)),
                Some(_) => later.push((upload, done)),
            }
        }
        if later.is_empty() {
            return events;
        }
        waiting = later;
        sleep(wait).await;
        waited += wait;
        wait *= 2;
    }
}

/// What the server lists of these names.
async fn list(
    context: &Context,
    run: &RunPath,
    sent: &[(Upload, Uploaded)],
) -> Result<HashMap<String, File>, FilesError> {
    let selection = Files::new(context.clone(), run.clone())
        .names(sent.iter().map(|(upload, _)| upload.name()))
        .per_page(u32::try_from(sent.len()).unwrap_or(u32::MAX))
        .select()
        .await?;
    let files = selection.files.into_iter();
    Ok(files.map(|file| (file.name().to_owned(), file)).collect())
}

/// In what the file that is listed is not the one that was sent. A server that knows no md5 is asked for the size alone.
fn misfit(file: Option<&File>, done: &Uploaded) -> Option<String> {
    let Some(file) = file else {
        return Some(
            "the server does not list it yet: look again later, and upload it again if it does not appear"
                .to_owned(),
        );
    };
    let listed = file.md5().and_then(|md5| Md5::from_base64(md5).ok());
    let is_same = file.size() == done.bytes && listed.is_none_or(|md5| md5 == done.md5);
    (!is_same).then(|| {
        let with = |md5: Option<Md5>| md5.map_or(String::new(), |md5| format!(" with md5 {}", md5.to_base64()));
        format!(
            "the server lists {} bytes{}, and not the {} bytes{} that were sent: somebody else wrote it, or it was \
             changed on the way; upload it again",
            file.size(),
            with(listed),
            done.bytes,
            with(Some(done.md5)),
        )
    })
}

fn stored(upload: Upload, done: &Uploaded, file: Option<File>) -> UploadEvent {
    let stored = Stored {
        bytes: done.bytes,
        md5: done.md5,
        file,
    };
    UploadEvent::File(upload, Step::Finished(stored))
}

fn unconfirmed(sent: Vec<(Upload, Uploaded)>, why: &str, error: FilesError) -> Vec<UploadEvent> {
    let error = Arc::new(error);
    sent.into_iter()
        .map(|(upload, _)| failed(upload, why.to_owned(), Some(Arc::clone(&error))))
        .collect()
}

fn failed(upload: Upload, why: String, source: Option<Arc<FilesError>>) -> UploadEvent {
    let error = FilesError::Unconfirmed {
        name: upload.name().to_owned(),
        why,
        source,
    };
    UploadEvent::File(upload, Step::Failed(error))
}
