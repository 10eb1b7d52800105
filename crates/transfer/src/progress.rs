//! How a transfer tells what it has done so far.

use std::time::Duration;

/// Hears of a transfer's bytes as they come or go. Every method does nothing unless it is written, and `()` listens to
/// none.
///
/// The calls come from the task that drives the transfer, in order: [`started`](Self::started) once the server has
/// agreed to send, or is about to be sent something, [`advanced`](Self::advanced) for every piece,
/// [`restarted`](Self::restarted) when what has been done so far is thrown away and the next try begins at nothing,
/// [`retried`](Self::retried) before every other try, [`resumed`](Self::resumed) when bytes that an earlier run left are
/// taken up, by a download. They should return at once.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use wandb_transfer::Progress;
///
/// #[derive(Default)]
/// struct Counter(AtomicU64);
///
/// impl Progress for Counter {
///     fn advanced(&self, bytes: u64) {
///         self.0.fetch_add(bytes, Ordering::Relaxed);
///     }
///     fn restarted(&self) {
///         self.0.store(0, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Progress: Send + Sync {
    /// Bytes are about to move: `total` of them, where that is known. Called once a transfer, whatever the tries.
    fn started(&self, total: Option<u64>) {
        let _ = total;
    }

    /// `bytes` more have come over the network, or were handed to it.
    fn advanced(&self, bytes: u64) {
        let _ = bytes;
    }

    /// What was done so far, and what was [`resumed`](Self::resumed), does not count: the transfer begins again.
    fn restarted(&self) {}

    /// `bytes` of the total were on the disk already, from a run that did not end, and need not come again.
    fn resumed(&self, bytes: u64) {
        let _ = bytes;
    }

    /// The try `attempt`, counted from 1, has failed: `why` says how, without any secret. The next one starts after
    /// `wait`. Of a file that comes in parts, each part counts its own tries.
    fn retried(&self, attempt: u32, why: &str, wait: Duration) {
        let _ = (attempt, why, wait);
    }
}

impl Progress for () {}
