//! Tasks, and the files in them.

use super::super::resource::{Time, micros};
use super::super::worker::Flight;
use super::{Event, Simulation, count};

impl Simulation<'_> {
    pub(super) fn wake(&mut self) {
        for worker in 0..self.workers.len() {
            self.claim(worker);
        }
    }

    /// Takes a task where one is wanted and to be had: of each of its files, a chain.
    pub(super) fn claim(&mut self, worker: usize) {
        let batch = count(self.values.batch_files);
        if self.queue.is_empty() || !self.workers[worker].wants_task(batch) {
            return;
        }
        let batch = batch.min(self.queue.len());
        let state = &mut self.workers[worker];
        state.claiming = true;
        state.claimed.extend(self.queue.drain(..batch));
        let life = state.life;
        let tasks = f64::from(self.grain);
        let takes = tasks * self.values.ledger_task_ms / 1e3 / 2.0;
        let given = self.ledger.take(self.now, takes);
        self.at(given, Event::Claimed(worker, life));
    }

    pub(super) fn ask_for_addresses(&mut self, worker: usize) {
        let tasks = f64::from(self.grain);
        let state = &self.workers[worker];
        let life = state.life;
        let mut requests = tasks;
        if self.plan.by_server {
            requests += state.claimed.iter().map(|files| f64::from(*files)).sum::<f64>();
        }
        let sent = self.ask(worker % self.keys.len(), requests);
        let come = sent + micros(tasks * self.values.names_ms / 1e3);
        self.at(come, Event::Addressed(worker, life));
    }

    pub(super) fn addressed(&mut self, worker: usize) {
        let state = &mut self.workers[worker];
        state.claiming = false;
        state.ready.append(&mut state.claimed);
        while self.begin(worker, self.now) {}
        self.claim(worker);
    }

    /// Begins a chain, where there is one and a slot for it.
    fn begin(&mut self, worker: usize, start: Time) -> bool {
        let state = &mut self.workers[worker];
        if state.idle.is_empty() || state.ready.is_empty() {
            return false;
        }
        let (Some(files), Some(slot)) = (state.ready.pop(), state.idle.pop()) else {
            return false;
        };
        let cost = self.costs.draw(files, &mut self.random);
        let alone = start + micros(cost.alone);
        let cpu = state.cpu.take(start, cost.cpu / self.values.worker_cores);
        let net = state.net.take(start, cost.mib / self.values.worker_net_mib);
        let taken = cost.requests / self.values.destination_requests / f64::from(self.plan.partitions);
        let end = alone.max(cpu).max(net).max(self.destination.take(start, taken));
        state.slots[slot] = Some(Flight {
            files,
            start,
            end,
            outages: self.outages.len(),
        });
        let life = state.life;
        self.in_slots += cost.alone;
        self.outcome.destination_requests += cost.requests;
        self.at(end, Event::Moved(worker, life, slot));
        true
    }

    pub(super) fn moved(&mut self, worker: usize, slot: usize) {
        let state = &mut self.workers[worker];
        let (life, place) = (state.life, &mut state.slots[slot]);
        let Some(flight) = place else { return };
        if let Some(wait) = self.outages.get(flight.outages..).filter(|more| !more.is_empty()) {
            let end = self.now + wait.iter().sum::<Time>();
            flight.outages = self.outages.len();
            flight.end = end;
            self.at(end, Event::Moved(worker, life, slot));
            return;
        }
        let files = flight.files;
        *place = None;
        state.idle.push(slot);
        self.to_move = self.to_move.saturating_sub(u64::from(files));
        let takes = f64::from(files) * self.values.ledger_moved_ms / 1e3;
        let written = self.ledger.take(self.now, takes);
        self.begin(worker, written);
        self.claim(worker);
    }
}
