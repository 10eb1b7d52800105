//! Which page comes next, and whether a page may be taken: the state of a listing, without any I/O.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::error::Cause;
use crate::page::{Cursor, Page};

/// How many identities are remembered: enough for what is added to a busy listing between two pages.
const REMEMBERED: usize = 10_000;

/// The pages taken so far. It changes in [`accept`](Self::accept) alone, and only for a page that is whole and sound.
#[derive(Debug)]
pub(crate) struct Chain {
    cursor: Option<Cursor>,
    more: bool,
    pages: u64,
    items: u64,
    resumed: bool,
    /// Hashes of all cursors, 8 bytes each: a listing may have millions of pages.
    cursors: HashSet<u64>,
    identities: Window,
    hasher: RandomState,
}

impl Chain {
    pub(crate) fn new(start_after: Option<Cursor>) -> Self {
        let hasher = RandomState::new();
        let cursor = start_after.filter(|cursor| !cursor.is_empty());
        Self {
            more: true,
            pages: 0,
            items: 0,
            resumed: cursor.is_some(),
            cursors: cursor.iter().map(|cursor| hasher.hash_one(cursor)).collect(),
            identities: Window::default(),
            cursor,
            hasher,
        }
    }

    /// Where the next page begins; once there is none, where the last one ended.
    pub(crate) fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// Whether another page is to be asked for.
    pub(crate) fn more(&self) -> bool {
        self.more
    }

    /// How many pages were taken.
    pub(crate) fn pages(&self) -> u64 {
        self.pages
    }

    /// How many items came with them.
    pub(crate) fn items(&self) -> u64 {
        self.items
    }

    /// Whether the listing begins elsewhere than at the server's own beginning.
    pub(crate) fn resumed(&self) -> bool {
        self.resumed
    }

    /// Takes the next page, without the items that came before; or says why it cannot follow, and changes nothing.
    pub(crate) fn accept<T>(
        &mut self,
        mut page: Page<T>,
        identity: impl Fn(&T) -> Option<&str>,
    ) -> Result<Page<T>, Cause> {
        let end = page.end_cursor();
        if page.has_next {
            let end = end.ok_or(Cause::MissingCursor)?;
            if !self.cursors.insert(self.hasher.hash_one(end)) {
                return Err(Cause::RepeatedCursor(end.clone()));
            }
        }
        // A last page that is empty may lack a cursor: the one before still tells where the listing ended.
        if let Some(end) = end {
            self.cursor = Some(end.clone());
        }
        let (identities, hasher) = (&mut self.identities, &self.hasher);
        page.items.retain(|item| {
            identity(item).is_none_or(|identity| identities.insert(hasher.hash_one(identity)))
        });
        self.more = page.has_next;
        self.pages += 1;
        self.items += page.items.len() as u64;
        Ok(page)
    }
}

/// The last so many hashes.
#[derive(Debug, Default)]
struct Window {
    order: VecDeque<u64>,
    known: HashSet<u64>,
}

impl Window {
    /// False where it is known already.
    fn insert(&mut self, hash: u64) -> bool {
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
