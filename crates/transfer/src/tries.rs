//! Counts the tries of one transfer and waits between them.

use std::fmt::Display;
use std::time::{Duration, Instant};

use wandb_http::{RetryConfig, RetryState, Verdict};

use crate::error::{Again, Failure};
use crate::{Progress, TransferError};

const REFETCHES: u32 = 1;
const RENEWALS: u32 = 2;

#[derive(Debug)]
pub(crate) struct Tries {
    state: RetryState,
    refetched: u32,
    renewed: u32,
    started: Instant,
}

impl Tries {
    pub(crate) fn new(config: RetryConfig) -> Self {
        Self {
            state: RetryState::new(config),
            refetched: 0,
            renewed: 0,
            started: Instant::now(),
        }
    }

    /// Bytes have come: the policy bounds the time in which nothing is achieved, not that of a large file.
    pub(crate) fn progressed(&mut self) {
        self.state.restart_clock();
    }

    /// Waits before the next try, or gives the error that ends them; `doing` is what was attempted, and
    /// `progress` hears of the wait.
    pub(crate) async fn again(
        &mut self,
        doing: &(dyn Display + Sync),
        failure: Failure,
        progress: &dyn Progress,
    ) -> Result<(), TransferError> {
        match self.wait_before_next(&failure) {
            Some(wait) => {
                progress.retried(self.state.attempts(), failure.what(), wait);
                tracing::debug!(?wait, failure = failure.what(), "trying again to {doing}");
                tokio::time::sleep(wait).await;
                Ok(())
            }
            None => {
                let (attempts, elapsed) = (self.state.attempts(), self.started.elapsed());
                Err(TransferError::new(doing, failure, attempts, elapsed))
            }
        }
    }

    fn wait_before_next(&mut self, failure: &Failure) -> Option<Duration> {
        let (asked, allowed) = match failure.again {
            Again::No => (None, false),
            Again::Policy(asked) => (asked, true),
            Again::Refetch => (None, count(&mut self.refetched) <= REFETCHES),
            Again::Renew => (None, count(&mut self.renewed) <= RENEWALS),
        };
        match self.state.failed(asked) {
            Verdict::RetryAfter(wait) if allowed => Some(wait),
            _ => None,
        }
    }
}

fn count(counter: &mut u32) -> u32 {
    *counter += 1;
    *counter
}
