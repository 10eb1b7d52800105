use crate::artifact_home;
use crate::file_path::{FilePath, encode};
use crate::front::Traffic;
use crate::late::Late;
use crate::objects::{Objects, Stored, Unstored};
use crate::signing::{self, Signer};
use crate::store::{NewFile, Store, now};
use crate::{Error, Feature, mimetype};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The storage's one bucket, the first segment of its addresses.
pub(crate) const BUCKET: &str = "wandb-files";

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
    pub(crate) relative_upload_urls: bool,
    pub(crate) azure: bool,
    pub(crate) delete_limit: usize,
    pub(crate) without: HashSet<Feature>,
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
    pub(crate) late: Late,
    pub(crate) traffic: Arc<Traffic>,
}

/// How a file came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Whoever owns the server put it there.
    Given,
    /// A client uploaded it.
    Uploaded,
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

    /// The address of a file of an artifact, by what is in it. It wants the credential.
    pub(crate) fn artifact_url(&self, entity: &str, artifact: i64, md5_in_hex: &str) -> String {
        let parts = [entity, &artifact_home::global_id(artifact), md5_in_hex].map(encode);
        format!("{}/artifactsV2/default/{}", self.base_url, parts.join("/"))
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

    /// The address to PUT the file to. A relative one stands below the base URL.
    pub(crate) fn upload_url(&self, path: &FilePath) -> String {
        match self.behaviour.relative_upload_urls {
            true => format!("/files/{}", path.encode()),
            false => self.signed_url("PUT", path),
        }
    }

    /// The header that a PUT has to carry, as the API tells its clients.
    pub(crate) fn upload_header(&self) -> (&'static str, &'static str) {
        match self.behaviour.azure {
            true => ("x-ms-blob-type", "BlockBlob"),
            false => ("x-devserver-upload", "1"),
        }
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

    /// Stores a file's bytes and lists it, or replaces the one of that name, when its time has come.
    pub(crate) async fn put(
        &self,
        run_id: i64,
        name: &str,
        content_type: Option<String>,
        promised: Option<&str>,
        bytes: impl Stream<Item = Result<Bytes, axum::Error>> + Unpin,
        arrival: Arrival,
    ) -> Result<Stored, Unstored> {
        let stored = self.objects.store(bytes, promised).await?;
        let file = NewFile {
            md5: Some(stored.md5.clone()),
            mimetype: Some(content_type.unwrap_or_else(|| mimetype::of(name).to_owned())),
            updated_at: Some(now()),
            object: Some(stored.object.clone()),
            ..NewFile::new(name, stored.size)
        };
        let uploaded = arrival == Arrival::Uploaded;
        let listed = !(uploaded && self.behaviour.list_when_marked);
        let before = if uploaded && self.late.is_on() {
            self.late.add(run_id, file, listed)
        } else {
            self.store.put_file(run_id, file, listed).await?
        };
        self.forget(before).await?;
        Ok(stored)
    }

    /// Counts a listing for late files. True when it shows some of them.
    pub(crate) async fn let_in(&self, run_id: i64, names: &[String]) -> Result<bool, Error> {
        let files = self.late.pass(run_id, names);
        let some = !files.is_empty();
        for file in files {
            let before = self.store.put_file(run_id, file, true).await?;
            self.forget(before).await?;
        }
        Ok(some)
    }

    /// Removes those objects that no file has any more.
    pub(crate) async fn forget(&self, objects: impl IntoIterator<Item = String>) -> Result<(), Error> {
        let objects: Vec<String> = objects.into_iter().collect();
        if !objects.is_empty() {
            self.objects.remove(self.store.unnamed(&objects).await?).await;
        }
        Ok(())
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
