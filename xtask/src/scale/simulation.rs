//! The simulation: events in the order of their times, until everything has been moved.

mod fate;
mod listing;
mod moving;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::costs::Costs;
use super::inputs::{Inputs, Values};
use super::plan::{Outcome, Plan};
use super::resource::{Resource, Time, micros};
use super::worker::Worker;

/// So many chains of files at most are simulated; of more files each chain has several.
const CHAINS: u64 = 500_000;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A page has come, of this listing.
    Listed(usize),
    /// It has been written into the ledger.
    Written(usize),
    /// The ledger has given a worker, in that life, a task.
    Claimed(usize, u32),
    /// It has the addresses.
    Addressed(usize, u32),
    /// What was in that slot has been moved.
    Moved(usize, u32, usize),
    Dies(usize, u32),
    Returns(usize),
    TakenOver(Vec<u32>),
    Outage(usize),
}

pub(super) struct Simulation<'a> {
    plan: &'a Plan,
    values: &'a Values,
    costs: Costs,
    random: fastrand::Rng,
    /// Files of a chain, which a slot moves one after the other.
    grain: u32,
    events: BinaryHeap<Reverse<(Time, u64, Event)>>,
    sent: u64,
    now: Time,
    keys: Vec<Resource>,
    ledger: Resource,
    destination: Resource,
    workers: Vec<Worker>,
    /// Files that each listing has still to bring: those of the first call, then those of the next.
    listings: Vec<u64>,
    /// Chains that are listed and in nobody's hands.
    queue: VecDeque<u32>,
    /// Files that are not at the destination yet.
    to_move: u64,
    /// Outages that have begun, and what they add to a file in flight.
    outages: Vec<Time>,
    in_slots: f64,
    outcome: Outcome,
}

/// Plays a plan. The same seed gives the same outcome.
pub(super) fn simulate(plan: &Plan, inputs: &Inputs, seed: u64) -> Outcome {
    Simulation::new(plan, inputs, seed).run()
}

impl<'a> Simulation<'a> {
    fn new(plan: &'a Plan, inputs: &'a Inputs, seed: u64) -> Self {
        let values = &inputs.values;
        let runs_at_once = if plan.in_one_run {
            1
        } else {
            count(values.listed_at_once) as u64
        };
        let listings = u64::from(plan.calls) * runs_at_once;
        Self {
            plan,
            values,
            costs: Costs::new(inputs),
            random: fastrand::Rng::with_seed(seed),
            grain: u32::try_from(plan.files.div_ceil(CHAINS)).unwrap_or(u32::MAX),
            events: BinaryHeap::new(),
            sent: 0,
            now: 0,
            keys: (0..plan.keys).map(|_| Resource::default()).collect(),
            ledger: Resource::default(),
            destination: Resource::default(),
            workers: (0..plan.workers)
                .map(|_| Worker::new(count(values.in_flight)))
                .collect(),
            listings: (0..listings)
                .map(|one| plan.files / listings + u64::from(one < plan.files % listings))
                .collect(),
            queue: VecDeque::new(),
            to_move: if plan.again { 0 } else { plan.files },
            outages: Vec::new(),
            in_slots: 0.0,
            outcome: Outcome {
                seconds: 0.0,
                api_requests: 0.0,
                destination_requests: 0.0,
                deaths: 0,
                twice: 0,
                shares: Vec::new(),
            },
        }
    }

    fn run(mut self) -> Outcome {
        for listing in 0..self.listings.len() {
            self.ask_for_page(listing);
        }
        for worker in 0..self.workers.len() {
            self.live(worker);
        }
        for (number, outage) in self.plan.outages.iter().enumerate() {
            self.at(micros(outage.at), Event::Outage(number));
        }
        while self.to_move > 0 || self.listings.iter().any(|files| *files > 0) {
            let Some(Reverse((now, _, event))) = self.events.pop() else {
                break;
            };
            self.now = now;
            self.happen(event);
        }
        self.end()
    }

    fn at(&mut self, time: Time, event: Event) {
        self.sent += 1;
        self.events.push(Reverse((time, self.sent, event)));
    }

    fn after(&mut self, seconds: f64, event: Event) {
        self.at(self.now + micros(seconds), event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Listed(listing) => self.page_listed(listing),
            Event::Written(listing) => self.page_written(listing),
            Event::Claimed(worker, life) if self.lives(worker, life) => self.ask_for_addresses(worker),
            Event::Addressed(worker, life) if self.lives(worker, life) => self.addressed(worker),
            Event::Moved(worker, life, slot) if self.lives(worker, life) => self.moved(worker, slot),
            Event::Dies(worker, life) if self.lives(worker, life) => self.dies(worker),
            Event::Returns(worker) => self.returns(worker),
            Event::TakenOver(chains) => {
                self.queue.extend(chains);
                self.wake();
            }
            Event::Outage(number) => self.outage(number),
            Event::Claimed(..) | Event::Addressed(..) | Event::Moved(..) | Event::Dies(..) => {}
        }
    }

    fn lives(&self, worker: usize, life: u32) -> bool {
        self.workers[worker].life == life
    }

    /// Sends requests with a key, as fast as its limit lets it.
    fn ask(&mut self, key: usize, requests: f64) -> Time {
        self.outcome.api_requests += requests;
        let limit = self.plan.key_requests.unwrap_or(self.values.key_requests);
        self.keys[key].take(self.now, requests / limit)
    }

    fn end(mut self) -> Outcome {
        let seconds = self.now as f64 / 1e6;
        self.outcome.seconds = seconds;
        let workers = f64::from(self.plan.workers);
        let slots = workers * self.values.in_flight;
        let all = |resources: &mut dyn Iterator<Item = &Resource>| -> f64 {
            resources.map(|resource| resource.busy as f64 / 1e6).sum()
        };
        let pages = self.plan.files as f64 / self.values.page_files / self.listings.len() as f64;
        let keys = f64::from(self.plan.keys);
        let shares = [
            ("files in flight", self.in_slots / slots),
            ("requests of a key", all(&mut self.keys.iter()) / keys),
            ("listing", pages * self.values.page_ms / 1e3),
            ("ledger", all(&mut [&self.ledger].into_iter())),
            ("destination", all(&mut [&self.destination].into_iter())),
            (
                "CPU",
                all(&mut self.workers.iter().map(|worker| &worker.cpu)) / workers,
            ),
            (
                "network",
                all(&mut self.workers.iter().map(|worker| &worker.net)) / workers,
            ),
        ];
        self.outcome.shares = shares.map(|(name, busy)| (name, busy / seconds)).to_vec();
        self.outcome
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts in the figures are small and whole"
)]
fn count(value: f64) -> usize {
    (value as usize).max(1)
}
