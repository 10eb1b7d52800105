//! One worker of a simulation.

use super::resource::{Resource, Time};

/// A worker process: tasks that it has, and files that it has in flight.
pub(super) struct Worker {
    pub(super) alive: bool,
    /// Which of its lives it is in; what an earlier one began does not end.
    pub(super) life: u32,
    /// It has asked for a task, or for the addresses of one.
    pub(super) claiming: bool,
    /// Chains of files that it holds and has no addresses for yet, each by its length.
    pub(super) claimed: Vec<u32>,
    /// Those that it can begin.
    pub(super) ready: Vec<u32>,
    /// Those in flight.
    pub(super) slots: Vec<Option<Flight>>,
    pub(super) idle: Vec<usize>,
    pub(super) cpu: Resource,
    pub(super) net: Resource,
}

/// A chain of files that one slot moves one after the other.
#[derive(Clone, Copy)]
pub(super) struct Flight {
    pub(super) files: u32,
    pub(super) start: Time,
    pub(super) end: Time,
    /// How many outages had begun when its end was last reckoned.
    pub(super) outages: usize,
}

impl Worker {
    pub(super) fn new(in_flight: usize) -> Self {
        Self {
            alive: true,
            life: 0,
            claiming: false,
            claimed: Vec::new(),
            ready: Vec::new(),
            slots: vec![None; in_flight],
            idle: (0..in_flight).collect(),
            cpu: Resource::default(),
            net: Resource::default(),
        }
    }

    /// It asks for the next task while it still has files of another, so that its slots do not wait for addresses.
    pub(super) fn wants_task(&self, batch: usize) -> bool {
        self.alive && !self.claiming && self.ready.len() < batch
    }

    /// Ends its life.
    pub(super) fn die(&mut self, now: Time) -> Loss {
        let mut loss = Loss {
            chains: self.claimed.drain(..).chain(self.ready.drain(..)).collect(),
            done: 0,
            twice: 0,
        };
        for flight in self.slots.iter_mut().filter_map(Option::take) {
            let done = flight.done(now);
            loss.chains.push(flight.files - done);
            loss.done += u64::from(done);
            loss.twice += 1;
        }
        self.idle = (0..self.slots.len()).collect();
        self.alive = false;
        self.claiming = false;
        self.life += 1;
        loss
    }
}

/// What a death leaves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Loss {
    /// What others have to take over.
    pub(super) chains: Vec<u32>,
    /// Files that had been moved, of chains that had not.
    pub(super) done: u64,
    /// Files that are moved a second time.
    pub(super) twice: u64,
}

impl Flight {
    /// How many of its files have been moved: never all of them, since one is in flight.
    fn done(&self, now: Time) -> u32 {
        let whole = self.end.saturating_sub(self.start).max(1);
        let gone = now.saturating_sub(self.start).min(whole);
        let done = u64::from(self.files) * gone / whole;
        u32::try_from(done)
            .unwrap_or(u32::MAX)
            .min(self.files.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_costs_the_files_in_flight_and_no_others() {
        let mut worker = Worker::new(2);
        worker.claimed = vec![1, 1];
        worker.ready = vec![1];
        let (start, end) = (100, 200);
        worker.slots[0] = Some(Flight {
            files: 10,
            start,
            end,
            outages: 0,
        });
        let (chains, done, twice) = (vec![1, 1, 1, 5], 5, 1);
        assert_eq!(worker.die(150), Loss { chains, done, twice });
        assert!(!worker.wants_task(128) && worker.idle.len() == 2);
    }
}
