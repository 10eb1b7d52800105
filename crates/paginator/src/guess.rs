//! Several pages at once, of a listing whose cursors are offsets.

use std::sync::Arc;

use futures::stream::{FuturesOrdered, StreamExt as _};
use tokio::sync::mpsc;

use crate::offset::Offset;
use crate::page::{Cursor, Page, PageRequest};
use crate::prefetch::Fetched;
use crate::source::PageSource;

/// How it ended.
pub(crate) enum Ended {
    /// All pages are there, or nobody wants them any more.
    Done,
    /// Guesses do not hold: what follows this cursor is to be asked for page by page.
    Serial(Cursor),
}

/// Asks for the pages behind `page`, `at_once` at a time, at the places where they begin if cursors are offsets, and sends
/// them on in their order.
///
/// A page is taken only where it begins with the very cursor that the page before it ended with. What the first look at
/// the listing said of its length has to hold as well: where it changes, the listing changed, and pages that were asked for at
/// the same time may not belong together.
pub(crate) async fn run<T: Send>(
    source: &Arc<dyn PageSource<T>>,
    page: &Shape,
    size: u32,
    at_once: usize,
    pages: &mpsc::Sender<Fetched<T>>,
) -> Ended {
    let ask = |begin: Cursor| {
        let source = Arc::clone(source);
        async move {
            let request = PageRequest {
                cursor: Some(&begin),
                size,
            };
            let outcome = source.ask(request).await;
            (begin, outcome)
        }
    };
    let mut end = page.end.clone();
    let Some(first) = page.fits(size) else {
        return Ended::Serial(end);
    };
    let mut asked = 0;
    let mut window = FuturesOrdered::new();
    loop {
        let place = asked * u64::from(size);
        let beyond = page.total.is_some_and(|total| first.items() + place >= total);
        // One is asked for in any case: what the server counts may not be what it lists.
        if window.len() < at_once && (window.is_empty() || !beyond) {
            window.push_back(ask(first.plus(place)));
            asked += 1;
            continue;
        }
        let Some((begin, outcome)) = window.next().await else {
            return Ended::Serial(end);
        };
        let Ok(next) = outcome else {
            // Asked for again by itself, it fails again or does not.
            return Ended::Serial(end);
        };
        if begin != end || next.total != page.total {
            return Ended::Serial(end);
        }
        let shape = Shape::of(&next, source.as_ref(), Some(&begin));
        let Ok(place) = pages.reserve().await else {
            return Ended::Done;
        };
        place.send(Fetched {
            outcome: Ok(next),
            size,
        });
        match shape {
            None => return Ended::Done,
            Some(shape) if shape.fits(size).is_some() => end = shape.end,
            Some(shape) => return Ended::Serial(shape.end),
        }
    }
}

/// What is looked at of a page that others follow.
pub(crate) struct Shape {
    begin: Option<Cursor>,
    pub(crate) end: Cursor,
    items: usize,
    /// Whether each item has the cursor that an offset would have.
    counted: bool,
    total: Option<u64>,
}

impl Shape {
    /// `None` where it is the last page, or lacks the cursor of the next one.
    pub(crate) fn of<T>(page: &Page<T>, source: &dyn PageSource<T>, begin: Option<&Cursor>) -> Option<Self> {
        let end = page.end_cursor().filter(|_| page.has_next)?.clone();
        let count = page.items.len() as u64;
        let counted = Offset::of(&end).is_some_and(|last| {
            let items = (0..count).rev().zip(&page.items);
            items.into_iter().all(|(behind, item)| {
                let wanted = last.minus(behind);
                source
                    .cursor(item)
                    .is_none_or(|cursor| wanted.is_some_and(|wanted| wanted == *cursor))
            })
        });
        Some(Self {
            begin: begin.cloned(),
            end,
            items: page.items.len(),
            counted,
            total: page.total,
        })
    }

    /// Where it ended, if it is as long as was asked for and its cursors are offsets.
    fn fits(&self, size: u32) -> Option<Offset> {
        let end = Offset::of(&self.end).filter(|_| self.counted && self.items == size as usize)?;
        let follows = match &self.begin {
            Some(begin) => Offset::of(begin)?.plus(u64::from(size)) == self.end,
            None => end.items() == u64::from(size),
        };
        follows.then_some(end)
    }
}
