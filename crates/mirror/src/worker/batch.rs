//! One batch: files of one run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use wandb_client::{File, TransportErrorKind};

use super::trouble::{Patience, Trouble};
use super::{Work, bring};
use crate::ledger::{Fate, Outcome, Taken, Task};
use crate::{Destination, LedgerError, MirrorError, lookup};

/// How long files under way are waited for when the worker is to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Why a batch is not done: its task goes back to the queue.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfinished {
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    #[error(transparent)]
    Ledger(#[from] Arc<LedgerError>),
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
    let destination = match work.destination(&batch.destination) {
        Ok(destination) => destination,
        Err(error) => {
            // Whoever cannot open it would take its batches from those that can, again and again.
            work.give_up(error.into());
            return Err(Unfinished::Stopped);
        }
    };
    let batch = Arc::new(batch);
    let listed = tokio::select! {
        listed = list(work, &batch) => listed,
        () = work.stopping() => return Err(Unfinished::Stopped),
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
        work.stopping().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::pin!(stopping);
    let mut left_over = false;
    loop {
        tokio::select! {
            done = files.next() => match done {
                // Others are under way still.
                Some(Err(Unfinished::Stopped)) => left_over = true,
                Some(done) => done?,
                None => break,
            },
            () = &mut stopping => return Err(Unfinished::Stopped),
        }
    }
    if left_over {
        return Err(Unfinished::Stopped);
    }
    work.ledger.close(&batch).await.map_err(MirrorError::from)?;
    Ok(())
}

/// The files of the batch as they are now, with fresh addresses; or why they cannot be had.
async fn list(work: &Work, batch: &Taken) -> Result<HashMap<String, File>, String> {
    let names: Vec<&str> = batch.files.iter().map(|(name, _)| name.as_str()).collect();
    let mut patience = Patience::new(work.patience);
    loop {
        let error = match lookup::by_name(&work.api, &batch.path, &names).await {
            Ok(files) => return Ok(files),
            Err(error) => error,
        };
        if let Some(cause) = error.transport()
            && *cause.kind() == TransportErrorKind::Authentication
        {
            // No file can be had with this credential. The files stay queued for workers that have a better one.
            work.give_up(MirrorError::Refused(error.to_string()));
            std::future::pending::<()>().await;
        }
        let trouble = Trouble::from(error);
        if !trouble.passing || !patience.wait().await {
            return Err(trouble.why);
        }
        tracing::warn!("{trouble}; trying again");
    }
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
        Ok(Some(file)) => bring::bring(&work, file, &destination, &key)
            .await
            .ok_or(Unfinished::Stopped)?,
    };
    let outcome = Outcome {
        mirror: batch.mirror,
        run: batch.run,
        name,
        batch: batch.batch,
        holder: batch.holder,
        fate,
    };
    if work.recorder.record(outcome.clone()).await? {
        work.told(format!("{}/{}", batch.path, outcome.name), &outcome.fate);
    } else if !work.ledger.holds_batch(&batch).await.map_err(MirrorError::from)? {
        return Err(Unfinished::TakenOver);
    }
    Ok(())
}
