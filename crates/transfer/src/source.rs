//! What is to be fetched, and what is known of it before.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use url::Url;
use wandb_http::Redacted;

use crate::Md5;

/// Gives fresh addresses of an object, when those that are known have expired or cannot be reached.
///
/// ```
/// use wandb_transfer::{Renewal, Source};
///
/// #[derive(Debug)]
/// struct Always(url::Url);
///
/// #[async_trait::async_trait]
/// impl Renewal for Always {
///     async fn renew(&self) -> Result<Vec<url::Url>, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(vec![self.0.clone()])
///     }
/// }
///
/// let url: url::Url = "https://storage.example/hello.txt".parse()?;
/// let source = Source::new(url.clone()).with_renewal(std::sync::Arc::new(Always(url)));
/// # Ok::<(), url::ParseError>(())
/// ```
#[async_trait]
pub trait Renewal: fmt::Debug + Send + Sync {
    /// The addresses to go on with, the best first.
    ///
    /// # Errors
    /// Where there are none to be had. The text ends up in the message of the transfer's error, so it must hold no
    /// secret.
    async fn renew(&self) -> Result<Vec<Url>, Box<dyn Error + Send + Sync>>;
}

/// The addresses of one object, with the length and the digest that its bytes must have, as far as they are known.
///
/// The first address is used as long as it works. Where it has expired, is gone, or its host cannot be reached, the
/// next one is used at once ([`or`](Self::or)), and after the last one fresh ones are asked for
/// ([`with_renewal`](Self::with_renewal)), twice at most; what has come already stays.
///
/// A user name or password inside the address is never sent. `Debug` masks the address's query, which holds the
/// signature of a signed one.
///
/// ```
/// use wandb_transfer::{Md5, Source};
/// let source = Source::new(url::Url::parse("https://storage.example/hello.txt?signature=secret")?)
///     .or(url::Url::parse("https://api.example/files/hello.txt")?)
///     .with_size(5)
///     .with_md5(Md5::from_base64("XUFAKrxLKna5cZ2REBfFkg==")?);
/// assert!(!format!("{source:?}").contains("secret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Source {
    urls: Vec<Url>,
    renewal: Option<Arc<dyn Renewal>>,
    size: Option<u64>,
    md5: Option<Md5>,
    credential: bool,
}

impl Source {
    /// An address of which nothing else is known.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            urls: vec![url],
            renewal: None,
            size: None,
            md5: None,
            credential: true,
        }
    }

    /// Adds another address of the same object, for when those before it fail.
    #[must_use]
    pub fn or(mut self, url: Url) -> Self {
        if !self.urls.contains(&url) {
            self.urls.push(url);
        }
        self
    }

    /// Asks `renewal` for fresh addresses when all that are known have failed.
    #[must_use]
    pub fn with_renewal(mut self, renewal: Arc<dyn Renewal>) -> Self {
        self.renewal = Some(renewal);
        self
    }

    /// Never sends the credential, not even to addresses that may see it: for addresses that somebody else chose.
    #[must_use]
    pub fn without_credential(mut self) -> Self {
        self.credential = false;
        self
    }

    /// Sets the length in bytes, where it is known.
    #[must_use]
    pub fn with_size(mut self, size: impl Into<Option<u64>>) -> Self {
        self.size = size.into();
        self
    }

    /// Sets the digest, where it is known.
    #[must_use]
    pub fn with_md5(mut self, md5: impl Into<Option<Md5>>) -> Self {
        self.md5 = md5.into();
        self
    }

    /// The first address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.urls[0]
    }

    /// All addresses, in the order in which they are tried; there is at least one.
    #[must_use]
    pub fn urls(&self) -> &[Url] {
        &self.urls
    }

    pub(crate) fn renewal(&self) -> Option<&Arc<dyn Renewal>> {
        self.renewal.as_ref()
    }

    pub(crate) fn wants_credential(&self) -> bool {
        self.credential
    }

    /// The length in bytes, where it is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The digest, where it is known.
    #[must_use]
    pub fn md5(&self) -> Option<Md5> {
        self.md5
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("urls", &self.urls.iter().map(Redacted).collect::<Vec<_>>())
            .field("renewal", &self.renewal)
            .field("size", &self.size)
            .field("md5", &self.md5)
            .field("credential", &self.credential)
            .finish()
    }
}
