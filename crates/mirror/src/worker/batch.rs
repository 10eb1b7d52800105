//! One batch: files of one run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use wandb_client::{ConvertErrorKind, File, FilesError, PaginatorErrorKind, TransportErrorKind};

use super::trouble::{Patience, Trouble};
use super::{Work, bring};
use crate::ledger::{Fate, Outcome, Taken, Task};
use crate::{Destination, MirrorError};

/// How long files under way are waited for when the worker is to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Why a batch is not done: its task goes back to the queue.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfinished {
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    #[error("the worker was stopped")]
    Stopped,
    #[error("another worker has taken it over")]
    TakenOver,
}

/// Moves what a batch has yet to be moved.
pub(super) async fn move_all(work: &Arc<Work>, task: Task) -> Result<(), Unfinished> {
    let Some(batch) = work.ledger.take(task.batch).await.map_err(MirrorError::from)? else {
        return Ok(());
    };
    tracing::debug!("taking {batch}");
    let destination = work.destination(&batch.destination)?;
    let batch = Arc::new(batch);
    let mut stop = work.stop.subscribe();
    let listed = tokio::select! {
        listed = list(work, &batch) => listed,
        _ = stop.wait_for(|stop| *stop) => return Err(Unfinished::Stopped),
    };
    let mut files = FuturesUnordered::new();
    for (name, key) in batch.files.clone() {
        let file = match &listed {
            Ok(files) => Ok(files.get(&name).cloned()),
            Err(why) => Err(why.clone()),
        };
        files.push(deal_with(
            Arc::clone(work),
            Arc::clone(&batch),
            destination.clone(),
            name,
            key,
            file,
        ));
    }
    let stopping = async {
        let _ = stop.wait_for(|stop| *stop).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            done = files.next() => match done {
                Some(done) => done?,
                None => break,
            },
            () = &mut stopping => return Err(Unfinished::Stopped),
        }
    }
    work.ledger.close(&batch).await.map_err(MirrorError::from)?;
    Ok(())
}

/// The files of the batch as they are now, with fresh addresses; or why they cannot be had.
async fn list(work: &Work, batch: &Taken) -> Result<HashMap<String, File>, String> {
    let mut patience = Patience::new(work.patience);
    loop {
        let error = match list_once(work, batch).await {
            Ok(files) => return Ok(files),
            Err(error) => error,
        };
        if is_no_run(&error) {
            return Ok(HashMap::new());
        }
        if let Some(cause) = error.transport()
            && *cause.kind() == TransportErrorKind::Authentication
        {
            // No file can be had with this credential. The files stay queued for workers that have a better one.
            work.give_up(error.to_string());
            std::future::pending::<()>().await;
        }
        let trouble = Trouble::from(error);
        if !trouble.passing || !patience.wait().await {
            return Err(trouble.why);
        }
        tracing::warn!("{trouble}; trying again");
    }
}

/// Whether the server has the run no more.
fn is_no_run(error: &FilesError) -> bool {
    match error {
        FilesError::NoRun { .. } => true,
        FilesError::Listing { source, .. } => {
            matches!(source.kind(), PaginatorErrorKind::Convert(error) if error.kind() == ConvertErrorKind::NotFound)
        }
        _ => false,
    }
}

async fn list_once(work: &Work, batch: &Taken) -> Result<HashMap<String, File>, FilesError> {
    let mut found = HashMap::with_capacity(batch.files.len());
    let names = batch.files.iter().map(|(name, _)| name.as_str());
    let run = work.api.run_at(batch.path.clone());
    let mut files = run
        .files()
        .names(names)
        .per_page(u32::try_from(batch.files.len()).unwrap_or(u32::MAX))
        .paginate()?
        .into_stream();
    while let Some(file) = files.next().await {
        let file = file.map_err(|source| FilesError::Listing {
            run: batch.path.clone(),
            source,
        })?;
        if !file.is_missing() {
            found.insert(file.name().to_owned(), file);
        }
    }
    Ok(found)
}

/// Moves one file, and notes what became of it.
async fn deal_with(
    work: Arc<Work>,
    batch: Arc<Taken>,
    destination: Destination,
    name: String,
    key: String,
    file: Result<Option<File>, String>,
) -> Result<(), Unfinished> {
    // Held until the outcome is noted: what is under way when a process dies is bounded by it.
    let _slot = work.slots.take().await;
    if work.is_stopping() {
        return Err(Unfinished::Stopped);
    }
    let fate = match file {
        Err(why) => Fate::Failed(why),
        Ok(None) => Fate::Gone,
        Ok(Some(file)) => bring::bring(&work, &file, &destination, &key).await,
    };
    let outcome = Outcome {
        mirror: batch.mirror,
        run: batch.run,
        name,
        batch: batch.batch,
        holder: batch.holder,
        fate,
    };
    let counts = work
        .recorder
        .record(outcome.clone())
        .await
        .map_err(MirrorError::from)?;
    if !counts && !work.ledger.holds_batch(&batch).await.map_err(MirrorError::from)? {
        return Err(Unfinished::TakenOver);
    }
    work.told(format!("{}/{}", batch.path, outcome.name), &outcome.fate);
    Ok(())
}
