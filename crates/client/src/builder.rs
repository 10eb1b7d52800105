//! How an `Api` is made.

use std::fmt;
use std::sync::Arc;

use wandb_files::Context;
use wandb_http::{Anonymous, ClientConfig, ClientError, Credential, Credentials, Pace, RetryConfig, Secret};
use wandb_transfer::Transfer;
use wandb_transport::{HttpTransport, Retry, Transport};

use crate::api::Api;
use crate::error::{Error, ErrorKind};
use crate::identity::IdentityToken;
use crate::settings::Settings;
use crate::sources::Sourced;

/// Builds an [`Api`]. What is set here counts more than the [`settings`](Self::settings), in whatever order.
///
/// ```
/// let api = wandb_client::Api::builder()
///     .base_url("http://localhost:8080")
///     .api_key("local-0123456789012345678901234567890123456789")
///     .entity("my-team")
///     .build()?;
/// assert_eq!(api.settings().base_address(), "http://localhost:8080");
/// # Ok::<(), wandb_client::Error>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct ApiBuilder {
    settings: Option<Settings>,
    base_url: Option<String>,
    api_key: Option<Secret>,
    credentials: Option<Arc<dyn Credentials>>,
    entity: Option<String>,
    project: Option<String>,
    retry: RetryConfig,
    client_config: Option<ClientConfig>,
    transport: Option<Arc<dyn Transport>>,
}

impl ApiBuilder {
    /// Begins with these settings; else with W&B's own server and nothing else.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// The server's address, with the path prefix that it may have. A key that netrc has for the settings' server is not sent
    /// to another one; to have netrc looked through for this one, set `WANDB_BASE_URL` in the
    /// [`Sources`](crate::Sources).
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// The API key.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(Secret::new(key.into().trim()));
        self
    }

    /// Where credentials come from, instead of a key: [`Anonymous`] for a server that asks for none, or a provider of
    /// one's own.
    pub fn credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The entity of runs whose path names none.
    pub fn entity(mut self, entity: impl Into<String>) -> Self {
        self.entity = Some(entity.into());
        self
    }

    /// The project of runs whose path names none.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// How often and how long queries, downloads and token exchanges are tried again.
    pub fn retry(mut self, retry: RetryConfig) -> Self {
        self.retry = retry;
        self
    }

    /// User agent, timeouts and certificate authorities, instead of the settings'.
    pub fn client_config(mut self, config: ClientConfig) -> Self {
        self.client_config = Some(config);
        self
    }

    /// Sends the queries, instead of HTTP with retries: a recording, a cache, a policy round another transport. Files are
    /// still fetched over HTTP. Without a key the requests go out anonymously then.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Builds the `Api`. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::MissingKey`] where there is no credential, [`ErrorKind::Settings`] where a value cannot be used.
    pub fn build(mut self) -> Result<Api, Error> {
        let settings = self.take_settings()?;
        let unusable = |error: ClientError| {
            Error::new(ErrorKind::Settings, format!("{error}; check the settings")).with_source(error)
        };
        let client = settings.client.build().map_err(unusable)?;
        let base = &settings.base_url.value;
        let credentials: Arc<dyn Credentials> = if let Some(credentials) = self.credentials {
            credentials
        } else if let Some(file) = &settings.identity_token_file {
            Arc::new(IdentityToken::new(client.clone(), base, &file.value, self.retry))
        } else if let Some(key) = &settings.api_key {
            Arc::new(Credential::api_key(base, key.value.expose()))
        } else if self.transport.is_some() {
            Arc::new(Anonymous)
        } else {
            return Err(missing_key(&settings));
        };
        // Queries and downloads count towards one limit, so they wait together.
        let pace = Pace::default();
        let transport: Arc<dyn Transport> = self.transport.unwrap_or_else(|| {
            let http = HttpTransport::new(client.clone(), base).with_credentials(Arc::clone(&credentials));
            Arc::new(Retry::new(http, self.retry).with_pace(pace.clone(), base))
        });
        let transfer = Transfer::new(client)
            .with_upload_config(settings.client.clone())
            .with_credentials(credentials)
            .with_retry(self.retry)
            .with_pace(pace.clone());
        let context = Context::new(base.clone(), transport, transfer);
        Ok(Api::new(settings, context, pace))
    }

    fn take_settings(&mut self) -> Result<Settings, Error> {
        let mut settings = match (self.settings.take(), self.base_url.take()) {
            (Some(settings), None) => settings,
            (Some(settings), Some(base_url)) => settings.moved_to(&base_url)?,
            (None, Some(base_url)) => Settings::new(&base_url)?,
            (None, None) => Settings::new(crate::base_url::DEFAULT)?,
        };
        if let Some(key) = self.api_key.take().filter(|key| !key.expose().is_empty()) {
            settings.api_key = Some(Sourced::given(key));
            settings.identity_token_file = None;
        }
        let given = |name: Option<String>| name.filter(|name| !name.is_empty()).map(Sourced::given);
        settings.entity = given(self.entity.take()).or(settings.entity);
        settings.project = given(self.project.take()).or(settings.project);
        settings.client = self.client_config.take().unwrap_or(settings.client);
        Ok(settings)
    }
}

fn missing_key(settings: &Settings) -> Error {
    let looked = match settings.key_search.as_slice() {
        [] => "none was given".to_owned(),
        places => places.join(", and "),
    };
    Error::new(
        ErrorKind::MissingKey,
        format!(
            "no API key for {}: {looked}; get one at {}/authorize and set WANDB_API_KEY to it",
            settings.base_address(),
            settings.app_address()
        ),
    )
}

impl fmt::Debug for ApiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiBuilder")
            .field("settings", &self.settings)
            .field("base_url", &self.base_url)
            .field("entity", &self.entity)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}
