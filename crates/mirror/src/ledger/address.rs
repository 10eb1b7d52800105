//! From an address to a database.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::LedgerError;

/// Which database an address names.
pub(super) enum Place {
    /// With what may be shown of its address.
    Postgres(Box<PgConnectOptions>, String),
    File(PathBuf),
}

/// The database that an address names.
///
/// # Errors
/// [`LedgerError::Address`].
pub(super) fn of_address(address: &str) -> Result<Place, LedgerError> {
    let bad = |shown: &str, why: &str| LedgerError::Address {
        address: shown.to_owned(),
        why: why.to_owned(),
    };
    if address.is_empty() {
        return Err(bad(address, "it is empty"));
    }
    let Some((scheme, rest)) = address.split_once("://") else {
        return Ok(Place::File(PathBuf::from(address)));
    };
    match scheme {
        "postgres" | "postgresql" => {
            let shown = without_password(address);
            let options =
                PgConnectOptions::from_str(address).map_err(|error| bad(&shown, &error.to_string()))?;
            Ok(Place::Postgres(
                Box::new(options.application_name("wbf mirror")),
                shown,
            ))
        }
        "sqlite" | "file" => Ok(Place::File(Path::new(rest).to_owned())),
        _ => Err(bad(&without_password(address), "its scheme is not known")),
    }
}

fn without_password(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) => {
            let _ = url.set_password(None);
            url.set_query(None);
            url.to_string()
        }
        Err(_) => {
            // Secrets stand before the host and behind the question mark.
            let host = address.split('@').next_back().unwrap_or_default();
            host.split('?').next().unwrap_or_default().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for address in [
            "postgres://user:secret@host:port/db",
            "postgres://host:port/db?password=secret",
            "mysql://user:secret@host/db?password=secret",
        ] {
            let error = of_address(address).err().unwrap().to_string();
            assert!(error.contains("host") && !error.contains("secret"), "{error}");
        }
        let Ok(Place::Postgres(_, shown)) = of_address("postgres://user:secret@host/db?password=secret")
        else {
            panic!("no PostgreSQL")
        };
        assert_eq!(shown, "postgres://user@host/db");
    }
}
