//! What the library tells of files under way, as bars.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use wandb_client::{FilesError, Step};

use crate::console::Console;
use crate::escape::printable;

/// Files below this size are done before anyone could read their bar.
const WORTH_A_BAR: u64 = 4 << 20;
/// Bars of single files at a time.
const BARS: usize = 6;

/// The bars of one command: one over all, and one for each larger file under way.
pub(crate) struct Bars {
    console: Console,
    total: ProgressBar,
    /// The files under way.
    files: HashMap<String, Shown>,
}

/// What is shown of one file.
struct Shown {
    bytes: u64,
    bar: Option<ProgressBar>,
}

impl Bars {
    pub(crate) fn new(console: &Console) -> Self {
        Self {
            console: console.clone(),
            total: total(console),
            files: HashMap::new(),
        }
    }

    /// Shows what happened to the file of this name, of so many bytes in all.
    pub(crate) fn step<D>(&mut self, name: &str, size: u64, step: &Step<FilesError, D>) {
        match step {
            Step::Started => self.start(name, size),
            Step::Progress { bytes, .. } => self.set(name, *bytes),
            Step::Finished(_) => {
                self.end(name, size);
            }
            Step::Skipped(_) | Step::Failed(_) => self.give_up(name, size),
            _ => {}
        }
    }

    /// Shows how many files are done.
    pub(crate) fn count(&self, done: u64) {
        self.total.set_prefix(format!("{done} files"));
    }

    pub(crate) fn finish(&mut self) {
        self.files.clear();
        self.total.finish_and_clear();
    }

    fn start(&mut self, name: &str, size: u64) {
        self.total.inc_length(size);
        let others = self.files.values().filter(|shown| shown.bar.is_some()).count();
        let bar = (self.console.draws() && size >= WORTH_A_BAR && others < BARS).then(|| {
            let bar = ProgressBar::new(size);
            let bar = self.console.bars().insert_before(&self.total, bar);
            bar.set_style(style("  {bytes:>10}/{total_bytes:<10} {percent:>3}%  {wide_msg}"));
            bar.set_message(printable(name).into_owned());
            bar
        });
        self.files.insert(name.to_owned(), Shown { bytes: 0, bar });
    }

    /// `bytes` of the file are there now.
    fn set(&mut self, name: &str, bytes: u64) {
        let Some(shown) = self.files.get_mut(name) else {
            return;
        };
        if bytes >= shown.bytes {
            self.total.inc(bytes - shown.bytes);
        } else {
            self.total.dec(shown.bytes - bytes);
        }
        shown.bytes = bytes;
        if let Some(bar) = &shown.bar {
            bar.set_position(bytes);
        }
    }

    /// Nothing came of the file, and nothing will.
    fn give_up(&mut self, name: &str, size: u64) {
        if self.end(name, 0) {
            self.total.dec_length(size);
        }
    }

    /// The file is under way no more, with `bytes` of it there; whether it was under way at all.
    fn end(&mut self, name: &str, bytes: u64) -> bool {
        self.set(name, bytes);
        self.files.remove(name).is_some()
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The bar over all files, of bytes, with their number as its prefix.
pub(crate) fn total(console: &Console) -> ProgressBar {
    let total = if console.draws() {
        console.bars().add(ProgressBar::new(0))
    } else {
        ProgressBar::hidden()
    };
    total.set_style(style(
        "{prefix}  {wide_bar}  {bytes}/{total_bytes}  {bytes_per_sec}  {eta}",
    ));
    total.enable_steady_tick(Duration::from_millis(200));
    total
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
