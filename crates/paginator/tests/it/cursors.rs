//! A server that would send us round in circles.

use std::sync::Arc;

use wandb_paginator::{Paginator, PaginatorErrorKind};

use crate::shelf::{Answer, Shelf};

/// Loads all; the cursor that was repeated, and how many requests it took to notice.
async fn repeated(mut listing: Paginator<String>, shelf: &Shelf) -> (String, usize) {
    let error = listing.slice(..).await.unwrap_err();
    let PaginatorErrorKind::RepeatedCursor(cursor) = error.kind() else {
        panic!("{error:?}");
    };
    (cursor.to_string(), shelf.requests())
}

#[tokio::test]
async fn a_cursor_that_repeats_is_an_error() {
    for ahead in 0..3 {
        let shelf = Arc::new(Shelf::new(0));
        shelf.script((0..20).map(|_| Answer::page(&["a"], Some("x"), true)));
        let found = repeated(shelf.list().prefetch(ahead), &shelf).await;
        assert_eq!(found, ("x".to_owned(), 2), "prefetch {ahead}");
    }
}

#[tokio::test]
async fn a_longer_circle_is_an_error_too() {
    for ahead in 0..3 {
        let shelf = Arc::new(Shelf::new(0));
        let circle = ["x", "y", "z"].into_iter().cycle().take(30);
        shelf.script(circle.map(|cursor| Answer::page(&[cursor], Some(cursor), true)));
        let (cursor, requests) = repeated(shelf.list().prefetch(ahead), &shelf).await;
        assert_eq!(cursor, "x");
        assert!(
            (4..=4 + ahead).contains(&requests),
            "{requests}, prefetch {ahead}"
        );
    }
}

#[tokio::test]
async fn coming_back_to_where_it_started_after_is_an_error() {
    let shelf = Arc::new(Shelf::new(0));
    shelf.script(["y", "x"].map(|cursor| Answer::page(&[cursor], Some(cursor), true)));
    let found = repeated(shelf.list().start_after("x".into()), &shelf).await;
    assert_eq!(found, ("x".to_owned(), 2));
}

#[tokio::test]
async fn the_error_stays_as_long_as_the_server_does_so() {
    let shelf = Arc::new(Shelf::new(0));
    shelf.script(["x", "x", "x"].map(|cursor| Answer::page(&["a"], Some(cursor), true)));
    shelf.script([Answer::page(&["b"], Some("y"), false)]);
    let mut listing = shelf.list();
    assert_eq!(listing.next().await.unwrap().unwrap(), "a");
    for _ in 0..2 {
        let error = listing.next().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot go on after page 2 (size 50, after the cursor \"x\", items loaded: 1): Books says that more follows \
             after the cursor \"x\", which it gave before, so that this would never end; list again from the \
             beginning, and if this stays, report it to whoever runs the server"
        );
    }
    assert_eq!(listing.next().await.unwrap().unwrap(), "b");
    assert_eq!(listing.next().await.unwrap(), None);
}

#[tokio::test]
async fn more_without_a_cursor_is_an_error() {
    for ahead in 0..3 {
        for cursor in [None, Some("")] {
            let shelf = Arc::new(Shelf::new(0));
            shelf.script((0..9).map(|_| Answer::page(&["a"], cursor, true)));
            let mut listing = shelf.list().prefetch(ahead);
            let error = listing.next().await.unwrap_err();
            assert!(
                matches!(error.kind(), PaginatorErrorKind::MissingCursor),
                "{error:?}"
            );
            assert!(error.to_string().contains("gives no cursor"), "{error}");
            assert_eq!(shelf.requests(), 1);
        }
    }
}

#[tokio::test]
async fn the_last_page_needs_no_cursor_and_may_repeat_one() {
    let shelf = Arc::new(Shelf::new(0));
    for last in [None, Some("x")] {
        shelf.script([
            Answer::page(&["a"], Some("x"), true),
            Answer::page(&["b"], last, false),
        ]);
        let mut listing = shelf.list();
        assert_eq!(listing.slice(..).await.unwrap(), ["a", "b"]);
        assert_eq!(listing.cursor().unwrap().as_str(), "x");
    }
}
