//! Errors and dropped futures cost nothing that was loaded, and the page that failed is tried again.

use std::error::Error as _;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wandb_paginator::{ConvertErrorKind, PaginatorErrorKind};
use wandb_transport::{Operation, Reply, Transport, TransportError, TransportErrorKind};

use crate::shelf::{Answer, Shelf, books, list_through};

/// Polls once, then drops the future.
pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn after_an_error_the_same_call_tries_the_same_page_again() {
    let shelf = Arc::new(Shelf::new(6));
    shelf.script([Answer::Page, Answer::Broken, Answer::Broken]);
    let mut listing = shelf.list().per_page(2);
    listing.next().await.unwrap();
    listing.next().await.unwrap();

    for _ in 0..2 {
        listing.next().await.unwrap_err();
        assert_eq!(listing.loaded(), books(2));
        assert_eq!(listing.cursor().unwrap().as_str(), "2.1");
        assert!(listing.more());
    }
    assert_eq!(listing.next().await.unwrap().unwrap(), "book 2");
    let asked = shelf.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked[1..].iter().all(|again| *again == asked[1]));

    shelf.script([Answer::Broken]);
    listing.get(5).await.unwrap_err();
    assert_eq!(listing.get(5).await.unwrap().unwrap(), "book 5");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_slice_keeps_the_pages_before() {
    let shelf = Arc::new(Shelf::new(6));
    shelf.script([Answer::Page, Answer::Page, Answer::Broken]);
    let mut listing = shelf.list().per_page(2);
    listing.slice(..).await.unwrap_err();
    assert_eq!(listing.loaded(), books(4));
    assert_eq!(listing.slice(..).await.unwrap(), books(6));
    assert_eq!(shelf.requests(), 4);
}

#[tokio::test]
async fn len_can_be_asked_again_after_an_error() {
    let shelf = Arc::new(Shelf::new(6).counting());
    shelf.script([Answer::Broken]);
    let mut listing = shelf.list();
    listing.len().await.unwrap_err();
    assert_eq!(listing.len().await.unwrap(), Some(6));
}

#[tokio::test]
async fn a_dropped_future_changes_nothing() {
    for ahead in 0..3 {
        let shelf = Arc::new(Shelf::new(6));
        shelf.script([Answer::Page]);
        shelf.script((0..4).map(|_| Answer::Late));
        let mut listing = shelf.list().per_page(2).prefetch(ahead);
        listing.get(1).await.unwrap();
        for _ in 0..2 {
            assert!(poll_once(listing.get(2)).is_pending());
            assert!(poll_once(listing.slice(..)).is_pending());
            assert_eq!(listing.loaded(), books(2));
        }
        assert_eq!(listing.slice(..).await.unwrap(), books(6), "prefetch {ahead}");
        assert_eq!(listing.next().await.unwrap().unwrap(), "book 0");
    }
}

#[tokio::test]
async fn a_timeout_round_a_call_that_hangs_loses_nothing() {
    tokio::time::pause();
    let second = std::time::Duration::from_secs(1);
    let shelf = Arc::new(Shelf::new(6));
    shelf.script([Answer::Page, Answer::Stuck]);
    let mut listing = shelf.list().per_page(2);
    tokio::time::timeout(second, listing.slice(..)).await.unwrap_err();
    assert_eq!(listing.slice(..).await.unwrap(), books(6));
}

#[tokio::test]
async fn streams_go_on_after_an_error() {
    for ahead in 0..3 {
        let shelf = Arc::new(Shelf::new(6));
        shelf.script([Answer::Broken, Answer::Page, Answer::Broken, Answer::Broken]);
        let mut stream = shelf.list().per_page(2).prefetch(ahead).into_stream();
        let (mut got, mut errors) = (Vec::new(), 0);
        while let Some(item) = stream.next().await {
            match item {
                Ok(book) => got.push(book),
                Err(_) => errors += 1,
            }
        }
        assert_eq!((got, errors), (books(6), 3), "prefetch {ahead}");
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test]
async fn a_dropped_next_of_a_stream_loses_nothing() {
    for ahead in 0..3 {
        let shelf = Arc::new(Shelf::new(4));
        shelf.script([Answer::Late, Answer::Late]);
        let mut stream = shelf.list().per_page(2).prefetch(ahead).into_stream();
        let mut got = Vec::new();
        loop {
            match poll_once(stream.next()) {
                Poll::Ready(Some(book)) => got.push(book.unwrap()),
                Poll::Ready(None) => break,
                Poll::Pending => tokio::task::yield_now().await,
            }
        }
        assert_eq!(got, books(4));
        assert_eq!(shelf.requests(), 2, "the page in flight is waited for");
    }
}

#[tokio::test]
async fn a_network_error_says_which_page_and_keeps_its_source() {
    let shelf = Arc::new(Shelf::new(6));
    shelf.script([Answer::Page, Answer::Broken]);
    let mut listing = shelf.list().per_page(2);
    let error = listing.slice(..).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot load page 2 (size 2, after the cursor \"2.1\", items loaded: 2): \
         Books failed: cannot connect to shelf.example"
    );
    assert_eq!(error.cursor().unwrap().as_str(), "2.1");
    let PaginatorErrorKind::Transport(transport) = error.kind() else {
        panic!("{error:?}");
    };
    assert!(matches!(transport.kind(), TransportErrorKind::Network { .. }));
    assert!(error.source().unwrap().is::<TransportError>());
}

/// A transport that says that each reply took four tries.
struct Patient(Shelf);

#[async_trait::async_trait]
impl Transport for Patient {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        let reply = self.0.send(operation).await?;
        Ok(Reply { attempts: 4, ..reply })
    }
}

#[tokio::test]
async fn the_tries_that_were_made_are_told() {
    let shelf = Shelf::new(1);
    shelf.script([Answer::Reply(503, "<html>busy</html>".to_owned())]);
    let error = list_through(Patient(shelf)).next().await.unwrap_err();
    assert!(
        error.to_string().contains("Books failed after 4 tries"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_told_from_an_answer_that_lacks_something() {
    let shelf = Arc::new(Shelf::new(6));
    shelf.script([
        Answer::Reply(200, r#"{"data":{"shelf":null}}"#.to_owned()),
        Answer::Reply(
            200,
            r#"{"data":{"shelf":{"books":null,"hasNextPage":false}}}"#.to_owned(),
        ),
    ]);
    let mut listing = shelf.list();

    let error = listing.next().await.unwrap_err();
    assert_eq!(error.to_string(), "no shelf science, or no permission");
    assert!(
        matches!(error.kind(), PaginatorErrorKind::Convert(error) if error.kind() == ConvertErrorKind::NotFound)
    );

    let error = listing.next().await.unwrap_err();
    assert!(
        matches!(error.kind(), PaginatorErrorKind::Convert(error) if error.kind() == ConvertErrorKind::Malformed)
    );
    assert_eq!(listing.next().await.unwrap().unwrap(), "book 0");
}
