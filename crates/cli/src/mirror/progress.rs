//! How much of a mirror is moved, as a bar.

use indicatif::ProgressBar;
use wandb_mirror::Moved;

use crate::console::Console;
use crate::progress;

/// A bar of what is to be moved, as far as it is known, and what this process has moved of it.
pub(super) struct Bar {
    bar: ProgressBar,
    expected: u64,
    dealt_with: u64,
}

impl Bar {
    pub(super) fn new(console: &Console) -> Self {
        Self {
            bar: progress::total(console),
            expected: 0,
            dealt_with: 0,
        }
    }

    pub(super) fn expect(&mut self, more: Moved) {
        self.expected += more.files;
        self.bar.inc_length(more.bytes);
        self.show();
    }

    /// A file is dealt with, be it moved or not.
    pub(super) fn dealt_with(&mut self, bytes: u64) {
        self.dealt_with += 1;
        // What earlier calls queued of other runs was not expected.
        if self.dealt_with > self.expected {
            self.expected += 1;
            self.bar.inc_length(bytes);
        }
        self.bar.inc(bytes);
        self.show();
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        self.bar
            .set_prefix(format!("{} of {} files", self.dealt_with, self.expected));
    }
}
