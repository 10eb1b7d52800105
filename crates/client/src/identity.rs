//! Access tokens for an identity token.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, StatusCode};
use serde::{Deserialize, Deserializer};
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};
use wandb_http::{
    CERTIFICATE_HELP, Credential, CredentialError, Credentials, Redacted, RetryConfig, RetryState, Secret,
    Verdict, is_untrusted_certificate, redact_text, retry_after,
};

/// A token with no more than this left is renewed.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

/// How much of a refusal is shown.
const SHOWN: usize = 200;

/// Credentials from an identity token (a JWT) in a file: exchanged at `{base}/oidc/token` for an access token, which is
/// kept and renewed once 5 minutes or less of it are left.
///
/// The file is read for each exchange, since whoever issues identity tokens replaces it. However many requests wait for a
/// token, one exchange is made; it is tried again after HTTP 408, 429 and 5xx, and where no answer came. The rules are
/// those of the SDK (`sdk/lib/credentials.py`, `core/internal/api/credentials.go`); tokens are not kept on disk.
///
/// ```
/// use wandb_client::{ClientConfig, IdentityToken, RetryConfig};
/// let base = "https://api.wandb.ai".parse()?;
/// let credentials = IdentityToken::new(
///     ClientConfig::default().build()?,
///     &base,
///     "/var/run/secrets/token",
///     RetryConfig::default(),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct IdentityToken {
    client: Client,
    base: Url,
    endpoint: Url,
    file: PathBuf,
    retry: RetryConfig,
    token: Mutex<Option<AccessToken>>,
}

struct AccessToken {
    credential: Credential,
    expires: SystemTime,
}

impl AccessToken {
    fn is_fresh(&self) -> bool {
        self.expires
            .duration_since(SystemTime::now())
            .is_ok_and(|left| left > RENEW_BEFORE)
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Duration,
}

impl IdentityToken {
    /// Tokens for the server at `base`. Reads and sends nothing yet; `client` must not follow redirects.
    #[must_use]
    pub fn new(client: Client, base: &Url, file: impl Into<PathBuf>, retry: RetryConfig) -> Self {
        let mut endpoint = base.clone();
        endpoint.set_path(&format!("{}/oidc/token", base.path().trim_end_matches('/')));
        Self {
            client,
            base: base.clone(),
            endpoint,
            file: file.into(),
            retry,
            token: Mutex::new(None),
        }
    }

    async fn exchange(&self) -> Result<AccessToken, CredentialError> {
        let identity = read_token(&self.file).await?;
        let mut state = RetryState::new(self.retry);
        loop {
            let failure = match self.ask(&identity).await {
                Ok(token) => return Ok(token),
                Err(failure) => failure,
            };
            let verdict = if failure.passes {
                state.failed(failure.wait)
            } else {
                Verdict::GiveUp
            };
            match verdict {
                Verdict::RetryAfter(wait) => {
                    let reason = &failure.message;
                    tracing::warn!(
                        "token exchange: {reason}; trying again in {:.1} s",
                        wait.as_secs_f64()
                    );
                    tokio::time::sleep(wait).await;
                }
                Verdict::GiveUp => return Err(self.gave_up(failure, state.attempts())),
            }
        }
    }

    fn gave_up(&self, failure: Failure, attempts: u32) -> CredentialError {
        let tries = match attempts {
            0 | 1 => String::new(),
            more => format!(" after {more} tries"),
        };
        let error = CredentialError::new(format!(
            "the identity token in {} cannot be exchanged for an access token at {}{tries}: {}",
            self.file.display(),
            Redacted(&self.endpoint),
            failure.message
        ));
        match failure.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    async fn ask(&self, identity: &Secret) -> Result<AccessToken, Failure> {
        let asked = SystemTime::now();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", identity.expose())
            .finish();
        let response = self
            .client
            .post(self.endpoint.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .map_err(Failure::of_network)?;
        let status = response.status();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let wait = retry_after(header);
        let location = header(LOCATION.as_str()).map(|location| redact_text(location).into_owned());
        let body = response.bytes().await.map_err(Failure::of_network)?;
        if status != StatusCode::OK {
            return Err(refusal(status, wait, location, &shown(&body, identity)));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|error| Failure {
            // The answer may hold a token: it is not shown.
            message: "the answer holds no access_token that can be read; is the base URL right?".to_owned(),
            passes: false,
            wait: None,
            source: Some(error.into()),
        })?;
        Ok(AccessToken {
            credential: Credential::bearer(&self.base, &answer.access_token),
            expires: asked + answer.expires_in,
        })
    }
}

#[async_trait]
impl Credentials for IdentityToken {
    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        let mut token = self.token.lock().await;
        let fresh = match token.take().filter(AccessToken::is_fresh) {
            Some(fresh) => fresh,
            None => self.exchange().await?,
        };
        Ok(Some(token.insert(fresh).credential.clone()))
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken")
            .field("endpoint", &Redacted(&self.endpoint))
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// An exchange that failed, and whether it may work later.
struct Failure {
    message: String,
    passes: bool,
    wait: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    fn of_network(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let untrusted = is_untrusted_certificate(&error);
        let message = if untrusted {
            format!("its certificate is not trusted; {CERTIFICATE_HELP}")
        } else if error.is_connect() {
            "no connection; is the address right, and the server up?".to_owned()
        } else if error.is_timeout() {
            "the server stayed silent for too long".to_owned()
        } else {
            "the connection broke".to_owned()
        };
        Self {
            message,
            passes: !untrusted,
            wait: None,
            source: Some(error.into()),
        }
    }
}

fn refusal(status: StatusCode, wait: Option<Duration>, location: Option<String>, said: &str) -> Failure {
    let passes = matches!(status.as_u16(), 408 | 429 | 500..=599) && status != StatusCode::NOT_IMPLEMENTED;
    let help = match (location, status.as_u16()) {
        (Some(location), _) => format!("it redirects to {location}: check the base URL"),
        (None, 404 | 405 | 501) => {
            "check the base URL; a server without identity federation needs an API key".to_owned()
        }
        (None, 400..=499) if !passes => {
            "is the token in the file expired, or from an issuer that the organization does not know?"
                .to_owned()
        }
        _ => "try again later".to_owned(),
    };
    Failure {
        message: format!("HTTP {}: {said}; {help}", status.as_u16()),
        passes,
        wait,
        source: None,
    }
}

/// The first bytes of a refusal, without the token that it may repeat.
fn shown(body: &[u8], identity: &Secret) -> String {
    let text = String::from_utf8_lossy(body).replace(identity.expose(), "***");
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first: String = line.chars().take(SHOWN).collect();
    format!("{:?}", redact_text(&first))
}

async fn read_token(file: &Path) -> Result<Secret, CredentialError> {
    let shown = file.display();
    let help = "check WANDB_IDENTITY_TOKEN_FILE, and that what issues the token has run";
    let text = tokio::fs::read_to_string(file).await.map_err(|error| {
        let message = format!("the identity token file {shown} cannot be read ({error}); {help}");
        CredentialError::new(message).with_source(error)
    })?;
    match text.trim() {
        "" => Err(CredentialError::new(format!(
            "the identity token file {shown} is empty; {help}"
        ))),
        token => Ok(Secret::new(token)),
    }
}

/// Seconds as a number, or as a text that is one.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(f64),
        Text(String),
    }
    let seconds = match Option::deserialize(deserializer)? {
        Some(Seconds::Number(number)) => number,
        Some(Seconds::Text(text)) => text.trim().parse().map_err(serde::de::Error::custom)?,
        None => 0.0,
    };
    Duration::try_from_secs_f64(seconds.clamp(0.0, 1e9)).map_err(serde::de::Error::custom)
}
