//! One wait for all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use crate::{RetryConfig, host};

/// The longest that requests which waited together are spread over.
const SPREAD: Duration = Duration::from_secs(1);

/// Makes all requests to a host wait where the host asked one of them to. Cheap to clone; the clones share what they
/// know.
///
/// A server that limits its clients counts all their requests together: were each to learn of the limit by itself, every
/// one would cost a refusal. Hosts are told apart by name and port, so that a limit of the API does not stop bytes that
/// come from storage.
///
/// ```
/// # async fn example() -> Result<(), url::ParseError> {
/// use std::time::Duration;
/// use wandb_http::{Pace, RetryConfig};
///
/// let (pace, url) = (Pace::default(), url::Url::parse("https://api.example/graphql")?);
/// pace.ready(&url).await;                                      // returns at once
/// let asked = Some(Duration::from_secs(3));
/// pace.heard(&url, 429, asked, &RetryConfig::default());
/// pace.ready(&url).await;                                      // returns 3 s later
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<Mutex<HashMap<String, Hold>>>);

#[derive(Debug, Clone, Copy)]
struct Hold {
    until: Instant,
    /// What the waits are drawn out by, at random, so that the requests do not all come in the same moment.
    spread: Duration,
}

impl Pace {
    /// Waits until the host of `url` may be asked again. To be called before every request.
    pub async fn ready(&self, url: &Url) {
        // The wait may have become longer meanwhile.
        while let Some(hold) = self.of(url) {
            tokio::time::sleep_until(hold.until + hold.spread.mul_f64(fastrand::f64())).await;
        }
    }

    /// Takes note of what the host of `url` answered: after HTTP 429 every request to it waits as long as was `asked`
    /// for (or as the first backoff of `retry`, where nothing was), after HTTP 503 as long as was asked for.
    ///
    /// A wait that is longer than `retry` allows stops nobody: whoever asks is told so by the server, and reports it.
    pub fn heard(&self, url: &Url, status: u16, asked: Option<Duration>, retry: &RetryConfig) {
        let wait = match status {
            429 => asked.unwrap_or(retry.backoff.initial),
            503 => asked.unwrap_or_default(),
            _ => return,
        };
        if wait.is_zero() || wait > retry.max_wait {
            return;
        }
        self.extend(host(url), wait);
    }

    /// Makes all requests to `host` (as [`host`] writes it) wait for `wait` from now, unless they wait longer already: for a
    /// limit that another process was told of. A wait that no clock can tell the end of is none.
    pub fn hold(&self, host: &str, wait: Duration) {
        self.extend(host.to_owned(), wait);
    }

    /// The hosts (as [`host`] writes them) that are not to be asked yet, and for how long, in any order: for other processes
    /// that share the limit, to be given to their [`hold`](Self::hold).
    #[must_use]
    pub fn holds(&self) -> Vec<(String, Duration)> {
        let now = Instant::now();
        let left = |hold: &Hold| hold.until.saturating_duration_since(now);
        self.all()
            .iter()
            .map(|(host, hold)| (host.clone(), left(hold)))
            .filter(|(_, left)| !left.is_zero())
            .collect()
    }

    fn extend(&self, host: String, wait: Duration) {
        let now = Instant::now();
        let end = |until: &Instant| until.checked_add(SPREAD).is_some();
        let Some(until) = now.checked_add(wait).filter(end) else {
            return;
        };
        let mut holds = self.all();
        holds.retain(|_, hold| hold.until > now);
        let hold = holds.entry(host).or_insert(Hold {
            until,
            spread: Duration::ZERO,
        });
        hold.until = hold.until.max(until);
        hold.spread = hold.spread.max((wait / 10).min(SPREAD));
    }

    fn of(&self, url: &Url) -> Option<Hold> {
        let now = Instant::now();
        self.all()
            .get(&host(url))
            .copied()
            .filter(|hold| hold.until > now)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Hold>> {
        // Nothing in here can be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    async fn waited(pace: &Pace, to: &str) -> Duration {
        let started = Instant::now();
        pace.clone().ready(&url(to)).await;
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn all_requests_to_a_host_wait_and_no_others() {
        let (pace, retry) = (Pace::default(), RetryConfig::default());
        assert_eq!(waited(&pace, "http://api/").await, Duration::ZERO);
        pace.heard(
            &url("http://api/graphql"),
            429,
            Some(Duration::from_secs(5)),
            &retry,
        );
        let (a, b, other) = tokio::join!(
            waited(&pace, "http://api/files/a"),
            waited(&pace, "http://api:80/graphql"),
            waited(&pace, "http://storage/")
        );
        for wait in [a, b] {
            assert!((5000..=5510).contains(&wait.as_millis()), "{wait:?}");
        }
        assert_eq!(other, Duration::ZERO);
        assert_eq!(waited(&pace, "http://api/").await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_wait_counts_and_a_shorter_does_not() {
        let (pace, retry, api) = (Pace::default(), RetryConfig::default(), url("http://api/"));
        let hold = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            pace.heard(&api, 503, Some(Duration::from_secs(9)), &retry);
            pace.heard(&api, 429, None, &retry);
        };
        pace.heard(&api, 429, Some(Duration::from_secs(2)), &retry);
        let (wait, ()) = tokio::join!(waited(&pace, "http://api/"), hold);
        assert!(wait >= Duration::from_secs(10), "{wait:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn another_process_is_told() {
        let (here, there, api) = (Pace::default(), Pace::default(), url("http://api/graphql"));
        assert!(here.holds().is_empty());
        here.heard(&api, 429, Some(Duration::from_secs(5)), &RetryConfig::default());
        for (host, left) in here.holds() {
            there.hold(&host, left);
        }
        let wait = waited(&there, "http://api/files/a").await;
        assert!((5000..=5510).contains(&wait.as_millis()), "{wait:?}");
        assert!(there.holds().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_process_tells_makes_no_wait_shorter_and_none_endless() {
        let pace = Pace::default();
        for seconds in [5, 2, 0] {
            pace.hold("api:80", Duration::from_secs(seconds));
        }
        pace.hold("api:80", Duration::MAX);
        assert_eq!(pace.holds(), [("api:80".to_owned(), Duration::from_secs(5))]);
        assert!(waited(&pace, "http://api/").await >= Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stops_nobody() {
        let (pace, retry, api) = (Pace::default(), RetryConfig::default(), url("http://api/"));
        pace.heard(&api, 500, Some(Duration::from_secs(5)), &retry);
        pace.heard(&api, 503, None, &retry);
        pace.heard(&api, 429, Some(Duration::ZERO), &retry);
        pace.heard(&api, 429, Some(Duration::from_secs(3600)), &retry);
        assert_eq!(waited(&pace, "http://api/").await, Duration::ZERO);
        pace.heard(&api, 429, None, &retry);
        assert!(waited(&pace, "http://api/").await >= retry.backoff.initial);
    }
}
