//! Pages of listings, and what the ledger makes of them.

use super::super::resource::micros;
use super::{Event, Simulation, count};

impl Simulation<'_> {
    /// Files of a listing's next page, or of as many pages as a chain has files.
    fn page(&self, listing: usize) -> u64 {
        let page = count(self.values.page_files) as u64 * u64::from(self.grain);
        self.listings[listing].min(page)
    }

    fn pages(&self, listing: usize) -> f64 {
        (self.page(listing) as f64 / self.values.page_files).ceil()
    }

    pub(super) fn ask_for_page(&mut self, listing: usize) {
        let pages = self.pages(listing);
        let call = listing * self.plan.calls as usize / self.listings.len();
        let key = call % self.keys.len();
        let sent = self.ask(key, pages);
        let come = sent + micros(pages * self.values.page_ms / 1e3);
        self.at(come, Event::Listed(listing));
    }

    pub(super) fn page_listed(&mut self, listing: usize) {
        let rows = self.page(listing) as f64;
        let mut takes = rows * self.values.ledger_listed_ms / 1e3;
        if !self.plan.again {
            let tasks = rows / self.values.batch_files;
            takes += tasks * self.values.ledger_task_ms / 1e3 / 2.0;
        }
        let written = self.ledger.take(self.now, takes);
        self.at(written, Event::Written(listing));
    }

    pub(super) fn page_written(&mut self, listing: usize) {
        let mut files = self.page(listing);
        self.listings[listing] -= files;
        if self.listings[listing] > 0 {
            self.ask_for_page(listing);
        }
        if self.plan.again {
            return;
        }
        while files > 0 {
            let chain = u32::try_from(files).unwrap_or(u32::MAX).min(self.grain);
            self.queue.push_back(chain);
            files -= u64::from(chain);
        }
        self.wake();
    }
}
