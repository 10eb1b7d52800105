//! Where ledgers are.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};
use wandb_client::Api;
use wandb_mirror::{Destination, Ledger};

use super::trouble;
use crate::console::Console;
use crate::escape::printable;
use crate::failure::Failure;
use crate::interrupt::CLEARING_UP;

/// The most characters of an address that go into the name of its ledger.
const READABLE: usize = 80;

/// The ledger of a destination: the one that is named, else the one that is its own.
pub(super) fn of(state: Option<&str>, destination: &Destination) -> Result<String, Failure> {
    if let Some(state) = state {
        return Ok(state.to_owned());
    }
    let path = match beside(destination.address()) {
        Some(path) => path,
        None => in_data_folder(destination.address())?,
    };
    match path.to_str() {
        Some(path) => Ok(path.to_owned()),
        None => Err(Failure::Usage(format!(
            "{} is no UTF-8; name a ledger with --state",
            path.display()
        ))),
    }
}

/// Opens a ledger, and says so where it is made.
pub(super) async fn open(address: &str, console: &Console) -> Result<Ledger, Failure> {
    let is_new = !Ledger::exists(address).map_err(trouble::of_ledger)?;
    let ledger = Ledger::open(address).await.map_err(trouble::of_ledger)?;
    if is_new {
        console.say(&printable(&format!(
            "the ledger of this mirror is {}",
            ledger.address()
        )));
    }
    Ok(ledger)
}

/// A ledger that is there, and the destination whose files are meant; without one, those of all its mirrors.
pub(super) struct Known {
    pub(super) ledger: Ledger,
    pub(super) destination: Option<Destination>,
}

impl Known {
    /// The ledger of a destination, or the one that is named.
    pub(super) async fn find(destination: Option<&str>, state: Option<&str>) -> Result<Self, Failure> {
        let destination = destination
            .map(Destination::peek)
            .transpose()
            .map_err(|error| trouble::of_destination(&error))?;
        let address = match (&destination, state) {
            (Some(destination), state) => of(state, destination)?,
            (None, Some(state)) => state.to_owned(),
            (None, None) => {
                return Err(Failure::Usage(
                    "whose ledger? give the destination of the mirror, or --state LEDGER".to_owned(),
                ));
            }
        };
        if !Ledger::exists(&address).map_err(trouble::of_ledger)? {
            return Err(Failure::Error(format!(
                "{}there is no ledger {address}; where it is another one, name it with --state",
                destination.as_ref().map(unknown).unwrap_or_default()
            )));
        }
        let ledger = Ledger::open(&address).await.map_err(trouble::of_ledger)?;
        if let Some(destination) = &destination {
            let mirrors = ledger.mirrors().await.map_err(trouble::of_ledger)?;
            if !mirrors.iter().any(|(_, known)| known == destination.address()) {
                return Err(Failure::Error(format!(
                    "{}the ledger {} does not have it; where it is another one, name it with --state",
                    unknown(destination),
                    ledger.address()
                )));
            }
        }
        Ok(Self { ledger, destination })
    }

    /// Refuses a ledger that has mirrors, but none of this server: where nothing is looked at, nothing would look wrong.
    pub(super) async fn expect_server(&self, api: &Api) -> Result<(), Failure> {
        let here = api.settings().base_address();
        let mirrors = self.ledger.mirrors().await.map_err(trouble::of_ledger)?;
        let mut servers: Vec<String> = mirrors
            .into_iter()
            .filter(|(_, to)| self.address().is_none_or(|address| address == to))
            .map(|(server, _)| server)
            .collect();
        if servers.is_empty() || servers.iter().any(|server| server == here) {
            return Ok(());
        }
        servers.sort_unstable();
        servers.dedup();
        Err(Failure::Error(format!(
            "the ledger {} knows nothing of {here}, but of {}: set WANDB_BASE_URL to that",
            self.ledger.address(),
            servers.join(", ")
        )))
    }

    /// The destination's address.
    pub(super) fn address(&self) -> Option<&str> {
        self.destination.as_ref().map(Destination::address)
    }
}

fn unknown(destination: &Destination) -> String {
    format!("nothing is known of a mirror to {}: ", destination.address())
}

/// Ends the connections to a ledger: a SQLite file is one file then.
pub(super) async fn close(ledger: &Ledger) {
    // What may still use it has nothing to lose.
    let _ = tokio::time::timeout(CLEARING_UP, ledger.disconnect()).await;
}

/// `/data/m` has `/data/m.wbf-ledger.sqlite`; what is no folder, or the root of all, has none beside it.
fn beside(address: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(address);
    if !folder.is_absolute() {
        return None;
    }
    let name = folder.file_name()?.to_str()?;
    Some(folder.with_file_name(format!("{name}.wbf-ledger.sqlite")))
}

fn in_data_folder(address: &str) -> Result<PathBuf, Failure> {
    let strategy = etcetera::base_strategy::choose_native_strategy().map_err(|error| {
        Failure::Error(format!(
            "cannot tell where the user's data folder is: {error}; name a ledger with --state"
        ))
    })?;
    let folder = strategy.data_dir().join("wbf").join("mirrors");
    Ok(folder.join(format!("{}.sqlite", name_of(address))))
}

/// A file's name for an address: what can be read of it, and what tells it from every other.
fn name_of(address: &str) -> String {
    let words = address.split(|char: char| !char.is_ascii_alphanumeric() && !"._-".contains(char));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let readable: String = words.join("-").chars().take(READABLE).collect();
    let digest = Sha256::digest(address.as_bytes());
    let unique: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{readable}-{unique}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_its_ledger_beside_it() {
        assert_eq!(
            beside("/data/m"),
            Some(PathBuf::from("/data/m.wbf-ledger.sqlite"))
        );
        assert_eq!(beside("/"), None);
        assert_eq!(beside("s3://bucket/m"), None);
    }

    #[test]
    fn names_of_ledgers_are_readable_and_unique() {
        let name = name_of("s3://my-bucket/wandb/m 1");
        assert!(name.starts_with("s3-my-bucket-wandb-m-1-"), "{name}");
        assert_ne!(name_of("s3://b/a/b"), name_of("s3://b/a-b"));
        assert!(name_of(&format!("s3://b/{}", "x".repeat(500))).len() < 100);
    }
}
