//! A listing that is taken up again.

use std::sync::Arc;

use wandb_paginator::Cursor;

use crate::shelf::{Shelf, books};

#[tokio::test]
async fn a_listing_goes_on_in_another_process() {
    let shelf = Arc::new(Shelf::new(7));
    let mut first = shelf.list().per_page(3);
    first.get(4).await.unwrap();
    let stored = serde_json::to_string(first.cursor().unwrap()).unwrap();
    assert_eq!(stored, r#""6.2""#);

    let cursor: Cursor = serde_json::from_str(&stored).unwrap();
    let mut second = shelf.list().start_after(cursor);
    assert_eq!(second.slice(..).await.unwrap(), &books(7)[6..]);
}

#[test]
fn a_cursor_is_its_text() {
    let cursor: Cursor = "abc==".parse().unwrap();
    assert_eq!(cursor.to_string(), "abc==");
    assert_eq!(cursor, Cursor::from("abc==".to_owned()));
}

#[tokio::test]
async fn the_length_is_not_the_servers_count_when_it_started_in_the_middle() {
    let shelf = Arc::new(Shelf::new(7).counting());
    let mut listing = shelf.list().per_page(2).start_after("3.0".into());
    assert_eq!(listing.len().await.unwrap(), None);
    assert_eq!(shelf.requests(), 1);
    listing.slice(..).await.unwrap();
    assert_eq!(listing.len().await.unwrap(), Some(4));
}

#[tokio::test]
async fn an_empty_cursor_is_the_beginning() {
    let shelf = Arc::new(Shelf::new(3).counting());
    let mut listing = shelf.list().start_after("".into());
    assert_eq!(listing.len().await.unwrap(), Some(3));
    assert_eq!(shelf.asked()[0].after, None);
}

#[tokio::test]
async fn starting_elsewhere_forgets_what_was_loaded() {
    let shelf = Arc::new(Shelf::new(7));
    let mut listing = shelf.list().per_page(2);
    listing.slice(..).await.unwrap();
    let mut listing = listing.start_after("5.0".into());
    assert!(listing.more() && listing.loaded().is_empty());
    assert_eq!(listing.next().await.unwrap().unwrap(), "book 5");
    assert_eq!(listing.slice(..).await.unwrap(), &books(7)[5..]);
}
