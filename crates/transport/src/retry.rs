//! Retries, as a transport round a transport.

use async_trait::async_trait;
use url::Url;
use wandb_http::{Pace, RetryConfig, RetryState, Verdict};

use crate::Transport;
use crate::error::{TransportError, TransportErrorKind};
use crate::operation::Operation;
use crate::reply::Reply;

/// Sends again what failed for a reason that passes.
///
/// - Queries, and mutations marked idempotent: after HTTP 408, 429 and 5xx, a broken connection, or silence.
/// - Other mutations: only where they cannot have been carried out, that is after 429 and where no connection was made.
/// - A query that the server gave up on as too heavy is asked once more, not more often:
///   [`TransportError::is_too_heavy`] tells the layers above to ask for less.
///
/// How often and how long is [`RetryConfig`]'s; a wait that the server asks for is kept to. Each retry is logged as a
/// `tracing` warning.
#[derive(Debug, Clone)]
pub struct Retry<T> {
    inner: T,
    config: RetryConfig,
    pace: Option<(Pace, Url)>,
}

impl<T> Retry<T> {
    /// `inner` with retries.
    pub fn new(inner: T, config: RetryConfig) -> Self {
        Self {
            inner,
            config,
            pace: None,
        }
    }

    /// Waits together with all other requests to the host of `base` that hold a clone of `pace`, when the server asks
    /// one of them to wait. `base` is where `inner` sends to.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace, base: &Url) -> Self {
        self.pace = Some((pace, base.clone()));
        self
    }
}

#[async_trait]
impl<T: Transport> Transport for Retry<T> {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        let mut state = RetryState::new(self.config);
        let mut heavy = 0;
        loop {
            if let Some((pace, base)) = &self.pace {
                pace.ready(base).await;
            }
            let outcome = self.inner.send(operation.clone()).await;
            if let (Some((pace, base)), Ok(reply)) = (&self.pace, &outcome) {
                pace.heard(base, reply.status, reply.retry_after, &self.config);
            }
            let worth_it = match &outcome {
                Ok(reply) => {
                    let too_heavy = reply.is_too_heavy();
                    heavy += u32::from(too_heavy);
                    let passes = status_passes(reply.status, &operation);
                    heavy < 2 && (passes || (too_heavy && operation.is_repeatable()))
                }
                Err(error) => error_passes(error, &operation),
            };
            let asked = outcome.as_ref().ok().and_then(|reply| reply.retry_after);
            let verdict = if worth_it { Some(state.failed(asked)) } else { None };
            let Some(Verdict::RetryAfter(wait)) = verdict else {
                let attempts = if verdict.is_some() {
                    state.attempts()
                } else {
                    state.attempts() + 1
                };
                return match outcome {
                    Ok(reply) => Ok(Reply { attempts, ..reply }),
                    Err(error) => Err(error.with_attempts(attempts)),
                };
            };
            let reason = match &outcome {
                Ok(reply) => format!(
                    "{}: {} answered HTTP {}",
                    operation.name(),
                    reply.from,
                    reply.status
                ),
                Err(error) => error.to_string(),
            };
            tracing::warn!("{reason}; trying again in {:.1} s", wait.as_secs_f64());
            tokio::time::sleep(wait).await;
        }
    }
}

fn status_passes(status: u16, operation: &Operation) -> bool {
    status == 429 || (operation.is_repeatable() && matches!(status, 408 | 500..=599) && status != 501)
}

fn error_passes(error: &TransportError, operation: &Operation) -> bool {
    match error.kind() {
        TransportErrorKind::Network { before_sending } => *before_sending || operation.is_repeatable(),
        TransportErrorKind::Timeout => operation.is_repeatable(),
        _ => false,
    }
}
