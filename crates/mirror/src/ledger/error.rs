//! What is wrong with a ledger, and whether that passes.

/// What is wrong with a ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The address names no database that can be used.
    #[error("{address:?} names no ledger: {why}; write a file's path, or postgres://USER@HOST/DATABASE")]
    Address {
        /// The address, without a password.
        address: String,
        /// Why not.
        why: String,
    },
    /// The database cannot be reached or refuses.
    #[error("cannot {doing} the ledger {address}: {source}")]
    Database {
        /// What was attempted.
        doing: &'static str,
        /// The ledger, without a password.
        address: String,
        /// What the database says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What the ledger holds makes no sense to this version.
    #[error("the ledger {address} holds what this version does not understand: {why}")]
    Content {
        /// The ledger, without a password.
        address: String,
        /// What.
        why: String,
    },
}

impl LedgerError {
    /// Whether waiting may help: the database is away, or too busy.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database { source, .. } => source.downcast_ref().is_some_and(is_outage),
            Self::Address { .. } | Self::Content { .. } => false,
        }
    }
}

pub(crate) fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Connection exceptions, too few resources, an operator's hand, a lost race; and SQLite's busy and locked.
            ["08", "53", "57P", "40"]
                .iter()
                .any(|class| code.starts_with(class))
                || matches!(code.as_ref(), "5" | "6" | "261" | "517")
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_from_what_waiting_does_not_mend() {
        let error = |source: sqlx::Error| LedgerError::Database {
            doing: "ask",
            address: "postgres://db/mirrors".to_owned(),
            source: source.into(),
        };
        assert!(error(sqlx::Error::PoolTimedOut).is_outage());
        assert!(!error(sqlx::Error::RowNotFound).is_outage());
    }
}
