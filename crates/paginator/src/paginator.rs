//! The paginator itself.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use wandb_transport::Transport;

use crate::collection::{Collection, Variables};
use crate::error::PaginatorError;
use crate::feed::Feed;
use crate::page::{Cursor, Page};
use crate::source::CollectionSource;
use crate::stream::{Items, Pages};

/// The SDK's (`wandb/apis/paginator.py`).
const PER_PAGE: u32 = 50;

/// A listing that loads its pages as they are needed, and keeps them.
///
/// - Building one sends nothing. Each method loads no more pages than it needs.
/// - After an error, or a dropped future, what was loaded stays, and the same call tries the same page again.
/// - An empty page that others follow is passed over. A server that would send it round in circles is an error.
/// - Where the server gives up on a page as too heavy, the page size is halved for the rest of the listing, down to 1.
///
/// [`into_stream`](Self::into_stream) and [`into_pages`](Self::into_pages) are for listings of any length: they keep
/// nothing.
///
/// ```
/// # use wandb_paginator::{Paginator, PaginatorError};
/// async fn print_all(mut names: Paginator<String>) -> Result<(), PaginatorError> {
///     while let Some(name) = names.next().await? {
///         println!("{name}");
///     }
///     Ok(())
/// }
/// ```
pub struct Paginator<T> {
    feed: Feed<T>,
    items: Vec<T>,
    position: usize,
    total: Option<u64>,
}

impl<T: Send + 'static> Paginator<T> {
    /// A listing of `collection`. `variables` says of what; their cursor and page size are filled in for each page.
    pub fn new<C>(transport: Arc<dyn Transport>, collection: C, variables: Variables<C>) -> Self
    where
        C: Collection<Item = T>,
    {
        let source = CollectionSource::new(transport, collection, variables);
        Self {
            feed: Feed::new(Arc::new(source), PER_PAGE),
            items: Vec::new(),
            position: 0,
            total: None,
        }
    }

    /// Asks for this many items at a time: 50 unless told, at least 1. Servers may send fewer.
    #[must_use]
    pub fn per_page(mut self, items: u32) -> Self {
        self.feed.set_size(items);
        self
    }

    /// Begins after a cursor that an earlier listing came to, instead of at the beginning. What was loaded is forgotten.
    #[must_use]
    pub fn start_after(mut self, cursor: Cursor) -> Self {
        self.feed.start_after(cursor);
        self.items.clear();
        self.position = 0;
        self.total = None;
        self
    }

    /// Fetches up to this many pages ahead of what is asked for, in a task of the tokio runtime that the first page is
    /// asked for in; 0, the default, fetches none. Never more pages than that are in flight or wait to be taken. Outside a
    /// tokio runtime nothing is fetched ahead.
    ///
    /// The task begins with the first page that is asked for, and ends with the paginator.
    #[must_use]
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.feed.set_ahead(pages);
        self
    }

    /// Asks for so many pages at the same time, once the first has shown that the server's cursors are offsets (such as
    /// `arrayconnection:199`); 1, the default, asks for one after the other. Outside a tokio runtime it has no effect.
    ///
    /// A page is taken only if it begins where the one before it ended, if both are as long as was asked for, each edge's
    /// cursor (where items keep it) is the expected one, and the server's count of the listing is the same. At the first
    /// page that differs the listing goes on with one after the other. So a listing that nobody changes is the same as
    /// without, and costs the same requests but for at most `pages` that were asked for in vain.
    ///
    /// Not the default: pages that are read at the same time are not read in their order. Where items are both put in and
    /// taken out before a place while it is read, so that the count stays, an item that was there all the time may be
    /// missing; where the server does not count, putting in is enough. With one page after the other, only taking out does
    /// that.
    #[must_use]
    pub fn pages_at_once(mut self, pages: usize) -> Self {
        self.feed.set_at_once(pages);
        self
    }

    /// The next item, `None` after the last. (SDK: `next`)
    ///
    /// # Errors
    /// Where its page cannot be loaded; called again, it tries the same page again.
    pub async fn next(&mut self) -> Result<Option<&T>, PaginatorError> {
        self.load_past(self.position).await?;
        let item = self.items.get(self.position);
        self.position += usize::from(item.is_some());
        Ok(item)
    }

    /// The item at `index`, counted from 0; `None` where the listing is shorter. Loads pages until it is there. Does not
    /// move [`next`](Self::next). (SDK: `paginator[index]`)
    ///
    /// # Errors
    /// Where a page on the way cannot be loaded.
    pub async fn get(&mut self, index: usize) -> Result<Option<&T>, PaginatorError> {
        self.load_past(index).await?;
        Ok(self.items.get(index))
    }

    /// The items of a range, as far as they exist: never a panic, nothing for a range that is reversed or beyond the end.
    /// Loads pages until the last of them is there; an open end loads all. Does not move [`next`](Self::next).
    /// (SDK: `paginator[a:b]`, which asks for a page more than it needs and refuses open ends)
    ///
    /// # Errors
    /// Where a page on the way cannot be loaded.
    pub async fn slice(&mut self, range: impl RangeBounds<usize>) -> Result<&[T], PaginatorError> {
        let start = match range.start_bound() {
            Bound::Included(&start) => Some(start),
            Bound::Excluded(&before) => before.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let last = match range.end_bound() {
            Bound::Included(&last) => Some(last),
            Bound::Excluded(&end) => end.checked_sub(1),
            Bound::Unbounded => Some(usize::MAX),
        };
        let (Some(start), Some(last)) = (start, last) else {
            return Ok(&[]);
        };
        if start > last {
            return Ok(&[]);
        }
        self.load_past(last).await?;
        let end = last.saturating_add(1).min(self.items.len());
        Ok(self.items.get(start..end).unwrap_or(&[]))
    }

    /// How many items the listing has, where that is known. Loads the first page where nothing is loaded. (SDK: `len`)
    ///
    /// It is the server's count as the latest page gave it. Where the server does not count, and after
    /// [`start_after`](Self::start_after), since the server counts from the beginning: how many were loaded once all are,
    /// and `None` before.
    ///
    /// # Errors
    /// Where the first page cannot be loaded.
    pub async fn len(&mut self) -> Result<Option<u64>, PaginatorError> {
        if self.feed.chain().pages() == 0 {
            self.load().await?;
        }
        let counted = self.total.filter(|_| !self.feed.chain().resumed());
        let all = (!self.more()).then_some(self.items.len() as u64);
        Ok(counted.or(all))
    }

    /// Lets [`next`](Self::next) begin again at the first item. Nothing is asked for again. (SDK: `iter`)
    pub fn rewind(&mut self) {
        self.position = 0;
    }

    /// Where the next page begins, for [`start_after`](Self::start_after) in a later listing; once all is loaded, where
    /// the last page ended. `None` is the beginning. (SDK: `cursor`)
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.feed.chain().cursor()
    }

    /// Whether there is more than what is loaded, as far as is known: true before the first page. (SDK: `more`)
    #[must_use]
    pub fn more(&self) -> bool {
        self.feed.chain().more()
    }

    /// All that was loaded, from the first item on.
    #[must_use]
    pub fn loaded(&self) -> &[T] {
        &self.items
    }

    /// All items from the position of [`next`](Self::next) on, first those that are loaded. Keeps nothing: the memory
    /// that it takes is one page's (and those fetched ahead), whatever the length.
    ///
    /// ```
    /// # use wandb_paginator::{Paginator, PaginatorError};
    /// # async fn example(names: Paginator<String>) -> Result<(), PaginatorError> {
    /// let mut names = names.into_stream();
    /// while let Some(name) = names.try_next().await? {
    ///     println!("{name}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_stream(self) -> Items<T> {
        Items::new(self.into_pages())
    }

    /// All pages from the position of [`next`](Self::next) on. What is loaded and not yet handed out comes first, as one
    /// page; then those of the server as they come, empty ones too. A page's `end_cursor` is what
    /// [`start_after`](Self::start_after) takes to go on after it.
    #[must_use]
    pub fn into_pages(mut self) -> Pages<T> {
        let items = self.items.split_off(self.position);
        let chain = self.feed.chain();
        let loaded = (!items.is_empty()).then(|| Page {
            items,
            end_cursor: chain.cursor().cloned(),
            has_next: chain.more(),
            total: self.total,
        });
        Pages::new(loaded, self.feed)
    }

    /// Loads pages until the item at `index` is there, or all are.
    async fn load_past(&mut self, index: usize) -> Result<(), PaginatorError> {
        while self.items.len() <= index && self.load().await? {}
        Ok(())
    }

    /// Loads the next page; false where there is none.
    async fn load(&mut self) -> Result<bool, PaginatorError> {
        let Some(page) = self.feed.next_page().await? else {
            return Ok(false);
        };
        self.items.extend(page.items);
        self.total = page.total;
        Ok(true)
    }
}

impl<T: Send + 'static> fmt::Debug for Paginator<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginator")
            .field("operation", &self.feed.operation())
            .field("loaded", &self.items.len())
            .field("position", &self.position)
            .field("cursor", &self.cursor())
            .field("more", &self.more())
            .finish_non_exhaustive()
    }
}
