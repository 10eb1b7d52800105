//! Several pages at once, where cursors are offsets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use wandb_transport::{Operation, Reply, Transport, TransportError};

use crate::shelf::{Shelf, books, list_through};

/// Counts how many requests are under way, and lets each wait for the others.
struct Together {
    shelf: Shelf,
    under_way: AtomicUsize,
    most: AtomicUsize,
    sent: AtomicUsize,
}

impl Together {
    fn new(shelf: Shelf) -> Arc<Self> {
        Arc::new(Self {
            shelf,
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Transport for Together {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(under_way, Ordering::Relaxed);
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        let reply = self.shelf.send(operation).await;
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        reply
    }
}

/// All books of the shelf; how many requests it took, and the most at once.
async fn listed(shelf: Shelf, per_page: u32, at_once: usize) -> (Vec<String>, usize, usize) {
    let together = Together::new(shelf);
    let through = Arc::clone(&together);
    let mut listing = list_through(through).per_page(per_page).pages_at_once(at_once);
    let got = listing.slice(..).await.unwrap().to_vec();
    let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
    (got, count(&together.sent), count(&together.most))
}

#[tokio::test]
async fn pages_come_at_once_and_none_is_asked_for_in_vain_where_the_server_counts() {
    for number in [0, 1, 10, 99, 100, 101] {
        let (got, sent, most) = listed(Shelf::new(number).relay().counting(), 10, 4).await;
        assert_eq!(got, books(number));
        assert_eq!(sent, number.div_ceil(10).max(1), "{number}");
        if number > 50 {
            assert_eq!(most, 4, "{number}");
        }
    }
}

#[tokio::test]
async fn without_a_count_a_few_are_asked_for_beyond_the_end() {
    let (got, sent, most) = listed(Shelf::new(100).relay(), 10, 4).await;
    assert_eq!((got, most), (books(100), 4));
    assert!((10..=13).contains(&sent), "{sent}");
}

#[tokio::test]
async fn cursors_that_are_no_offsets_lead_one_by_one() {
    let (got, sent, most) = listed(Shelf::new(100).counting(), 10, 4).await;
    assert_eq!((got, sent, most), (books(100), 10, 1));
}

#[tokio::test]
async fn shorter_pages_than_asked_for_lead_one_by_one() {
    let (got, sent, most) = listed(Shelf::new(100).relay().counting().cap(7), 10, 4).await;
    assert_eq!((got, sent, most), (books(100), 15, 1));
}

#[tokio::test]
async fn one_at_once_is_the_default() {
    let together = Together::new(Shelf::new(100).relay().counting());
    let through = Arc::clone(&together);
    list_through(through)
        .per_page(10)
        .prefetch(3)
        .slice(..)
        .await
        .unwrap();
    assert_eq!(together.most.load(Ordering::Relaxed), 1);
}
