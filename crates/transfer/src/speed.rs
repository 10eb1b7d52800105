//! Whether a connection is slow.

use std::time::Duration;

/// So much of waiting is looked at together: bytes come in bursts.
const WINDOW: Duration = Duration::from_millis(200);

/// Bytes of one connection, and the time in which they were waited for.
#[derive(Debug)]
pub(crate) struct Speed {
    slow_below: u64,
    bytes: u64,
    waited: Duration,
}

impl Speed {
    pub(crate) fn new(slow_below: u64) -> Self {
        Self {
            slow_below,
            bytes: 0,
            waited: Duration::ZERO,
        }
    }

    /// Takes note of bytes that came after a wait: whether the connection has proved to be slow.
    pub(crate) fn is_slow(&mut self, bytes: u64, waited: Duration) -> bool {
        self.bytes += bytes;
        self.waited += waited;
        let enough = (u128::from(self.slow_below) * self.waited.max(WINDOW).as_millis()) / 1000;
        let fast = u128::from(self.bytes) >= enough;
        let slow = !fast && self.waited >= WINDOW;
        if fast || slow {
            *self = Self::new(self.slow_below);
        }
        slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many pieces of 100 KB, each so late, it is slow below 10 MB/s.
    fn slow_after(pieces: usize, each: Duration) -> Option<usize> {
        let mut speed = Speed::new(10_000_000);
        (1..=pieces).find(|_| speed.is_slow(100_000, each))
    }

    #[test]
    fn it_is_slow_once_too_little_came_for_long_enough() {
        assert_eq!(slow_after(1000, Duration::from_millis(20)), Some(10));
        assert_eq!(slow_after(1000, Duration::from_secs(1)), Some(1));
        assert_eq!(slow_after(1000, Duration::from_millis(10)), None);
        assert_eq!(slow_after(1000, Duration::ZERO), None);
    }

    #[test]
    fn it_may_become_slow_later_and_a_burst_is_soon_forgotten() {
        let mut speed = Speed::new(10_000_000);
        for _ in 0..10 {
            assert!(!speed.is_slow(50_000_000, Duration::ZERO));
        }
        assert!(!speed.is_slow(100_000, Duration::from_millis(150)));
        assert!(speed.is_slow(100_000, Duration::from_millis(150)));
    }
}
