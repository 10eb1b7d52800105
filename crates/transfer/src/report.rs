//! Tells a [`Progress`] what it must hear, and nothing twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Progress;

pub(crate) struct Report<'a> {
    progress: &'a dyn Progress,
    started: AtomicBool,
    /// Whether bytes came since the try began.
    advanced: AtomicBool,
    /// Whether any bytes count.
    counted: AtomicBool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(progress: &'a dyn Progress) -> Self {
        Self {
            progress,
            started: AtomicBool::new(false),
            advanced: AtomicBool::new(false),
            counted: AtomicBool::new(false),
        }
    }

    /// The download has begun, with so many bytes that were there before.
    pub(crate) fn start(&self, total: Option<u64>, there: u64) {
        if !self.started.swap(true, Ordering::Relaxed) {
            self.progress.started(total);
            if there > 0 {
                self.counted.store(true, Ordering::Relaxed);
                self.progress.resumed(there);
            }
        }
    }

    pub(crate) fn advance(&self, bytes: u64) {
        self.advanced.store(true, Ordering::Relaxed);
        self.counted.store(true, Ordering::Relaxed);
        self.progress.advanced(bytes);
    }

    /// Whether bytes have come since this was asked last.
    pub(crate) fn has_advanced(&self) -> bool {
        self.advanced.swap(false, Ordering::Relaxed)
    }

    /// What has come does not count.
    pub(crate) fn restart(&self) {
        if self.counted.swap(false, Ordering::Relaxed) {
            self.progress.restarted();
        }
    }
}

impl Progress for Report<'_> {
    fn retried(&self, attempt: u32, why: &str, wait: Duration) {
        self.progress.retried(attempt, why, wait);
    }
}
