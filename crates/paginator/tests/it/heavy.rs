//! A server that gives up on long pages.

use std::sync::Arc;

use crate::shelf::{Answer, Shelf, books};

fn sizes(shelf: &Shelf) -> Vec<u32> {
    shelf.asked().iter().map(|asked| asked.first).collect()
}

#[tokio::test]
async fn a_page_that_is_too_heavy_is_asked_for_in_halves() {
    for ahead in 0..3 {
        let shelf = Arc::new(Shelf::new(20).strength(6));
        let mut listing = shelf.list().per_page(20).prefetch(ahead);
        assert_eq!(listing.slice(..).await.unwrap(), books(20));
        assert_eq!(sizes(&shelf), [20, 10, 5, 5, 5, 5], "prefetch {ahead}");
    }
}

#[tokio::test]
async fn the_smaller_size_stays_after_an_error() {
    for ahead in 0..3 {
        let shelf = Arc::new(Shelf::new(12).strength(6));
        shelf.script([Answer::Page, Answer::Page, Answer::Broken]);
        let mut listing = shelf.list().per_page(12).prefetch(ahead);
        listing.slice(..).await.unwrap_err();
        assert_eq!(listing.slice(..).await.unwrap(), books(12));
        assert_eq!(sizes(&shelf), [12, 6, 6, 6], "prefetch {ahead}");
    }
}

#[tokio::test]
async fn one_item_that_is_too_heavy_is_an_error() {
    let shelf = Arc::new(Shelf::new(3));
    shelf.script((0..9).map(|_| Answer::Reply(504, "<html>gateway timeout</html>".to_owned())));
    let error = shelf.list().per_page(9).next().await.unwrap_err();
    assert_eq!(sizes(&shelf), [9, 4, 2, 1]);
    assert!(error.to_string().contains("HTTP 504"), "{error}");
}

#[tokio::test]
async fn other_errors_leave_the_size_alone() {
    let shelf = Arc::new(Shelf::new(3));
    shelf.script([Answer::Reply(500, "oops".to_owned()), Answer::Broken]);
    let mut listing = shelf.list();
    listing.next().await.unwrap_err();
    listing.next().await.unwrap_err();
    listing.next().await.unwrap();
    assert_eq!(sizes(&shelf), [50, 50, 50]);
}
