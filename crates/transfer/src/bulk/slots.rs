//! One bound for everything that is in flight.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many places for requests, to be shared by all that asks the same servers: whoever asks takes a [`Slot`] first. First
/// come, first served. Cheap to clone; clones share the places.
///
/// ```
/// # async fn example() {
/// use wandb_transfer::Slots;
///
/// let slots = Slots::new(8);
/// let slot = slots.take().await;
/// // … a request …
/// drop(slot);
/// # }
/// ```
#[derive(Clone)]
pub struct Slots {
    free: Arc<Semaphore>,
    places: usize,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
#[must_use = "the place is free again once this is dropped"]
pub struct Slot(
    #[expect(dead_code, reason = "what counts is when it is dropped")] Option<OwnedSemaphorePermit>,
);

impl Slots {
    /// So many places; at least one.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let places = places.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(places)),
            places,
        }
    }

    /// How many there are, taken and free.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// Waits for a place.
    pub async fn take(&self) -> Slot {
        // Only a semaphore that is closed gives none, and nobody closes this one.
        Slot(Arc::clone(&self.free).acquire_owned().await.ok())
    }
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots")
            .field("free", &self.free.available_permits())
            .finish()
    }
}
