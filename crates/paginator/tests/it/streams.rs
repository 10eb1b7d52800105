//! Items and pages as streams.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use wandb_paginator::{
    Collection, ConvertError, Items, Page, PageRequest, Pages, Paginator, ResponseData, Variables,
};

use crate::shelf::{Answer, Books, BooksQuery, Shelf, books};

#[tokio::test]
async fn a_stream_gives_everything() {
    let shelf = Arc::new(Shelf::new(5));
    let stream = shelf.list().per_page(2).into_stream();
    let all: Vec<String> = stream.try_collect().await.unwrap();
    assert_eq!(all, books(5));
    assert_eq!(shelf.requests(), 3);
}

#[tokio::test]
async fn a_stream_asks_for_a_page_when_it_comes_to_it() {
    let shelf = Arc::new(Shelf::new(100));
    let stream = shelf.list().per_page(10).into_stream();
    assert_eq!(shelf.requests(), 0);
    let some: Vec<_> = stream.take(10).collect().await;
    assert_eq!((some.len(), shelf.requests()), (10, 1));
}

#[tokio::test]
async fn a_stream_begins_where_next_is_with_what_is_loaded() {
    let shelf = Arc::new(Shelf::new(5));
    let mut listing = shelf.list().per_page(2);
    listing.next().await.unwrap();
    listing.get(3).await.unwrap();
    let mut stream = listing.into_stream();
    let mut got = Vec::new();
    while let Some(book) = stream.try_next().await.unwrap() {
        got.push((book, shelf.requests()));
    }
    let expected: Vec<_> = books(5).into_iter().zip([2, 2, 2, 2, 3]).skip(1).collect();
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_stream_of_what_was_all_handed_out_is_empty() {
    let shelf = Arc::new(Shelf::new(3));
    let mut listing = shelf.list();
    while listing.next().await.unwrap().is_some() {}
    assert!(listing.into_stream().next().await.is_none());
    assert_eq!(shelf.requests(), 1);
}

#[tokio::test]
async fn pages_come_as_the_server_sends_them() {
    let shelf = Arc::new(Shelf::new(3).counting());
    shelf.script([Answer::Page, Answer::Empty]);
    let pages: Vec<Page<String>> = shelf.list().per_page(2).into_pages().try_collect().await.unwrap();
    let page = |range: std::ops::Range<usize>, cursor: &str, has_next| Page {
        items: books(3)[range].to_vec(),
        end_cursor: Some(cursor.into()),
        has_next,
        total: Some(3),
    };
    assert_eq!(
        pages,
        [
            page(0..2, "2.1", true),
            page(0..0, "2.2", true),
            page(2..3, "3.3", false),
        ]
    );
}

#[tokio::test]
async fn pages_begin_with_one_of_what_is_loaded() {
    let shelf = Arc::new(Shelf::new(5));
    let mut listing = shelf.list().per_page(2);
    listing.get(3).await.unwrap();
    listing.next().await.unwrap();
    let mut pages = listing.into_pages();
    let first = pages.try_next().await.unwrap().unwrap();
    assert_eq!(first.items, &books(5)[1..4]);
    assert_eq!(first.end_cursor.unwrap().as_str(), "4.2");
    assert!(first.has_next);
    assert_eq!(shelf.requests(), 2);
    assert_eq!(pages.try_next().await.unwrap().unwrap().items, &books(5)[4..]);
    assert!(pages.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn an_empty_listing_is_one_empty_page() {
    let shelf = Arc::new(Shelf::new(0));
    let pages: Vec<_> = shelf.list().into_pages().collect().await;
    assert_eq!(pages.len(), 1);
    assert!(shelf.list().into_stream().next().await.is_none());
}

#[test]
fn all_can_be_sent_between_threads_and_polled_in_place() {
    fn sent<T: Send + Unpin>() {}
    fn shared<T: Sync>() {}
    sent::<Paginator<String>>();
    shared::<Paginator<String>>();
    sent::<Items<String>>();
    sent::<Pages<String>>();
    // An item that is pinned elsewhere does not matter.
    sent::<Items<std::marker::PhantomPinned>>();
}

/// Hands out the library's own handle with each book, so that the books that are alive can be counted.
struct Counted(Arc<()>);

impl Collection for Counted {
    type Query = BooksQuery;
    type Item = Arc<()>;

    fn update_variables(&self, variables: &mut Variables<Self>, page: PageRequest<'_>) {
        Books { identified: true }.update_variables(variables, page);
    }

    fn convert_objects(&self, response: ResponseData<Self>) -> Result<Page<Arc<()>>, ConvertError> {
        let page = Books { identified: true }.convert_objects(response)?;
        Ok(Page {
            items: page.items.iter().map(|_| Arc::clone(&self.0)).collect(),
            end_cursor: page.end_cursor,
            has_next: page.has_next,
            total: page.total,
        })
    }
}

#[tokio::test]
async fn a_stream_keeps_no_more_than_a_page() {
    let shelf = Arc::new(Shelf::new(1000));
    let alive = Arc::new(());
    let listing = shelf.list_as(Counted(Arc::clone(&alive))).per_page(10);
    let mut stream = listing.into_stream();
    let mut number = 0;
    while let Some(book) = stream.try_next().await.unwrap() {
        number += 1;
        drop(book);
        // One is ours, one the collection's.
        assert!(Arc::strong_count(&alive) < 2 + 10);
    }
    assert_eq!(number, 1000);
}
