//! Pages that are fetched ahead.

use std::sync::Arc;
use std::task::Poll;

use wandb_paginator::{Collection, ConvertError, Page, PageRequest, ResponseData, Variables};

use crate::faults::poll_once;
use crate::shelf::{Answer, Asked, Books, BooksQuery, Shelf, books};

/// Lets tasks run until they cannot go on: nothing here waits for time or sockets.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn so_many_pages_are_fetched_ahead_and_no_more() {
    for ahead in 1..4 {
        let shelf = Arc::new(Shelf::new(10));
        let mut listing = shelf.list().per_page(1).prefetch(ahead);
        for taken in 1..10 {
            listing.next().await.unwrap();
            settle().await;
            assert_eq!(shelf.requests(), 10.min(taken + ahead), "prefetch {ahead}");
            assert_eq!(listing.loaded().len(), taken);
        }
    }
}

#[tokio::test]
async fn a_page_in_flight_counts_as_one_ahead() {
    let shelf = Arc::new(Shelf::new(10));
    shelf.script([Answer::Page, Answer::Stuck]);
    let mut listing = shelf.list().per_page(1).prefetch(3);
    listing.next().await.unwrap();
    settle().await;
    assert_eq!(shelf.requests(), 2, "one page after the other");
}

#[tokio::test]
async fn streams_fetch_ahead_too() {
    let shelf = Arc::new(Shelf::new(10));
    let mut pages = shelf.list().per_page(2).prefetch(2).into_pages();
    assert_eq!(pages.try_next().await.unwrap().unwrap().items, &books(10)[..2]);
    settle().await;
    assert_eq!(shelf.requests(), 3);
}

#[tokio::test]
async fn an_error_comes_once_in_its_place_and_the_next_call_goes_on_there() {
    let shelf = Arc::new(Shelf::new(6));
    shelf.script([Answer::Page, Answer::Page, Answer::Broken]);
    let mut listing = shelf.list().per_page(2).prefetch(3);
    listing.get(0).await.unwrap();
    settle().await;
    assert_eq!(shelf.requests(), 3, "the task ends at an error");
    assert_eq!(
        listing.get(3).await.unwrap().unwrap(),
        "book 3",
        "the page before it"
    );

    listing.get(4).await.unwrap_err();
    assert_eq!(listing.loaded(), books(4));
    assert_eq!(listing.get(4).await.unwrap().unwrap(), "book 4");
    let asked = shelf.asked();
    assert_eq!((asked.len(), &asked[2]), (4, &asked[3]));
}

#[tokio::test]
async fn dropping_the_listing_ends_the_task() {
    let shelf = Arc::new(Shelf::new(10));
    shelf.script([Answer::Page, Answer::Stuck]);
    let mut listing = shelf.list().per_page(1).prefetch(3);
    listing.next().await.unwrap();
    settle().await;
    drop(listing);
    settle().await;
    assert_eq!(
        Arc::strong_count(&shelf),
        1,
        "nothing holds the transport any more"
    );
    assert_eq!(shelf.requests(), 2);
}

#[test]
fn without_a_runtime_nothing_is_fetched_ahead() {
    let shelf = Arc::new(Shelf::new(4));
    let mut listing = shelf.list().per_page(1).prefetch(3);
    let Poll::Ready(all) = poll_once(listing.slice(..3)) else {
        panic!("the shelf answers at once");
    };
    assert_eq!(all.unwrap(), &books(4)[..3]);
    assert_eq!(shelf.requests(), 3);
}

#[test]
fn a_listing_outlives_the_runtime_that_it_began_in() {
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let shelf = Arc::new(Shelf::new(6));
    shelf.script([Answer::Page, Answer::Late]);
    let mut listing = shelf.list().per_page(1).prefetch(2);
    runtime().block_on(listing.next()).unwrap();
    let all = runtime().block_on(async { listing.slice(..).await.unwrap().to_vec() });
    assert_eq!(all, books(6));
}

#[test]
fn a_listing_may_leave_its_runtime_and_come_back() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let shelf = Arc::new(Shelf::new(9));
    // Nothing would hide a page that came twice.
    let mut listing = shelf.list_as(Books { identified: false }).per_page(1).prefetch(3);
    runtime.block_on(async {
        listing.next().await.unwrap();
        settle().await;
    });
    assert!(poll_once(listing.get(1)).is_ready());
    let all = runtime.block_on(async { listing.slice(..).await.unwrap().to_vec() });
    assert_eq!(all, books(9));
}

#[tokio::test]
async fn pages_fetched_after_one_that_is_refused_are_not_taken() {
    let shelf = Arc::new(Shelf::new(0));
    let cursors = ["x", "y", "x", "v", "w", "z"];
    shelf.script(cursors.map(|cursor| Answer::page(&[cursor], Some(cursor), true)));
    let mut listing = shelf.list().prefetch(2);
    listing.next().await.unwrap();
    settle().await;
    listing.next().await.unwrap();
    settle().await;
    listing.next().await.unwrap_err();
    listing.next().await.unwrap();
    let after_y = |asked: &&Asked| asked.after.as_deref() == Some("y");
    assert_eq!(
        shelf.asked().iter().filter(after_y).count(),
        2,
        "{:?}",
        shelf.asked()
    );
}

#[tokio::test]
async fn any_number_of_pages_ahead_is_taken() {
    let shelf = Arc::new(Shelf::new(6));
    let mut listing = shelf.list().per_page(1).prefetch(usize::MAX);
    assert_eq!(listing.slice(..).await.unwrap(), books(6));
}

/// Panics at the second page.
struct Fragile;

impl Collection for Fragile {
    type Query = BooksQuery;
    type Item = String;

    fn update_variables(&self, variables: &mut Variables<Self>, page: PageRequest<'_>) {
        assert!(page.cursor.is_none(), "I am fragile");
        Books { identified: true }.update_variables(variables, page);
    }

    fn convert_objects(&self, response: ResponseData<Self>) -> Result<Page<String>, ConvertError> {
        Books { identified: true }.convert_objects(response)
    }
}

#[tokio::test]
#[should_panic(expected = "I am fragile")]
async fn a_panic_of_the_collection_reaches_the_caller() {
    let shelf = Arc::new(Shelf::new(6));
    let mut listing = shelf.list_as(Fragile).per_page(2).prefetch(2);
    let _ = listing.slice(..).await;
}
