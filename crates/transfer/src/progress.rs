//! How a download tells what it has done so far.

/// Hears of a download's bytes as they come. Every method does nothing unless it is written, and `()` listens to none.
///
/// The calls come from the task that drives the download, in order: [`started`](Self::started) once the server has
/// agreed to send, [`advanced`](Self::advanced) for every piece, [`restarted`](Self::restarted) when what has come so
/// far is thrown away and the next try begins at nothing. They should return at once.
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
    /// Bytes are about to come: `total` of them, where that is known. Called once a download, whatever the tries.
    fn started(&self, total: Option<u64>) {
        let _ = total;
    }

    /// `bytes` more have come over the network.
    fn advanced(&self, bytes: u64) {
        let _ = bytes;
    }

    /// What has come so far does not count: the download begins again.
    fn restarted(&self) {}
}

impl Progress for () {}
