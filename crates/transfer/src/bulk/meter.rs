//! How far one file is, from the task that moves it to the reader of the events.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::Step;
use crate::Progress;

/// The shortest time between two [`Step::Progress`] of one file.
const INTERVAL: Duration = Duration::from_millis(100);

/// What a task tells before its outcome.
///
/// The queue of these is not bounded by its type, but by what may be sent: of each file under way one `Moved` that was
/// not read yet, and as many `Retried` as the retry policy has tries for the file and its parts.
#[derive(Debug)]
pub(super) enum Note<K> {
    Moved(Arc<Meter<K>>),
    Retried {
        key: K,
        attempt: u32,
        why: String,
        wait: Duration,
    },
}

/// The state of one file.
#[derive(Debug)]
pub(super) struct Meter<K> {
    key: K,
    bytes: AtomicU64,
    total: Mutex<Option<u64>>,
    /// A `Moved` is on its way: the reader will see the newest state by it.
    told: AtomicBool,
}

impl<K: Clone> Meter<K> {
    pub(super) fn key(&self) -> K {
        self.key.clone()
    }

    /// The newest state, for the `Moved` that has just arrived.
    pub(super) fn read<E, D>(&self) -> Step<E, D> {
        self.told.store(false, Ordering::Release);
        Step::Progress {
            bytes: self.bytes.load(Ordering::Relaxed),
            total: *self.total.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// Hears of one file's bytes, and tells of them as often as is of use.
pub(super) struct Listener<K> {
    meter: Arc<Meter<K>>,
    notes: UnboundedSender<Note<K>>,
    last: Mutex<Instant>,
}

impl<K: Clone> Listener<K> {
    pub(super) fn new(key: K, notes: UnboundedSender<Note<K>>) -> Self {
        Self {
            meter: Arc::new(Meter {
                key,
                bytes: AtomicU64::new(0),
                total: Mutex::new(None),
                told: AtomicBool::new(false),
            }),
            notes,
            last: Mutex::new(Instant::now()),
        }
    }

    fn tell(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= INTERVAL && !self.meter.told.swap(true, Ordering::AcqRel) {
            *last = Instant::now();
            self.send(Note::Moved(Arc::clone(&self.meter)));
        }
    }

    fn send(&self, note: Note<K>) {
        // Nobody listens any more: then this task is about to be stopped.
        let _ = self.notes.send(note);
    }
}

impl<K: Clone + Send + Sync> Progress for Listener<K> {
    fn started(&self, total: Option<u64>) {
        *self.meter.total.lock().unwrap_or_else(PoisonError::into_inner) = total;
    }

    fn advanced(&self, bytes: u64) {
        self.meter.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn restarted(&self) {
        self.meter.bytes.store(0, Ordering::Relaxed);
        self.tell();
    }

    fn resumed(&self, bytes: u64) {
        self.advanced(bytes);
    }

    fn retried(&self, attempt: u32, why: &str, wait: Duration) {
        self.send(Note::Retried {
            key: self.meter.key(),
            attempt,
            why: why.to_owned(),
            wait,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_note_at_a_time_and_always_the_newest_state() {
        let (sender, mut notes) = tokio::sync::mpsc::unbounded_channel();
        let listener = Listener::new("a", sender);
        listener.started(Some(100));
        let mut told = |bytes| {
            std::thread::sleep(INTERVAL);
            listener.advanced(1);
            std::thread::sleep(INTERVAL);
            // The one that is on its way will do.
            listener.advanced(bytes);
            let Ok(Note::Moved(meter)) = notes.try_recv() else {
                panic!("no note came")
            };
            assert!(notes.try_recv().is_err());
            meter.read::<(), ()>()
        };
        assert!(matches!(
            told(40),
            Step::Progress {
                bytes: 41,
                total: Some(100)
            }
        ));
        listener.restarted();
        assert!(matches!(told(7), Step::Progress { bytes: 8, .. }));
    }
}
