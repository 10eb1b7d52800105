//! What goes wrong with a file, and whether waiting helps.

use std::fmt;
use std::time::{Duration, Instant};

use wandb_client::{FilesError, TransferError, TransferErrorKind, TransportErrorKind};

use crate::{DestinationError, PutError};

/// What went wrong.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Whether it may be nothing but an outage.
    pub(super) passing: bool,
    /// Whether it is the server, or its storage, rather than the destination.
    pub(super) at_source: bool,
    pub(super) why: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl From<FilesError> for Trouble {
    fn from(error: FilesError) -> Self {
        if let FilesError::Transfer(error) = &error {
            return Self::from_transfer(error);
        }
        let passing = error.transport().is_some_and(|error| match error.kind() {
            TransportErrorKind::RateLimited { .. }
            | TransportErrorKind::Network { .. }
            | TransportErrorKind::Timeout => true,
            TransportErrorKind::BadAnswer { status, .. } => *status >= 500,
            _ => false,
        });
        Self {
            passing,
            at_source: true,
            why: error.to_string(),
        }
    }
}

impl Trouble {
    fn from_transfer(error: &TransferError) -> Self {
        let passing = matches!(
            error.kind(),
            TransferErrorKind::RateLimited
                | TransferErrorKind::Server
                | TransferErrorKind::Network
                | TransferErrorKind::Timeout
        );
        Self {
            passing,
            at_source: true,
            why: error.to_string(),
        }
    }
}

impl From<DestinationError> for Trouble {
    fn from(error: DestinationError) -> Self {
        Self {
            passing: error.is_outage(),
            at_source: false,
            why: error.to_string(),
        }
    }
}

impl From<PutError<TransferError>> for Trouble {
    fn from(error: PutError<TransferError>) -> Self {
        match error {
            PutError::Source(error) => Self::from_transfer(&error),
            PutError::Destination(error) => error.into(),
            PutError::Wrong(wrong) => Self {
                passing: false,
                at_source: true,
                why: wrong.to_string(),
            },
        }
    }
}

/// The waits of one thing that is tried until it works, or patience is at an end.
pub(super) struct Patience {
    since: Instant,
    patience: Duration,
    next: Duration,
}

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(15);

impl Patience {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            since: Instant::now(),
            patience,
            next: Duration::from_millis(500),
        }
    }

    /// Waits, and says whether to try again.
    pub(super) async fn wait(&mut self) -> bool {
        if self.since.elapsed() >= self.patience {
            return false;
        }
        // Not all in the same moment.
        tokio::time::sleep(self.next.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        self.next = (self.next * 2).min(LONGEST);
        true
    }
}
