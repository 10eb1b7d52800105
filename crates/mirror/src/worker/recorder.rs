//! What writes outcomes to the ledger: many with one statement, as they come.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::trouble::Patience;
use crate::ledger::Outcome;
use crate::{Ledger, LedgerError};

/// The most outcomes of one statement.
const AT_ONCE: usize = 256;

type Told = oneshot::Sender<Result<bool, Arc<LedgerError>>>;

/// Writes outcomes: while one statement is under way, what comes meanwhile waits for the next.
#[derive(Debug, Clone)]
pub(super) struct Recorder(mpsc::UnboundedSender<(Outcome, Told)>);

impl Recorder {
    /// `worker` is under what name the work is counted.
    pub(super) fn new(ledger: Ledger, worker: String, patience: Duration) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(write(ledger, worker, patience, receiver));
        Self(sender)
    }

    /// Notes an outcome. `false` if the batch was no longer this process's, so that it does not count. An outage of the
    /// ledger is waited for.
    pub(super) async fn record(&self, outcome: Outcome) -> Result<bool, Arc<LedgerError>> {
        let (told, written) = oneshot::channel();
        // The writer ends with the last sender only.
        let _ = self.0.send((outcome, told));
        written.await.unwrap_or(Ok(false))
    }
}

async fn write(
    ledger: Ledger,
    worker: String,
    patience: Duration,
    mut outcomes: mpsc::UnboundedReceiver<(Outcome, Told)>,
) {
    let mut waiting = Vec::new();
    while outcomes.recv_many(&mut waiting, AT_ONCE).await > 0 {
        let (outcomes, told): (Vec<Outcome>, Vec<Told>) = waiting.drain(..).unzip();
        match until_written(&ledger, &worker, &outcomes, patience).await {
            Ok(held) => {
                for (told, held) in told.into_iter().zip(held) {
                    let _ = told.send(Ok(held));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for told in told {
                    let _ = told.send(Err(Arc::clone(&error)));
                }
            }
        }
    }
}

async fn until_written(
    ledger: &Ledger,
    worker: &str,
    outcomes: &[Outcome],
    patience: Duration,
) -> Result<Vec<bool>, LedgerError> {
    let mut patience = Patience::new(patience);
    loop {
        match ledger.record(worker, outcomes).await {
            Err(error) if error.is_outage() => {
                tracing::warn!("{error}; trying again");
                if !patience.wait().await {
                    return Err(error);
                }
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Fate;

    #[tokio::test]
    async fn what_is_not_written_is_told_of_to_all() {
        let ledger = Ledger::in_memory().await.unwrap();
        let recorder = Recorder::new(ledger.clone(), "w".to_owned(), Duration::ZERO);
        ledger.disconnect().await;
        let outcome = |name: &str| Outcome {
            mirror: 1,
            run: 1,
            name: name.to_owned(),
            batch: 1,
            holder: 1,
            fate: Fate::Gone,
        };
        let (first, second) = tokio::join!(recorder.record(outcome("a")), recorder.record(outcome("b")));
        assert!(first.is_err() && second.is_err(), "{first:?} {second:?}");
    }
}
