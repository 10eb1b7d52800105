//! One page after the other, fetched on demand or ahead.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::chain::Chain;
use crate::error::{Cause, PaginatorError, Place};
use crate::page::{Cursor, Page};
use crate::prefetch::Prefetch;
use crate::source::{PageSource, fetch};

/// The pages of a listing. What was taken is known to the chain alone, so that a future dropped anywhere, or a prefetch
/// that is gone, costs a request but no page.
pub(crate) struct Feed<T> {
    source: Arc<dyn PageSource<T>>,
    chain: Chain,
    size: u32,
    ahead: usize,
    at_once: usize,
    prefetch: Option<Prefetch<T>>,
}

impl<T: Send + 'static> Feed<T> {
    pub(crate) fn new(source: Arc<dyn PageSource<T>>, size: u32) -> Self {
        Self {
            source,
            chain: Chain::new(None),
            size,
            ahead: 0,
            at_once: 1,
            prefetch: None,
        }
    }

    pub(crate) fn set_size(&mut self, size: u32) {
        self.prefetch = None;
        self.size = size.max(1);
    }

    pub(crate) fn set_ahead(&mut self, pages: usize) {
        self.prefetch = None;
        self.ahead = pages;
    }

    pub(crate) fn set_at_once(&mut self, pages: usize) {
        self.prefetch = None;
        self.at_once = pages.max(1);
    }

    pub(crate) fn start_after(&mut self, cursor: Cursor) {
        self.prefetch = None;
        self.chain = Chain::new(Some(cursor));
    }

    pub(crate) fn operation(&self) -> &'static str {
        self.source.operation()
    }

    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The next page; `None` after the last, without a request.
    pub(crate) async fn next_page(&mut self) -> Result<Option<Page<T>>, PaginatorError> {
        if !self.chain.more() {
            return Ok(None);
        }
        let fetched = self.fetch().await;
        let source = &self.source;
        match fetched.and_then(|page| self.chain.accept(page, |item| source.identity(item))) {
            Ok(page) => Ok(Some(page)),
            Err(cause) => {
                self.prefetch = None;
                Err(PaginatorError::new(self.place(), cause))
            }
        }
    }

    async fn fetch(&mut self) -> Result<Page<T>, Cause> {
        let ahead = self.ahead.max(if self.at_once > 1 { self.at_once } else { 0 });
        let fetched = match Handle::try_current() {
            Ok(runtime) if ahead > 0 => {
                let prefetch = self.prefetch.get_or_insert_with(|| {
                    let (source, cursor) = (Arc::clone(&self.source), self.chain.cursor().cloned());
                    Prefetch::start(&runtime, (ahead, self.at_once), source, cursor, self.size)
                });
                prefetch.next().await
            }
            _ => None,
        };
        if let Some(fetched) = fetched {
            self.size = fetched.size;
            return fetched.outcome;
        }
        self.prefetch = None;
        fetch(&*self.source, self.chain.cursor(), &mut self.size).await
    }

    fn place(&self) -> Place {
        Place {
            operation: self.source.operation(),
            page: self.chain.pages() + 1,
            after: self.chain.cursor().cloned(),
            size: self.size,
            loaded: self.chain.items(),
        }
    }
}
