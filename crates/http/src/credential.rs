//! A secret, and the one place that may receive it.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

/// A text that never shows in `Debug`, and that `Display` does not exist for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for a request header.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The `Authorization` header of one server, bound to the addresses that may see it.
///
/// An address may see it when scheme, host and port are those of the base URL and its path lies below the base's
/// path: object storage, or a proxy's login page, never does. The rule is the SDK's
/// (`core/internal/httplayers/urlfilter.go`).
///
/// ```
/// use wandb_http::Credential;
/// let base = url::Url::parse("https://wandb.example/prefix")?;
/// let credential = Credential::api_key(&base, "0123456789");
/// assert!(credential.header_for(&url::Url::parse("https://wandb.example/prefix/graphql")?).is_some());
/// assert!(credential.header_for(&url::Url::parse("https://bucket.example/prefix/graphql")?).is_none());
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Credential {
    base: Url,
    header: Secret,
}

impl Credential {
    /// HTTP basic authentication as user `api`, the way that W&B takes an API key.
    #[must_use]
    pub fn api_key(base: &Url, key: &str) -> Self {
        Self {
            base: base.clone(),
            header: Secret::new(format!("Basic {}", STANDARD.encode(format!("api:{key}")))),
        }
    }

    /// A bearer token, as `{base}/oidc/token` gives for an identity token.
    #[must_use]
    pub fn bearer(base: &Url, token: &str) -> Self {
        Self {
            base: base.clone(),
            header: Secret::new(format!("Bearer {token}")),
        }
    }

    /// The value of the `Authorization` header for a request to `url`, or `None` where `url` must not see it.
    #[must_use]
    pub fn header_for(&self, url: &Url) -> Option<&str> {
        self.covers(url).then(|| self.header.expose())
    }

    fn covers(&self, url: &Url) -> bool {
        let base_path = self.base.path().trim_end_matches('/');
        self.base.scheme() == url.scheme()
            && self.base.host() == url.host()
            && self.base.port_or_known_default() == url.port_or_known_default()
            && url
                .path()
                .strip_prefix(base_path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("base", &self.base.as_str())
            .field("header", &self.header)
            .finish()
    }
}

/// Where the credential of each request comes from: a [`Credential`] as it stands, or something that renews one.
#[async_trait]
pub trait Credentials: fmt::Debug + Send + Sync {
    /// The credential to use now, or `None` to send none.
    ///
    /// # Errors
    /// Where one is due and cannot be had.
    async fn current(&self) -> Result<Option<Credential>, CredentialError>;
}

#[async_trait]
impl Credentials for Credential {
    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        Ok(Some(self.clone()))
    }
}

/// No credential at all: for public addresses and signed URLs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

#[async_trait]
impl Credentials for Anonymous {
    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        Ok(None)
    }
}

/// A credential could not be had, and why.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CredentialError {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CredentialError {
    /// An error that says `message`: what was tried, where, and what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    /// Keeps the error that led here.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_by(base: &str, url: &str) -> bool {
        let base = Url::parse(base).expect("a base");
        Credential::api_key(&base, "k")
            .header_for(&Url::parse(url).expect("an address"))
            .is_some()
    }

    #[test]
    fn only_the_base_and_what_lies_below_it_sees_the_header() {
        for (base, url, sees) in [
            ("https://h", "https://h/graphql", true),
            ("https://h", "https://h:443/files/a", true),
            ("https://h/p", "https://h/p", true),
            ("https://h/p/", "https://h/p/graphql", true),
            ("https://h/p", "https://h/prefix/graphql", false),
            ("https://h/p", "https://h/p/../graphql", false),
            ("https://h", "http://h/graphql", false),
            ("https://h", "https://h:8443/graphql", false),
            ("https://h", "https://h.evil.example/graphql", false),
            ("https://h", "https://user@h.evil.example/graphql", false),
        ] {
            assert_eq!(seen_by(base, url), sees, "{base} {url}");
        }
    }

    #[test]
    fn nothing_prints_the_key() {
        let base = Url::parse("https://h").expect("a base");
        let shown = format!("{:?}", Credential::api_key(&base, "secret-key"));
        assert!(
            !shown.contains("secret-key") && !shown.contains("Basic"),
            "{shown}"
        );
    }
}
