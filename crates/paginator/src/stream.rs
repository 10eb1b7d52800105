//! Items and pages as streams that keep nothing.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures::Stream;
use futures::future::{BoxFuture, poll_fn};

use crate::error::PaginatorError;
use crate::feed::Feed;
use crate::page::Page;

/// The pages of a listing: what [`Paginator::into_pages`](crate::Paginator::into_pages) gives.
///
/// Keeps nothing but the page that is being loaded. After an error it can be asked again and tries the same page again.
pub struct Pages<T> {
    loaded: Option<Page<T>>,
    /// Present between two pages; while one is loaded, `loading` has it.
    feed: Option<Feed<T>>,
    loading: Option<Loading<T>>,
}

type Loading<T> = BoxFuture<'static, (Feed<T>, Result<Option<Page<T>>, PaginatorError>)>;

impl<T: Send + 'static> Pages<T> {
    pub(crate) fn new(loaded: Option<Page<T>>, feed: Feed<T>) -> Self {
        Self {
            loaded,
            feed: Some(feed),
            loading: None,
        }
    }

    /// The next page, `None` after the last. A dropped future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Page<T>, PaginatorError>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// The next page, for `while let Some(page) = pages.try_next().await? {}`.
    ///
    /// # Errors
    /// Where the page cannot be loaded; called again, it tries the same page again.
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>, PaginatorError> {
        self.next().await.transpose()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Page<T>, PaginatorError>>> {
        if let Some(page) = self.loaded.take() {
            return Poll::Ready(Some(Ok(page)));
        }
        if let Some(mut feed) = self.feed.take() {
            self.loading = Some(Box::pin(async move {
                let page = feed.next_page().await;
                (feed, page)
            }));
        }
        let Some(loading) = &mut self.loading else {
            return Poll::Ready(None);
        };
        let (feed, page) = ready!(loading.as_mut().poll(context));
        self.loading = None;
        self.feed = Some(feed);
        Poll::Ready(page.transpose())
    }
}

impl<T: Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>, PaginatorError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

/// The items of a listing: what [`Paginator::into_stream`](crate::Paginator::into_stream) gives.
///
/// Keeps nothing but the page that is being handed out. After an error it can be asked again and tries the same page again.
pub struct Items<T> {
    items: vec::IntoIter<T>,
    pages: Pages<T>,
}

impl<T: Send + 'static> Items<T> {
    pub(crate) fn new(pages: Pages<T>) -> Self {
        Self {
            items: Vec::new().into_iter(),
            pages,
        }
    }

    /// The next item, `None` after the last. A dropped future loses nothing.
    pub async fn next(&mut self) -> Option<Result<T, PaginatorError>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// The next item, for `while let Some(item) = items.try_next().await? {}`.
    ///
    /// # Errors
    /// Where the item's page cannot be loaded; called again, it tries the same page again.
    pub async fn try_next(&mut self) -> Result<Option<T>, PaginatorError> {
        self.next().await.transpose()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, PaginatorError>>> {
        loop {
            if let Some(item) = self.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.poll(context)) {
                Some(Ok(page)) => self.items = page.items.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Send + 'static> Stream for Items<T> {
    type Item = Result<T, PaginatorError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.items.len(), None)
    }
}

// Neither ever pins an item.
impl<T> Unpin for Pages<T> {}
impl<T> Unpin for Items<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("at_hand", &self.items.len())
            .finish_non_exhaustive()
    }
}
