//! From an address to a store.

use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};
use url::Url;

use super::{Destination, DestinationError, DestinationErrorKind as Kind, Folder};

/// A part has to get through in this time, on a slow line too. Without it, `object_store` takes 30 seconds.
const TIMEOUT: &str = "5 minutes";
/// What `object_store` takes where the environment says nothing.
const DEFAULT_TIMEOUT: &str = "30 seconds";
/// What all three providers hold, in bytes.
const LONGEST_KEY: usize = 1024;

const DOING: &str = "read the address of a destination";

impl Destination {
    /// The destination that an address names:
    ///
    /// | address | what |
    /// | --- | --- |
    /// | `some/folder`, `file:///some/folder` | a folder, which is made where there is none |
    /// | `s3://BUCKET/PREFIX` | Amazon S3, or what speaks its protocol at `AWS_ENDPOINT` |
    /// | `gs://BUCKET/PREFIX` | Google Cloud Storage |
    /// | `az://CONTAINER/PREFIX` | Azure Blob Storage |
    /// | `memory:` | memory, which this value and its clones share, for tests |
    ///
    /// Credentials, region and endpoint of a bucket come from the environment, by the names that `object_store` reads
    /// (`AWS_*`, `GOOGLE_*`, `AZURE_*`), or from the role of the machine. A prefix is taken as it is written, without
    /// decoding. Nothing is sent. The store's own retries end after some seconds: outages are the caller's to wait for.
    ///
    /// # Errors
    /// Where the address is none of these, holds credentials, or the folder cannot be made; where the environment is not
    /// enough to build a client.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        if let Some(prefix) = text.strip_prefix("memory:") {
            let prefix = prefix.trim_matches('/');
            return Self::in_bucket(Arc::new(InMemory::new()), "memory:", prefix, usize::MAX);
        }
        if let Some(folder) = folder_of(text)? {
            return Self::in_folder(&folder);
        }
        let (scheme, rest) = text.split_once("://").unwrap_or((text, ""));
        Self::at_provider(scheme, rest)
    }

    /// The destination that an address names, as [`parse`](Self::parse) has it, but where there is no such folder, none is
    /// made: an empty place in memory stands for it, under the folder's address.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn peek(text: &str) -> Result<Self, DestinationError> {
        let Some(folder) = folder_of(text)? else {
            return Self::parse(text);
        };
        if folder.exists() {
            return Self::in_folder(&folder);
        }
        let address = address_of(&where_it_would_be(&folder)?)?;
        Ok(Self::new(Arc::new(InMemory::new()), "", address))
    }

    /// The destination that an address names, as [`parse`](Self::parse) has it, but a folder has to be there: for who works on
    /// what another process has planned, maybe on another machine.
    pub(crate) fn existing(text: &str) -> Result<Self, DestinationError> {
        match folder_of(text)? {
            Some(folder) if !folder.is_dir() => Err(DestinationError::new(
                Kind::Missing,
                format!("open the folder {}", folder.display()),
                "there is no such folder on this machine",
            )),
            _ => Self::parse(text),
        }
    }

    fn at_provider(scheme: &str, rest: &str) -> Result<Self, DestinationError> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        // What follows may be a secret, and is not shown.
        if bucket.contains(['@', ':']) || rest.contains(['?', '#']) {
            return Err(wrong(format!(
                "the address that begins with {scheme}:// holds more than a bucket and a prefix; credentials, ports and \
                 accounts do not belong there but in the environment (such as AWS_ACCESS_KEY_ID, AWS_ENDPOINT, \
                 AZURE_STORAGE_ACCOUNT_NAME)"
            )));
        }
        if bucket.is_empty() {
            return Err(wrong(format!("{scheme}:// wants the name of a bucket behind it")));
        }
        let doing = || format!("build the client of {scheme}://{bucket}");
        let store: Result<Arc<dyn ObjectStore>, _> = match scheme {
            "s3" => s3(bucket).build().map(|store| Arc::new(store) as _),
            "gs" => gs(bucket).build().map(|store| Arc::new(store) as _),
            "az" => az(bucket).build().map(|store| Arc::new(store) as _),
            "http" | "https" => {
                return Err(wrong(format!(
                    "{scheme}:// is not the address of a bucket; for a server that speaks S3's protocol, put this address \
                     into AWS_ENDPOINT and write s3://BUCKET/PREFIX"
                )));
            }
            _ => return Err(wrong(format!("{scheme}:// is not known"))),
        };
        // What is wrong with the environment, such as an account that is not named.
        let store =
            store.map_err(|error| DestinationError::of_store(doing(), error).with_kind(Kind::Denied))?;
        Self::in_bucket(
            store,
            &format!("{scheme}://{bucket}"),
            prefix.trim_end_matches('/'),
            LONGEST_KEY,
        )
    }

    fn in_bucket(
        store: Arc<dyn ObjectStore>,
        root: &str,
        prefix: &str,
        longest: usize,
    ) -> Result<Self, DestinationError> {
        if Path::parse(prefix).is_ok_and(|path| path.as_ref() == prefix) {
            let gap = if prefix.is_empty() || root.ends_with(':') {
                ""
            } else {
                "/"
            };
            Ok(Self {
                longest,
                ..Self::new(store, prefix, format!("{root}{gap}{prefix}"))
            })
        } else {
            Err(wrong(format!(
                "{prefix:?} is no prefix: a part of it is empty, . or .., or holds a control character"
            )))
        }
    }

    fn in_folder(folder: &FilePath) -> Result<Self, DestinationError> {
        let doing = || format!("make the folder {}", folder.display());
        std::fs::create_dir_all(folder).map_err(|error| DestinationError::of_io(doing(), &error))?;
        // Two ways to the same folder are one destination.
        let path: PathBuf =
            std::fs::canonicalize(folder).map_err(|error| DestinationError::of_io(doing(), &error))?;
        let address = address_of(&path)?;
        let system = LocalFileSystem::new_with_prefix(&path)
            .map_err(|error| DestinationError::of_store(doing(), error))?
            .with_automatic_cleanup(true);
        let store = Arc::new(system.clone());
        Ok(Self {
            folder: Some(Folder { path, system }),
            ..Self::new(store, "", address)
        })
    }
}

fn wrong(reason: impl Into<String>) -> DestinationError {
    DestinationError::new(Kind::Address, DOING, reason)
}

/// The folder that an address names; `None` where it is one of something else.
fn folder_of(text: &str) -> Result<Option<PathBuf>, DestinationError> {
    if text.starts_with("file:") {
        let folder = Url::parse(text).ok().and_then(|url| url.to_file_path().ok());
        let folder = folder.ok_or_else(|| wrong(format!("{text} names no folder of this machine")))?;
        return Ok(Some(folder));
    }
    match text.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => Ok(None),
        _ if text.starts_with("memory:") => Ok(None),
        _ if text.is_empty() => Err(wrong("it is empty")),
        _ => Ok(Some(PathBuf::from(text))),
    }
}

fn address_of(folder: &FilePath) -> Result<String, DestinationError> {
    match folder.to_str() {
        Some(address) => Ok(address.to_owned()),
        None => Err(wrong(format!("{} is no UTF-8", folder.display()))),
    }
}

/// What a folder's path will be once it is made: with the symlinks followed of what is there of it.
fn where_it_would_be(folder: &FilePath) -> Result<PathBuf, DestinationError> {
    let failed = |error: io::Error| {
        DestinationError::of_io(format!("look for the folder {}", folder.display()), &error)
    };
    let absolute = std::path::absolute(folder).map_err(failed)?;
    for above in absolute.ancestors() {
        if let Ok(real) = std::fs::canonicalize(above) {
            let rest = absolute.strip_prefix(above).unwrap_or(FilePath::new(""));
            return Ok(real.join(rest));
        }
    }
    Ok(absolute)
}

/// By RFC 3986. One letter is a drive.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char))
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            max_backoff: Duration::from_secs(5),
            ..BackoffConfig::default()
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(20),
    }
}

fn s3(bucket: &str) -> AmazonS3Builder {
    let key = AmazonS3ConfigKey::Client(ClientConfigKey::Timeout);
    let builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retries());
    match builder.get_config_value(&key) {
        Some(value) if value != DEFAULT_TIMEOUT => builder,
        _ => builder.with_config(key, TIMEOUT),
    }
}

fn gs(bucket: &str) -> GoogleCloudStorageBuilder {
    let key = GoogleConfigKey::Client(ClientConfigKey::Timeout);
    let builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retries());
    match builder.get_config_value(&key) {
        Some(value) if value != DEFAULT_TIMEOUT => builder,
        _ => builder.with_config(key, TIMEOUT),
    }
}

fn az(container: &str) -> MicrosoftAzureBuilder {
    let key = AzureConfigKey::Client(ClientConfigKey::Timeout);
    let builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_retry(retries());
    match builder.get_config_value(&key) {
        Some(value) if value != DEFAULT_TIMEOUT => builder,
        _ => builder.with_config(key, TIMEOUT),
    }
}
