//! Waits that the server asked for, told to all workers of the same key.

use std::collections::HashMap;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wandb_client::Api;

use crate::Ledger;
use crate::ledger::now;

/// How often workers look for what others were told.
const EVERY: Duration = Duration::from_secs(1);

/// Tells others of the waits that this process is asked for, and heeds those that others are: for ever.
pub(super) async fn herald(api: &Api, ledger: &Ledger) {
    let credential = fingerprint(api);
    let mut told: HashMap<String, i64> = HashMap::new();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // An outage of the ledger passes, and each process heeds what it is told itself meanwhile.
        let _ = exchange(api, ledger, &credential, &mut told).await;
    }
}

async fn exchange(
    api: &Api,
    ledger: &Ledger,
    credential: &str,
    told: &mut HashMap<String, i64>,
) -> Result<(), crate::LedgerError> {
    for (host, left) in api.pace().holds() {
        let until = now() + i64::try_from(left.as_millis()).unwrap_or(i64::MAX / 2);
        // What was read from the ledger comes back with some milliseconds of difference.
        if told.get(&host).is_none_or(|told| until > told + 100) {
            ledger.hold(credential, &host, until).await?;
            told.insert(host, until);
        }
    }
    for (host, until) in ledger.holds(credential).await? {
        if let Ok(left) = u64::try_from(until - now()) {
            api.pace().hold(&host, Duration::from_millis(left));
            let latest = told.entry(host).or_insert(until);
            *latest = until.max(*latest);
        }
    }
    Ok(())
}

/// What tells credentials apart without showing them.
fn fingerprint(api: &Api) -> String {
    let settings = api.settings();
    let mut digest = Sha256::new();
    digest.update(settings.base_address().as_bytes());
    if let Some(key) = &settings.api_key {
        digest.update([0]);
        digest.update(key.value.expose().as_bytes());
    }
    digest.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
