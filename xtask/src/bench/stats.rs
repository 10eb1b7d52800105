//! What a row of measurements comes to.

use serde_json::{Value, json};

/// What one run of a command took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Took {
    /// Seconds by the clock.
    pub(super) wall: f64,
    /// Seconds of all cores, in the command and in the system for it.
    pub(super) cpu: f64,
    /// The most memory, in MiB.
    pub(super) peak: f64,
    /// Requests that servers got.
    pub(super) requests: f64,
    /// The seconds by the clock for the part that was done, and for nothing of it, where the rest is reckoned from these.
    pub(super) part: Option<[f64; 2]>,
}

/// A quantity that is told of each contender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    Wall,
    Cpu,
}

impl Metric {
    pub(super) fn of(self, took: &Took) -> f64 {
        match self {
            Self::Wall => took.wall,
            Self::Cpu => took.cpu,
        }
    }
}

impl Took {
    pub(super) fn json(&self) -> Value {
        json!({"wall": self.wall, "cpu": self.cpu, "peak": self.peak, "requests": self.requests, "part": self.part})
    }

    pub(super) fn read(value: &Value) -> Option<Self> {
        Some(Self {
            wall: value["wall"].as_f64()?,
            cpu: value["cpu"].as_f64()?,
            peak: value["peak"].as_f64()?,
            requests: value["requests"].as_f64()?,
            part: value["part"]
                .as_array()
                .and_then(|part| Some([part.first()?.as_f64()?, part.get(1)?.as_f64()?])),
        })
    }

    /// What all of the work takes, where this is what one part of `parts` takes, and `nothing` what none of it does.
    pub(super) fn scaled(self, parts: f64, nothing: &Self) -> Self {
        let all = |part: f64, nothing: f64| nothing + (part - nothing) * parts;
        Self {
            wall: all(self.wall, nothing.wall),
            cpu: all(self.cpu, nothing.cpu),
            peak: self.peak,
            requests: all(self.requests, nothing.requests),
            part: Some([self.wall, nothing.wall]),
        }
    }
}

/// A median, and the least and the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

/// Of any numbers; `None` of none.
pub(super) fn spread(numbers: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    let (least, most) = (*numbers.first()?, *numbers.last()?);
    let middle = numbers.len() / 2;
    let median = if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    };
    Some(Spread { median, least, most })
}

/// The ratios of two contenders, round by round: what changes from round to round, as what else the machine does, changes both.
/// Rounds in which one of them failed do not count.
pub(super) fn ratios(metric: Metric, ours: &[Option<Took>], theirs: &[Option<Took>]) -> Option<Spread> {
    let pairs = ours.iter().zip(theirs);
    spread(pairs.filter_map(|(ours, theirs)| Some(metric.of(ours.as_ref()?) / metric.of(theirs.as_ref()?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(wall: f64) -> Took {
        Took {
            wall,
            cpu: wall / 2.0,
            peak: 1.0,
            requests: 3.0,
            part: None,
        }
    }

    #[test]
    fn medians_of_odd_and_even_counts() {
        let spread = |numbers: &[f64]| spread(numbers.iter().copied());
        assert_eq!(spread(&[]), None);
        let odd = spread(&[3.0, 1.0, 2.0]).unwrap();
        assert_eq!((odd.least, odd.median, odd.most), (1.0, 2.0, 3.0));
        assert_eq!(spread(&[1.0, 2.0, 3.0, 10.0]).unwrap().median, 2.5);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The second round was twice as slow for both, and somebody failed in the last ones.
        let ours = [Some(took(1.0)), Some(took(2.0)), None, Some(took(9.0))];
        let theirs = [Some(took(2.0)), Some(took(4.0)), Some(took(1.0)), None];
        let found = ratios(Metric::Wall, &ours, &theirs).unwrap();
        assert_eq!((found.least, found.most), (0.5, 0.5));
    }

    #[test]
    fn measurements_are_kept_as_they_were() {
        let took = took(1.5);
        assert_eq!(Took::read(&took.json()), Some(took));
    }

    #[test]
    fn what_is_done_once_is_not_multiplied() {
        let all = took(1.5).scaled(10.0, &took(1.0));
        assert_eq!((all.wall, all.requests, all.part), (6.0, 3.0, Some([1.5, 1.0])));
        assert_eq!(all.peak, 1.0, "memory does not add up");
        assert_eq!(Took::read(&all.json()), Some(all));
    }
}
