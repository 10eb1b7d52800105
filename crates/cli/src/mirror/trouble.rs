//! What goes wrong with a mirror, as the command says it.

use wandb_client::Api;
use wandb_mirror::{DestinationError, DestinationErrorKind, LedgerError, MirrorError};

use crate::failure::{self, Failure};

pub(super) fn of_ledger(error: LedgerError) -> Failure {
    match error {
        LedgerError::Address { .. } => Failure::Usage(error.to_string()),
        error => Failure::Error(error.to_string()),
    }
}

pub(super) fn of_destination(error: &DestinationError) -> Failure {
    match error.kind() {
        DestinationErrorKind::Address => Failure::Usage(error.to_string()),
        _ => Failure::Error(error.to_string()),
    }
}

pub(super) fn of_mirror(api: &Api, error: MirrorError) -> Failure {
    match error {
        MirrorError::Ledger(error) => of_ledger(error),
        MirrorError::Destination(error) => of_destination(&error),
        MirrorError::Server(error) => error.into(),
        MirrorError::Files(error) => Failure::Error(failure::explained(api, &error)),
        MirrorError::Projects { entity, source } => Failure::Error(failure::listing(
            api,
            &format!("the projects of {entity}"),
            &source,
        )),
        MirrorError::Refused(why) => match api.credential_hint() {
            Some(hint) => Failure::Error(format!("{why}; {hint}")),
            None => Failure::Error(why),
        },
        error => Failure::Error(error.to_string()),
    }
}
