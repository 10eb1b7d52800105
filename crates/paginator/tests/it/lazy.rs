//! Nothing is asked for that is not needed.

use std::sync::Arc;

use crate::shelf::{Asked, Shelf};

#[tokio::test]
async fn building_sends_nothing() {
    let shelf = Arc::new(Shelf::new(10));
    let listing = || shelf.list().per_page(3).prefetch(4).start_after("2.0".into());

    let mut books = listing();
    books.rewind();
    assert!(books.more());
    assert_eq!(books.cursor().map(ToString::to_string).as_deref(), Some("2.0"));
    assert!(books.loaded().is_empty());
    assert!(format!("{books:?}").contains("Books"));
    drop(books);
    drop(listing().into_pages());
    let stream = listing().into_stream();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    drop(stream);
    assert_eq!(shelf.requests(), 0);
}

#[tokio::test]
async fn next_asks_for_a_page_when_it_comes_to_it() {
    let shelf = Arc::new(Shelf::new(5));
    let mut books = shelf.list().per_page(2);
    let mut requests = Vec::new();
    while let Some(book) = books.next().await.unwrap() {
        assert_eq!(*book, format!("book {}", requests.len()));
        requests.push(shelf.requests());
    }
    assert_eq!(requests, [1, 1, 2, 2, 3]);
    assert!(!books.more());

    assert_eq!(books.next().await.unwrap(), None);
    assert_eq!(shelf.requests(), 3, "the end is known");
}

#[tokio::test]
async fn a_page_has_fifty_items_unless_told() {
    let shelf = Arc::new(Shelf::new(200));
    shelf.list().next().await.unwrap();
    shelf.list().per_page(7).next().await.unwrap();
    shelf.list().per_page(0).next().await.unwrap();
    let sizes: Vec<u32> = shelf.asked().iter().map(|asked| asked.first).collect();
    assert_eq!(sizes, [50, 7, 1]);
}

#[tokio::test]
async fn the_first_page_has_no_cursor_and_each_other_the_one_before() {
    let shelf = Arc::new(Shelf::new(5));
    let mut books = shelf.list().per_page(2);
    assert_eq!(books.cursor(), None);
    books.slice(..).await.unwrap();
    let first = 2;
    let after = |cursor: &str| Asked {
        after: Some(cursor.to_owned()),
        first,
    };
    assert_eq!(
        shelf.asked(),
        [Asked { after: None, first }, after("2.1"), after("4.2")]
    );
    assert_eq!(books.cursor().unwrap().as_str(), "5.3");
}

#[tokio::test]
async fn an_index_loads_until_it_is_there() {
    let shelf = Arc::new(Shelf::new(100));
    let mut books = shelf.list().per_page(10);
    assert_eq!(books.get(9).await.unwrap().unwrap(), "book 9");
    assert_eq!(shelf.requests(), 1);
    assert_eq!(books.get(10).await.unwrap().unwrap(), "book 10");
    assert_eq!(shelf.requests(), 2);
    assert_eq!(books.get(3).await.unwrap().unwrap(), "book 3");
    assert_eq!(shelf.requests(), 2);
    assert_eq!(books.get(100).await.unwrap(), None);
    assert_eq!(shelf.requests(), 10);
}

#[tokio::test]
async fn a_slice_of_what_is_loaded_asks_for_nothing() {
    let shelf = Arc::new(Shelf::new(120));
    let mut books = shelf.list();
    books.next().await.unwrap();
    assert_eq!(books.slice(0..50).await.unwrap().len(), 50);
    assert_eq!(shelf.requests(), 1);
    assert_eq!(books.slice(0..=50).await.unwrap().len(), 51);
    assert_eq!(shelf.requests(), 2);
}

#[tokio::test]
async fn a_slice_that_ends_with_a_page_does_not_ask_for_the_next() {
    let shelf = Arc::new(Shelf::new(120));
    let mut books = shelf.list();
    for (end, requests) in [(50, 1), (100, 2), (120, 3)] {
        assert_eq!(books.slice(0..end).await.unwrap().len(), end);
        assert_eq!((shelf.requests(), books.loaded().len()), (requests, end));
    }
}

#[tokio::test]
async fn counting_from_the_end_goes_by_what_is_loaded_and_loads_nothing() {
    let shelf = Arc::new(Shelf::new(120));
    let mut books = shelf.list();
    let from_end = |loaded: &[String], place: usize| {
        let index = loaded.len().checked_sub(place)?;
        loaded.get(index).cloned()
    };
    assert_eq!(from_end(books.loaded(), 1), None);
    assert_eq!(shelf.requests(), 0);
    books.next().await.unwrap();
    assert_eq!(from_end(books.loaded(), 1).as_deref(), Some("book 49"));
    assert_eq!(from_end(books.loaded(), 51), None);
    assert_eq!(shelf.requests(), 1);
    books.slice(..).await.unwrap();
    assert_eq!(from_end(books.loaded(), 1).as_deref(), Some("book 119"));
}

#[tokio::test]
async fn len_loads_the_first_page_only() {
    let shelf = Arc::new(Shelf::new(120).counting());
    let mut books = shelf.list();
    assert_eq!(books.len().await.unwrap(), Some(120));
    assert_eq!(books.len().await.unwrap(), Some(120));
    assert_eq!(shelf.requests(), 1);
}

#[tokio::test]
async fn rewinding_asks_for_nothing_again() {
    let shelf = Arc::new(Shelf::new(5));
    let mut books = shelf.list().per_page(2);
    for _ in 0..3 {
        let mut number = 0;
        while books.next().await.unwrap().is_some() {
            number += 1;
        }
        assert_eq!(number, 5);
        books.rewind();
    }
    assert_eq!(shelf.requests(), 3);
}
