//! What the library tells of a download, as bars.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use wandb_client::Progress;

use crate::console::Console;
use crate::escape::printable;

/// Files below this size are done before anyone could read their bar.
const WORTH_A_BAR: u64 = 4 << 20;
/// Bars of single files at a time.
const BARS: usize = 6;

/// The bars of one `wbf get`: one over all, and one for each larger file under way.
pub(crate) struct Bars {
    console: Console,
    total: ProgressBar,
}

impl Bars {
    pub(crate) fn new(console: &Console) -> Self {
        let total = if console.draws() {
            console.bars().add(ProgressBar::new(0))
        } else {
            ProgressBar::hidden()
        };
        total.set_style(style(
            "{prefix}  {wide_bar}  {bytes}/{total_bytes}  {bytes_per_sec}  {eta}",
        ));
        total.enable_steady_tick(Duration::from_millis(200));
        Self {
            console: console.clone(),
            total,
        }
    }

    /// One more file of this size is to come.
    pub(crate) fn expect(&self, size: u64) {
        self.total.inc_length(size);
    }

    /// Shows how many files are done.
    pub(crate) fn count(&self, done: u64) {
        self.total.set_prefix(format!("{done} files"));
    }

    pub(crate) fn finish(&self) {
        self.total.finish_and_clear();
    }

    pub(crate) fn file(&self, name: &str, size: u64, others: usize) -> FileBar {
        let bar = if self.console.draws() && size >= WORTH_A_BAR && others < BARS {
            let bar = self
                .console
                .bars()
                .insert_before(&self.total, ProgressBar::new(size));
            bar.set_style(style("  {bytes:>10}/{total_bytes:<10} {percent:>3}%  {wide_msg}"));
            bar.set_message(printable(name).into_owned());
            Some(bar)
        } else {
            None
        };
        FileBar {
            total: self.total.clone(),
            bar,
            moved: 0.into(),
        }
    }
}

/// The progress of one file.
pub(crate) struct FileBar {
    total: ProgressBar,
    bar: Option<ProgressBar>,
    moved: std::sync::atomic::AtomicU64,
}

impl Progress for FileBar {
    fn advanced(&self, bytes: u64) {
        self.moved.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
        self.total.inc(bytes);
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    fn restarted(&self) {
        let moved = self.moved.swap(0, std::sync::atomic::Ordering::Relaxed);
        self.total.dec(moved);
        if let Some(bar) = &self.bar {
            bar.set_position(0);
        }
    }
}

impl Drop for FileBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
