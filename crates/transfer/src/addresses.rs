//! Which of an object's addresses is asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use url::Url;
use wandb_http::{Anonymous, Redacted, host};

use crate::attempt::{Body, Range, fetchable};
use crate::error::{Again, Blame, Failure};
use crate::expiry::has_expired;
use crate::{Renewal, Source, Transfer};

const RENEWALS: u32 = 2;

/// So long a host that could not be reached is asked last.
const UNREACHABLE_FOR: Duration = Duration::from_secs(60);

/// Hosts that could not be reached, known to all files: finding that out may take a file the whole time that a connect is
/// given. Cheap to clone; the clones share what they know.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unreachable(Arc<Mutex<HashMap<String, Instant>>>);

impl Unreachable {
    fn insert(&self, url: &Url) {
        self.hosts().insert(host(url), Instant::now());
    }

    fn contains(&self, url: &Url) -> bool {
        let since = self.hosts().get(&host(url)).copied();
        since.is_some_and(|since| since.elapsed() < UNREACHABLE_FOR)
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        // Nothing in here can be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The addresses of one object, in the order in which they are to be asked, and what has been learned of them.
#[derive(Debug)]
pub(crate) struct Addresses {
    known: Mutex<Known>,
    /// Only one asks for fresh addresses at a time.
    renewing: tokio::sync::Mutex<()>,
    renewal: Option<Arc<dyn Renewal>>,
    credential: bool,
}

#[derive(Debug, Default)]
struct Known {
    urls: VecDeque<Url>,
    unreachable: Unreachable,
    /// Where the address that is in use leads to in the end: asked first, so that not every part of a file is redirected
    /// anew.
    leads_to: Option<Url>,
    renewals: u32,
}

impl Addresses {
    pub(crate) fn new(source: &Source, unreachable: &Unreachable) -> Result<Self, Failure> {
        let mut known = Known {
            unreachable: unreachable.clone(),
            ..Known::default()
        };
        known.replace(usable(source.urls())?);
        Ok(Self {
            known: Mutex::new(known),
            renewing: tokio::sync::Mutex::new(()),
            renewal: source.renewal().map(Arc::clone),
            credential: source.wants_credential(),
        })
    }

    /// Asks one address after the other, and then fresh ones, until a server agrees to send. All that together is one
    /// try.
    pub(crate) async fn open(&self, transfer: &Transfer, range: Option<&Range>) -> Result<Body, Failure> {
        let anonymous = (!self.credential).then(|| transfer.clone().with_credentials(Arc::new(Anonymous)));
        let transfer = anonymous.as_ref().unwrap_or(transfer);
        let mut asked = Vec::new();
        let mut told: Option<Failure> = None;
        let mut renewals = self.known().renewals;
        loop {
            let Some(url) = self.next(&asked) else {
                let failure = told.take().unwrap_or_else(Failure::no_address);
                let failure = self.renew(renewals, failure).await?;
                renewals = self.known().renewals;
                asked.clear();
                told = Some(failure);
                continue;
            };
            match transfer.open(&url, range).await {
                Ok(body) => return Ok(body),
                Err(failure) => {
                    let Some(blame) = failure.blame else {
                        return Err(failure);
                    };
                    tracing::debug!(failure = failure.what(), "{} is of no use", Redacted(&url));
                    self.known().blame(&url, blame);
                    asked.push(url);
                    // What may pass counts for more than what does not: another address is asked again then.
                    if told.as_ref().is_none_or(|told| told.again == Again::No) {
                        told = Some(failure);
                    }
                }
            }
        }
    }

    /// From now on `url` is asked first, as long as it works: the address in use led there.
    pub(crate) fn leads_to(&self, url: &Url) {
        let mut known = self.known();
        if !known.urls.contains(url) {
            known.leads_to = Some(url.clone());
        }
    }

    fn next(&self, asked: &[Url]) -> Option<Url> {
        let known = self.known();
        let mut all = known.leads_to.iter().chain(&known.urls);
        all.find(|url| !asked.contains(url)).cloned()
    }

    /// Gets fresh addresses, unless someone has since there were `renewals`; gives `failure` back, as an error where
    /// there are none.
    async fn renew(&self, renewals: u32, failure: Failure) -> Result<Failure, Failure> {
        let Some(renewal) = &self.renewal else {
            return Err(failure);
        };
        let _alone = self.renewing.lock().await;
        match self.known().renewals {
            now if now != renewals => return Ok(failure),
            RENEWALS => return Err(failure),
            _ => {}
        }
        let fresh = renewal.renew().await;
        let mut known = self.known();
        known.renewals += 1;
        let urls = match fresh {
            Ok(urls) => usable(&urls).map_err(|unusable| unusable.what().to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match urls {
            Ok(urls) => {
                known.replace(urls);
                Ok(failure)
            }
            Err(why) => Err(failure.and(&format!("no fresh address could be had: {why}"))),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing in here can be left half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn blame(&mut self, url: &Url, blame: Blame) {
        if self.leads_to.as_ref() == Some(url) {
            self.leads_to = None;
            return;
        }
        if blame == Blame::Unreachable {
            self.unreachable.insert(url);
        }
        if let Some(place) = self.urls.iter().position(|known| known == url) {
            let last = self
                .urls
                .remove(place)
                .filter(|_| blame != Blame::Dead || self.urls.is_empty());
            self.urls.extend(last);
        }
    }

    fn replace(&mut self, mut urls: Vec<Url>) {
        urls.sort_by_cached_key(|url| self.unreachable.contains(url));
        self.urls = urls.into();
        self.leads_to = None;
    }
}

/// Those that can be fetched, or why the first one cannot. Those that have expired come last.
fn usable(urls: &[Url]) -> Result<Vec<Url>, Failure> {
    let (good, mut bad): (Vec<_>, Vec<_>) = urls.iter().map(fetchable).partition(Result::is_ok);
    if good.is_empty() {
        return Err(if bad.is_empty() {
            Failure::no_address()
        } else {
            bad.swap_remove(0).err().unwrap_or_else(Failure::no_address)
        });
    }
    let mut good: Vec<Url> = good.into_iter().flatten().collect();
    let now = Timestamp::now();
    good.sort_by_cached_key(|url| has_expired(url, now));
    Ok(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_one_file_could_not_reach_is_asked_last_for_the_next() {
        let url = |text: &str| Url::parse(text).expect("an address");
        let (storage, server) = (url("http://storage/a"), url("http://server/a"));
        let source = Source::new(storage.clone()).or(server.clone());
        let hosts = Unreachable::default();
        let first = Addresses::new(&source, &hosts).expect("addresses");
        assert_eq!(first.next(&[]), Some(storage.clone()));
        first.known().blame(&storage, Blame::Unreachable);
        let second = Addresses::new(&source, &hosts.clone()).expect("addresses");
        assert_eq!(second.next(&[]), Some(server.clone()));
        assert_eq!(second.next(&[server]), Some(storage), "it is not given up");
    }
}
