//! What goes wrong.

use super::super::plan::Part;
use super::super::resource::micros;
use super::{Event, Simulation};

impl Simulation<'_> {
    pub(super) fn live(&mut self, worker: usize) {
        if let Some(hours) = self.plan.life {
            let life = -(1.0 - self.random.f64()).ln() * hours * 3600.0;
            self.after(life, Event::Dies(worker, self.workers[worker].life));
        }
    }

    pub(super) fn dies(&mut self, worker: usize) {
        let loss = self.workers[worker].die(self.now);
        self.outcome.deaths += 1;
        self.outcome.twice += loss.twice;
        self.to_move = self.to_move.saturating_sub(loss.done);
        let since_heartbeat = self.random.f64() * self.values.heartbeat_s;
        let silence = self.values.takeover_s - since_heartbeat;
        self.after(silence, Event::TakenOver(loss.chains));
        self.after(self.values.restart_s, Event::Returns(worker));
    }

    pub(super) fn returns(&mut self, worker: usize) {
        self.workers[worker].alive = true;
        self.live(worker);
        self.claim(worker);
    }

    pub(super) fn outage(&mut self, number: usize) {
        let outage = self.plan.outages[number];
        let until = self.now + micros(outage.seconds);
        match outage.part {
            Part::Ledger => self.ledger.block(until),
            Part::Api => self.keys.iter_mut().for_each(|key| key.block(until)),
            Part::Storage => {
                self.destination.block(until);
                self.outages.push(micros(outage.seconds));
            }
        }
    }
}
