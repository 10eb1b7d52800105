use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What can go wrong while the server is started or filled.
///
/// What goes wrong while a request is served is answered to the client instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A listener could not be opened.
    #[error("cannot listen on {address}; choose another port, or 0 for any free one")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder that holds the server's data, or that was to be copied into it, could not be used.
    #[error("cannot use {} while {doing}", path.display())]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The metadata database refused a statement.
    #[error("the metadata database failed while {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The system gave no random bytes for a key.
    #[error("the system gave no random bytes to make a key from")]
    Random(#[source] Box<dyn StdError + Send + Sync>),
}

impl Error {
    pub(crate) fn disk(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { doing, path, source }
    }

    pub(crate) fn database(doing: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Database {
            doing,
            source: Box::new(source),
        }
    }
}
