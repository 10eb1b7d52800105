//! When to try again, and how long to wait before.

use std::time::{Duration, Instant, SystemTime};

/// Exponential backoff with full jitter: the n-th wait is drawn evenly between zero and `initial × 2ⁿ`, at most `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The upper end of the first wait.
    pub initial: Duration,
    /// The upper end that no wait passes.
    pub max: Duration,
}

impl Backoff {
    fn wait(&self, retry: u32) -> Duration {
        let ceiling = self.initial.saturating_mul(1_u32 << retry.min(20)).min(self.max);
        ceiling.mul_f64(fastrand::f64())
    }
}

/// The retry policy that GraphQL requests and transfers share.
///
/// Each wait is the longer of the backoff and what the server asked for (`Retry-After`, `RateLimit-Reset`). Where the
/// server asks for more than `max_wait`, or the wait would pass `timeout`, the failure is reported instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryConfig {
    /// Tries after the first one.
    pub max_retries: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// The longest wait that a server may ask for.
    pub max_wait: Duration,
    /// No retry starts later than this after the first try.
    pub timeout: Duration,
}

impl Default for RetryConfig {
    /// Six retries, 0.5 s doubling up to 10 s, waits of up to 2 minutes on the server's word, 5 minutes in all.
    fn default() -> Self {
        Self {
            max_retries: 6,
            backoff: Backoff {
                initial: Duration::from_millis(500),
                max: Duration::from_secs(10),
            },
            max_wait: Duration::from_secs(120),
            timeout: Duration::from_secs(300),
        }
    }
}

impl RetryConfig {
    /// One try and no more.
    #[must_use]
    pub fn none() -> Self {
        Self {
            max_retries: 0,
            ..Self::default()
        }
    }
}

/// What to do after a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Wait this long, then try again.
    RetryAfter(Duration),
    /// Report the failure.
    GiveUp,
}

/// Counts the tries of one request against a [`RetryConfig`].
///
/// ```
/// use wandb_http::{RetryConfig, RetryState, Verdict};
/// let mut state = RetryState::new(RetryConfig { max_retries: 1, ..RetryConfig::default() });
/// assert!(matches!(state.failed(None), Verdict::RetryAfter(_)));
/// assert_eq!(state.failed(None), Verdict::GiveUp);
/// assert_eq!(state.attempts(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct RetryState {
    config: RetryConfig,
    started: Instant,
    failures: u32,
}

impl RetryState {
    /// Starts the clock of a first try.
    #[must_use]
    pub fn new(config: RetryConfig) -> Self {
        Self {
            config,
            started: Instant::now(),
            failures: 0,
        }
    }

    /// Records a failed try that may be repeated; `asked` is the wait that the server asked for.
    pub fn failed(&mut self, asked: Option<Duration>) -> Verdict {
        let retry = self.failures;
        self.failures += 1;
        if retry >= self.config.max_retries || asked.is_some_and(|asked| asked > self.config.max_wait) {
            return Verdict::GiveUp;
        }
        let wait = self.config.backoff.wait(retry).max(asked.unwrap_or_default());
        if self.started.elapsed() + wait > self.config.timeout {
            Verdict::GiveUp
        } else {
            Verdict::RetryAfter(wait)
        }
    }

    /// Starts the clock of `timeout` anew, and leaves the count of tries: for a transfer that got on before it failed,
    /// so that a large file's time does not use up the time for retries.
    pub fn restart_clock(&mut self) {
        self.started = Instant::now();
    }

    /// Tries that failed so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.failures
    }

    /// Time since the first try began, or since [`restart_clock`](Self::restart_clock).
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The wait that a response asks for: `Retry-After` (seconds or an HTTP date), else `RateLimit-Reset` (seconds).
///
/// `header` looks a response header up by its lower-case name, so that no HTTP library shows here.
pub fn retry_after<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Duration> {
    header("retry-after")
        .and_then(wait_of)
        .or_else(|| header("ratelimit-reset").and_then(seconds))
}

fn wait_of(value: &str) -> Option<Duration> {
    seconds(value).or_else(|| {
        let date = httpdate::parse_http_date(value.trim()).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    })
}

fn seconds(value: &str) -> Option<Duration> {
    let seconds: f64 = value.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_their_forms() {
        let of = |name: &'static str, value: &'static str| {
            retry_after(move |asked| (asked == name).then_some(value))
        };
        assert_eq!(of("retry-after", "3"), Some(Duration::from_secs(3)));
        assert_eq!(of("retry-after", " 0.5"), Some(Duration::from_millis(500)));
        assert_eq!(
            of("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(of("ratelimit-reset", "7"), Some(Duration::from_secs(7)));
        assert_eq!(of("retry-after", "soon"), None);
        assert_eq!(of("retry-after", "-1"), Some(Duration::ZERO));
        assert_eq!(of("retry-after", "NaN"), Some(Duration::ZERO));
        assert_eq!(of("retry-after", "inf"), None);
    }

    #[test]
    fn a_wait_that_is_too_long_ends_the_tries() {
        let mut state = RetryState::new(RetryConfig::default());
        assert_eq!(state.failed(Some(Duration::from_secs(121))), Verdict::GiveUp);
        let mut state = RetryState::new(RetryConfig {
            timeout: Duration::from_secs(5),
            ..RetryConfig::default()
        });
        assert_eq!(state.failed(Some(Duration::from_secs(60))), Verdict::GiveUp);
    }

    #[test]
    fn a_clock_that_starts_anew_keeps_the_count() {
        let mut state = RetryState::new(RetryConfig::default());
        state.started = Instant::now()
            .checked_sub(Duration::from_secs(600))
            .expect("a past");
        assert_eq!(state.failed(None), Verdict::GiveUp);
        state.restart_clock();
        assert!(matches!(state.failed(None), Verdict::RetryAfter(_)));
        assert_eq!(state.attempts(), 2);
    }

    #[test]
    fn the_server_may_ask_for_more_than_the_backoff_never_for_less() {
        let mut state = RetryState::new(RetryConfig::default());
        let Verdict::RetryAfter(wait) = state.failed(Some(Duration::from_secs(30))) else {
            panic!("gave up")
        };
        assert!(wait >= Duration::from_secs(30));
    }

    #[test]
    fn jitter_stays_below_the_ceiling() {
        let backoff = Backoff {
            initial: Duration::from_millis(100),
            max: Duration::from_secs(1),
        };
        for retry in 0..64 {
            assert!(backoff.wait(retry) <= Duration::from_secs(1));
            assert!(backoff.wait(0) <= Duration::from_millis(100));
        }
    }
}
