use crate::file_path::FilePath;
use crate::objects::{Objects, Stored, Unstored};
use crate::signing::{self, Signer};
use crate::store::{NewFile, Store, now};
use crate::{Error, mimetype};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The storage's one bucket, the first segment of its addresses.
pub(crate) const BUCKET: &str = "wandb-files";

/// A header that a PUT to the storage has to carry, as an API tells its clients.
pub(crate) const UPLOAD_HEADER: (&str, &str) = ("x-devserver-upload", "1");

/// How the server behaves, as its builder was told.
#[derive(Clone)]
pub(crate) struct Behaviour {
    pub(crate) api_key: String,
    pub(crate) entity: String,
    pub(crate) page_limit: u32,
    pub(crate) int64_as_strings: bool,
    pub(crate) times_without_zone: bool,
    pub(crate) list_when_marked: bool,
    pub(crate) token_lifetime: Duration,
}

/// What the handlers of both listeners work on.
pub(crate) struct State {
    pub(crate) behaviour: Behaviour,
    /// Without a trailing slash.
    pub(crate) base_url: String,
    /// Without a trailing slash.
    pub(crate) storage_url: String,
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) signer: Signer,
    pub(crate) tokens: Tokens,
}

impl State {
    /// Whether the request carries the key, or a token that the server gave and that still holds.
    pub(crate) fn knows(&self, headers: &HeaderMap) -> bool {
        let Some((scheme, credential)) = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
        else {
            return false;
        };
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => STANDARD
                .decode(credential.trim())
                .is_ok_and(|pair| pair == format!("api:{}", self.behaviour.api_key).as_bytes()),
            "bearer" => self.tokens.holds(credential.trim()),
            _ => false,
        }
    }

    /// The address that wants the credential.
    pub(crate) fn file_url(&self, path: &FilePath) -> String {
        format!("{}/files/{}", self.base_url, path.encode())
    }

    /// The address that opens the file in the storage, for one method and some time.
    pub(crate) fn signed_url(&self, method: &str, path: &FilePath) -> String {
        format!(
            "{}/{BUCKET}/{}?{}",
            self.storage_url,
            path.encode(),
            self.signer.query(method, path)
        )
    }

    /// A time as the API writes it.
    pub(crate) fn time(&self, seconds: i64) -> String {
        let zone = if self.behaviour.times_without_zone {
            ""
        } else {
            "Z"
        };
        let time = Timestamp::from_second(seconds).unwrap_or_default();
        format!("{}{zone}", time.strftime("%Y-%m-%dT%H:%M:%S"))
    }

    /// Stores a file's bytes and lists it, or replaces the one of that name.
    pub(crate) async fn put(
        &self,
        run_id: i64,
        name: &str,
        content_type: Option<String>,
        promised: Option<&str>,
        bytes: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
        listed: bool,
    ) -> Result<Stored, Unstored> {
        let stored = self.objects.store(bytes, promised).await?;
        let file = NewFile {
            md5: Some(stored.md5.clone()),
            mimetype: Some(content_type.unwrap_or_else(|| mimetype::of(name).to_owned())),
            updated_at: Some(now()),
            object: Some(stored.object.clone()),
            ..NewFile::new(name, stored.size)
        };
        let before = self.store.put_file(run_id, file, listed).await?;
        self.objects.remove(before).await;
        Ok(stored)
    }
}

/// The access tokens that were given for identity tokens.
#[derive(Default)]
pub(crate) struct Tokens {
    given: Mutex<HashMap<String, Instant>>,
}

impl Tokens {
    pub(crate) fn give(&self, lifetime: Duration) -> Result<String, Error> {
        let token = signing::random_key()?;
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|_, until| *until > Instant::now());
        given.insert(token.clone(), Instant::now() + lifetime);
        Ok(token)
    }

    fn holds(&self, token: &str) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.get(token).is_some_and(|until| *until > Instant::now())
    }
}
