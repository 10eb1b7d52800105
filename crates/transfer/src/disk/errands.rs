//! Short work on the disk.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::stopped;
use crate::error::Failure;

/// So much waits for each thread before there is another one: on a fast disk one thread does it all, on a slow one, such as
/// over a network, many wait at the same time.
const FOR_EACH: usize = 16;

/// Work that takes some microseconds, less than it takes to wake a thread for it: a thread that is at it does all that waits,
/// one after the other. Cheap to clone; clones share the threads.
#[derive(Clone, Default)]
pub(crate) struct Errands(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Box<dyn FnOnce() + Send>>,
    threads: usize,
}

impl Errands {
    /// Has `work` done in its turn; the future gives its outcome. Where the future is dropped before, it is not done.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T, Failure>> + Send + 'static {
        let (sender, outcome) = oneshot::channel();
        let errand = move || {
            if !sender.is_closed() {
                // Whoever has stopped to listen does not want it.
                let _ = sender.send(work());
            }
        };
        let mut state = self.state();
        state.waiting.push_back(Box::new(errand));
        if state.waiting.len() > state.threads * FOR_EACH {
            state.threads += 1;
            let errands = self.clone();
            spawn_blocking(move || errands.work());
        }
        outcome.map(|outcome| outcome.unwrap_or_else(|error| Err(stopped(error))))
    }

    fn work(&self) {
        loop {
            let mut state = self.state();
            let Some(errand) = state.waiting.pop_front() else {
                state.threads -= 1;
                return;
            };
            drop(state);
            // Whoever waits for this one is told that it was stopped; the others have theirs done.
            let _ = catch_unwind(AssertUnwindSafe(errand));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn each_is_done_and_gives_its_own_outcome() {
        let errands = Errands::default();
        for round in 0..50 {
            let all = (0..round).map(|number| errands.run(move || Ok(number * 2)));
            let outcomes: Vec<i32> = join_all(all)
                .await
                .into_iter()
                .map(|done| done.expect("it"))
                .collect();
            assert_eq!(outcomes, (0..round).map(|number| number * 2).collect::<Vec<_>>());
        }
        while errands.state().threads > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn many_that_wait_have_more_threads() {
        // Each of three threads has to be at one of them before any is done.
        let (errands, met) = (Errands::default(), Arc::new(Barrier::new(3)));
        let all = (0..3 * FOR_EACH).map(|number| {
            let met = Arc::clone(&met);
            errands.run(move || {
                if number < 3 {
                    met.wait();
                }
                Ok(())
            })
        });
        join_all(all).await.into_iter().for_each(|done| done.expect("it"));
    }

    #[tokio::test]
    async fn a_panic_ends_one_alone_and_what_nobody_waits_for_is_not_done() {
        let errands = Errands::default();
        let (began, held) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (begin, hold) = (Arc::clone(&began), Arc::clone(&held));
        let first = errands.run(move || {
            begin.wait();
            hold.wait();
            Ok(())
        });
        let panics = errands.run(|| -> Result<(), Failure> { panic!("as it is meant to") });
        let count = Arc::new(AtomicUsize::new(0));
        let counted = || {
            let count = Arc::clone(&count);
            errands.run(move || {
                count.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
        };
        let (dropped, last) = (counted(), counted());
        began.wait();
        drop(dropped);
        held.wait();
        first.await.expect("the first");
        panics.await.expect_err("it was stopped");
        last.await.expect("the last");
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
