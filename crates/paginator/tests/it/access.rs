//! What next, get, slice and len give.

use std::ops::Bound;
use std::sync::Arc;

use crate::shelf::{Answer, Books, Shelf, books};

#[tokio::test]
async fn slices_are_those_of_a_list() {
    let shelf = Arc::new(Shelf::new(7));
    let all = books(7);
    let mut listing = shelf.list().per_page(3);
    for start in 0..9 {
        for end in 0..9 {
            let expected = all.get(start..end.min(7)).unwrap_or(&[]);
            assert_eq!(
                listing.slice(start..end).await.unwrap(),
                expected,
                "{start}..{end}"
            );
        }
    }
    assert_eq!(listing.slice(2..=4).await.unwrap(), &all[2..=4]);
    assert_eq!(listing.slice(5..).await.unwrap(), &all[5..]);
    assert_eq!(listing.slice(..2).await.unwrap(), &all[..2]);
    assert_eq!(listing.slice(..).await.unwrap(), &all[..]);
}

#[tokio::test]
async fn no_range_panics() {
    let shelf = Arc::new(Shelf::new(3));
    let mut listing = shelf.list();
    let max = usize::MAX;
    assert!(listing.slice(max..).await.unwrap().is_empty());
    assert!(listing.slice(max..=max).await.unwrap().is_empty());
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "a user may compute one that is reversed"
    )]
    let reversed = 2..1;
    assert!(listing.slice(reversed).await.unwrap().is_empty());
    let after_max = (Bound::Excluded(max), Bound::Unbounded);
    assert!(listing.slice(after_max).await.unwrap().is_empty());
    assert_eq!(listing.slice(0..=max).await.unwrap().len(), 3);
    assert_eq!(listing.get(max).await.unwrap(), None);
}

#[tokio::test]
async fn a_range_without_items_asks_for_nothing() {
    let shelf = Arc::new(Shelf::new(3));
    let mut listing = shelf.list();
    assert!(listing.slice(2..2).await.unwrap().is_empty());
    assert!(listing.slice(..0).await.unwrap().is_empty());
    assert_eq!(shelf.requests(), 0);
}

#[tokio::test]
async fn get_and_slice_leave_next_where_it_is() {
    let shelf = Arc::new(Shelf::new(9));
    let mut listing = shelf.list().per_page(2);
    assert_eq!(listing.next().await.unwrap().unwrap(), "book 0");
    listing.get(5).await.unwrap();
    listing.slice(..).await.unwrap();
    assert_eq!(listing.next().await.unwrap().unwrap(), "book 1");
    assert_eq!(listing.loaded(), books(9));
}

#[tokio::test]
async fn an_empty_listing_is_empty() {
    let shelf = Arc::new(Shelf::new(0));
    let mut listing = shelf.list();
    assert_eq!(listing.next().await.unwrap(), None);
    assert_eq!(listing.get(0).await.unwrap(), None);
    assert!(listing.slice(..).await.unwrap().is_empty());
    assert_eq!(listing.len().await.unwrap(), Some(0));
    assert!(!listing.more());
    assert_eq!(listing.cursor(), None);
    assert_eq!(shelf.requests(), 1);
}

#[tokio::test]
async fn pages_shorter_than_asked_for_are_no_end() {
    let shelf = Arc::new(Shelf::new(10).cap(4));
    let mut listing = shelf.list().per_page(1000);
    assert_eq!(listing.slice(..).await.unwrap(), books(10));
    assert_eq!(shelf.requests(), 3);
}

#[tokio::test]
async fn pages_longer_than_asked_for_are_kept_whole() {
    let shelf = Arc::new(Shelf::new(0));
    shelf.script([
        Answer::page(&["a", "b", "c"], Some("x"), true),
        Answer::page(&["d"], Some("y"), false),
    ]);
    let mut listing = shelf.list().per_page(1);
    assert_eq!(listing.get(2).await.unwrap().unwrap(), "c");
    assert_eq!(shelf.requests(), 1);
    assert_eq!(listing.slice(..).await.unwrap(), ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn empty_pages_are_passed_over() {
    let shelf = Arc::new(Shelf::new(3));
    shelf.script([
        Answer::Empty,
        Answer::Empty,
        Answer::Page,
        Answer::Empty,
        Answer::Page,
    ]);
    let mut listing = shelf.list().per_page(2);
    assert_eq!(listing.next().await.unwrap().unwrap(), "book 0");
    assert_eq!(shelf.requests(), 3);
    assert_eq!(listing.slice(..).await.unwrap(), books(3));
    assert_eq!(shelf.requests(), 5);
}

#[tokio::test]
async fn without_a_count_the_length_is_known_once_all_is_loaded() {
    let shelf = Arc::new(Shelf::new(5));
    let mut listing = shelf.list().per_page(3);
    assert_eq!(listing.len().await.unwrap(), None);
    assert_eq!(shelf.requests(), 1);
    listing.slice(..).await.unwrap();
    assert_eq!(listing.len().await.unwrap(), Some(5));

    let mut short = shelf.list();
    assert_eq!(short.len().await.unwrap(), Some(5), "one page is all");
}

#[tokio::test]
async fn the_length_is_the_latest_count() {
    let shelf = Arc::new(Shelf::new(5).counting());
    let mut listing = shelf.list().per_page(3);
    assert_eq!(listing.len().await.unwrap(), Some(5));
    shelf.insert(5, "one more");
    listing.get(3).await.unwrap();
    assert_eq!(listing.len().await.unwrap(), Some(6));
}

#[tokio::test]
async fn what_shifts_onto_the_next_page_comes_once() {
    let shelf = Arc::new(Shelf::new(6));
    let mut listing = shelf.list().per_page(2);
    listing.get(1).await.unwrap();
    shelf.insert(0, "new");
    assert_eq!(
        listing.slice(..).await.unwrap(),
        books(6),
        "book 1 is on both pages"
    );

    let mut unidentified = shelf.list_as(Books { identified: false }).per_page(2);
    unidentified.get(1).await.unwrap();
    shelf.insert(0, "newer");
    let all = unidentified.slice(..).await.unwrap();
    assert_eq!(all.len(), 8);
    assert_eq!(all[1], all[2], "nothing says that it is the same");
}

#[tokio::test]
async fn a_page_that_holds_nothing_new_is_passed_over() {
    let shelf = Arc::new(Shelf::new(4));
    let mut listing = shelf.list().per_page(1);
    listing.next().await.unwrap();
    shelf.insert(0, "new");
    shelf.insert(0, "newer");
    assert_eq!(listing.next().await.unwrap().unwrap(), "new");
    assert_eq!(
        listing.next().await.unwrap().unwrap(),
        "book 1",
        "book 0 came before"
    );
}

#[tokio::test]
async fn an_identity_is_remembered_for_ten_thousand_items() {
    let shelf = Arc::new(Shelf::new(0));
    let titles = books(10_001);
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    shelf.script([
        Answer::page(&titles, Some("x"), true),
        Answer::page(&["book 10000", "book 1", "book 0"], Some("y"), false),
    ]);
    let mut listing = shelf.list();
    let all = listing.slice(10_001..).await.unwrap();
    assert_eq!(all, ["book 0"], "it is too long ago");
}
