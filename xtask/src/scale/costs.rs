//! What a file takes of each resource.

use std::ops::AddAssign;

use super::inputs::Inputs;

/// What files take of a worker's slot, of the worker and of the destination.
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    /// Seconds in its slot with nobody else about.
    pub(super) alone: f64,
    /// Seconds of CPU.
    pub(super) cpu: f64,
    /// Bytes, in MiB.
    pub(super) mib: f64,
    /// Requests to the destination.
    pub(super) requests: f64,
}

impl Cost {
    fn times(self, count: f64) -> Self {
        Self {
            alone: self.alone * count,
            cpu: self.cpu * count,
            mib: self.mib * count,
            requests: self.requests * count,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.alone += other.alone;
        self.cpu += other.cpu;
        self.mib += other.mib;
        self.requests += other.requests;
    }
}

/// Draws files by the sizes that there are.
pub(super) struct Costs {
    /// The share of each size, and what one file of it takes.
    classes: Vec<(f64, Cost)>,
}

/// From here on so many files are taken as their mean, but for rounding.
const MANY: u32 = 32;

impl Costs {
    pub(super) fn new(inputs: &Inputs) -> Self {
        let values = &inputs.values;
        let class = |mib: f64| {
            let parts = (mib / values.part_mib).ceil();
            // A large file is begun, completed and looked at; its parts go while it comes.
            let (waits, requests) = if parts > 1.0 {
                (3.0, parts + 3.0)
            } else {
                (1.0, 1.0)
            };
            let cpu = values.cpu_file_ms / 1e3 + mib * values.cpu_mib_ms / 1e3;
            let bytes = mib / values.connection_mib;
            Cost {
                alone: values.get_ms / 1e3 + waits * values.put_ms / 1e3 + bytes + cpu,
                cpu,
                mib,
                requests,
            }
        };
        let classes = inputs.sizes.iter().map(|size| (size.share, class(size.mib)));
        Self {
            classes: classes.collect(),
        }
    }

    /// What so many files take that are moved one after the other.
    pub(super) fn draw(&self, files: u32, random: &mut fastrand::Rng) -> Cost {
        let mut sum = Cost::default();
        if files < MANY {
            for _ in 0..files {
                sum += self.one(random.f64());
            }
            return sum;
        }
        for (share, cost) in &self.classes {
            sum += cost.times((share * f64::from(files) + random.f64()).floor());
        }
        sum
    }

    fn one(&self, mut place: f64) -> Cost {
        for (share, cost) in &self.classes {
            if place < *share {
                return *cost;
            }
            place -= share;
        }
        self.classes.last().map_or_else(Cost::default, |(_, cost)| *cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_take_what_as_many_single_ones_take() {
        let costs = Costs::new(&Inputs::load().unwrap());
        let mut random = fastrand::Rng::with_seed(1);
        let mut sums = [Cost::default(), Cost::default()];
        for _ in 0..4_000_000 {
            sums[0] += costs.draw(1, &mut random);
        }
        for _ in 0..20_000 {
            sums[1] += costs.draw(200, &mut random);
        }
        let ratio = |of: fn(&Cost) -> f64| of(&sums[0]) / of(&sums[1]);
        for ratio in [
            ratio(|cost| cost.alone),
            ratio(|cost| cost.cpu),
            ratio(|cost| cost.requests),
        ] {
            assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
        }
    }
}
