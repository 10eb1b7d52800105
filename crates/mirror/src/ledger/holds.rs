//! Waits that a server asked for, shared by all workers of a key.

use super::{Ledger, LedgerError, now, on};

impl Ledger {
    /// Notes that requests with a credential to `host` are to wait until `until`, in ms since 1970, if that is later than
    /// what is noted.
    pub(crate) async fn hold(&self, credential: &str, host: &str, until: i64) -> Result<(), LedgerError> {
        let done = on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO wbf_holds AS h (credential, host, until) VALUES ($1, $2, $3)
                 ON CONFLICT (credential, host) DO UPDATE SET until = excluded.until WHERE h.until < excluded.until",
            )
            .bind(credential)
            .bind(host)
            .bind(until)
            .execute(pool)
            .await
            .map(drop)
        });
        done.map_err(|error| self.error("write to", error))
    }

    /// The waits that are not over: host, and until when.
    pub(crate) async fn holds(&self, credential: &str) -> Result<Vec<(String, i64)>, LedgerError> {
        let rows = on!(&self.db, pool => {
            sqlx::query_as("SELECT host, until FROM wbf_holds WHERE credential = $1 AND until > $2")
                .bind(credential)
                .bind(now())
                .fetch_all(pool)
                .await
        });
        rows.map_err(|error| self.error("read", error))
    }
}
