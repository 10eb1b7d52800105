//! A mirror: files of a server, a destination, and the ledger between them.

use std::fmt;

use futures::StreamExt as _;
use wandb_client::Api;

use crate::worker::queue_of;
use crate::{Destination, Ledger, MirrorError, MirrorId};

/// What keeps files of a server at a destination: what is there is in the ledger. Cheap to clone.
///
/// [`plan`](Self::plan) lists and queues what is new or changed, a [`Worker`](crate::Worker) moves it, and
/// [`verify`](Self::verify) compares.
#[derive(Clone)]
pub struct Mirror {
    pub(crate) api: Api,
    pub(crate) ledger: Ledger,
    pub(crate) destination: Destination,
    pub(crate) id: MirrorId,
    pub(crate) queue: String,
}

impl Mirror {
    /// The mirror of `api`'s server at `destination`, new or not: one request to a bucket, to see that it can be reached.
    ///
    /// # Errors
    /// [`MirrorError`]: the destination cannot be reached or refuses, or the ledger cannot be written.
    pub async fn open(api: Api, ledger: Ledger, destination: Destination) -> Result<Self, MirrorError> {
        // A folder was looked at when it was opened, and what others have in it need not be readable.
        if destination.folder().is_none() {
            destination.list("").next().await.transpose()?;
        }
        let server = api.settings().base_address().to_owned();
        let id = MirrorId(ledger.mirror(&server, destination.address()).await?);
        Ok(Self {
            queue: queue_of(&server),
            api,
            ledger,
            destination,
            id,
        })
    }

    /// Which one it is in its ledger.
    #[must_use]
    pub fn id(&self) -> MirrorId {
        self.id
    }

    /// Where its files go.
    #[must_use]
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// What is known of its files.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror")
            .field("ledger", &self.ledger.address())
            .field("destination", &self.destination.address())
            .finish_non_exhaustive()
    }
}
