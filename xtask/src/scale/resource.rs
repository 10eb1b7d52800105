//! What work waits for.

/// Microseconds since the start of a simulation.
pub(super) type Time = u64;

/// Something that does one piece of work after the other, in the order in which they come.
#[derive(Default)]
pub(super) struct Resource {
    free_at: Time,
    /// How long it has worked in all.
    pub(super) busy: Time,
}

impl Resource {
    /// When work that comes now, and takes so many seconds, is done.
    pub(super) fn take(&mut self, now: Time, seconds: f64) -> Time {
        let takes = micros(seconds);
        self.busy += takes;
        self.free_at = self.free_at.max(now) + takes;
        self.free_at
    }

    /// Lets nothing begin before that time.
    pub(super) fn block(&mut self, until: Time) {
        self.free_at = self.free_at.max(until);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times of a simulation are far from the limits"
)]
pub(super) fn micros(seconds: f64) -> Time {
    (seconds * 1e6).round().max(0.0) as Time
}
