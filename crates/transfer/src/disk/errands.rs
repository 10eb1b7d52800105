//! Short work on the disk.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::stopped;
use crate::error::Failure;
use crate::lanes::Chain;

/// So much waits for each thread before there is another one, and is taken by it at a time: on a fast disk one thread does it all,
/// on a slow one, such as over a network, many wait at the same time.
const FOR_EACH: usize = 16;

/// Work that takes some microseconds, less than it takes to wake a thread for it: a thread that is at it does all that waits,
/// one after the other. Cheap to clone; clones share the threads.
#[derive(Clone, Default)]
pub(crate) struct Errands(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Errand>,
    threads: usize,
}

struct Errand {
    /// What is to be hashed before the work.
    chain: Option<Chain>,
    work: Box<dyn FnOnce(Option<Chain>) + Send>,
}

impl Errands {
    /// Has `work` done in its turn; the future gives its outcome. Where the future is dropped before, it is not done.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T, Failure>> + Send + 'static {
        self.run_with(None, |_| work())
    }

    /// The same with a digest, which is computed before: together with those of others that wait.
    pub(crate) fn run_with<T: Send + 'static>(
        &self,
        chain: Option<Chain>,
        work: impl FnOnce(Option<Chain>) -> Result<T, Failure> + Send + 'static,
    ) -> impl Future<Output = Result<T, Failure>> + Send + 'static {
        let (sender, outcome) = oneshot::channel();
        let work = move |chain| {
            if !sender.is_closed() {
                // Whoever has stopped to listen does not want it.
                let _ = sender.send(work(chain));
            }
        };
        let errand = Errand {
            chain,
            work: Box::new(work),
        };
        let mut state = self.state();
        state.waiting.push_back(errand);
        let one_more = state.waiting.len() > state.threads * FOR_EACH;
        state.threads += usize::from(one_more);
        drop(state);
        if one_more {
            let thread = Thread(self.clone());
            spawn_blocking(move || drop(thread));
        }
        outcome.map(|outcome| outcome.unwrap_or_else(|error| Err(stopped(error))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the threads, which does all that waits before it is gone: also where its runtime ends before it has begun, since
/// others may have errands here.
struct Thread(Errands);

impl Drop for Thread {
    fn drop(&mut self) {
        loop {
            let mut state = self.0.state();
            let count = state.waiting.len().min(FOR_EACH);
            if count == 0 {
                state.threads -= 1;
                return;
            }
            let mut taken: Vec<Errand> = state.waiting.drain(..count).collect();
            drop(state);
            Chain::hash_together(
                taken
                    .iter_mut()
                    .filter_map(|errand| errand.chain.as_mut())
                    .collect(),
            );
            for Errand { chain, work } in taken {
                // Whoever waits for this one is told that it was stopped; the others have theirs done.
                let _ = catch_unwind(AssertUnwindSafe(|| work(chain)));
            }
        }
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
    async fn many_that_wait_have_another_thread() {
        let errands = Errands::default();
        let (began, held) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (begin, hold) = (Arc::clone(&began), Arc::clone(&held));
        let long = errands.run(move || {
            begin.wait();
            hold.wait();
            Ok(())
        });
        began.wait();
        let others = (0..=FOR_EACH).map(|_| errands.run(|| Ok(())));
        join_all(others.collect::<Vec<_>>())
            .await
            .into_iter()
            .for_each(|done| done.expect("it"));
        held.wait();
        long.await.expect("the long one");
    }

    #[test]
    fn a_runtime_that_ends_holds_up_no_other() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .max_blocking_threads(1)
                .build()
        };
        let (errands, held) = (Errands::default(), Arc::new(Barrier::new(2)));
        let (first, hold) = (runtime().expect("a runtime"), Arc::clone(&held));
        first.block_on(async {
            // The only thread of this runtime does not come to the errand before it ends.
            spawn_blocking(move || hold.wait());
            drop(errands.run(|| Ok(())));
        });
        first.shutdown_background();
        let done = runtime().expect("a runtime").block_on(async {
            let done = errands.run(|| Ok(7));
            held.wait();
            done.await
        });
        assert_eq!(done.expect("it was done"), 7);
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
