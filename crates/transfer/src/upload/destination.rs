//! Where bytes are sent to.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;
use wandb_http::Redacted;

use crate::TransferErrorKind;
use crate::attempt::fetchable;
use crate::error::Failure;

/// Headers that say how the request itself is sent, which is not for a destination to say.
const OWN: [&str; 7] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Gives a fresh destination, when the address of the one that is known has expired.
///
/// ```
/// use wandb_transfer::{Destination, DestinationRenewal};
///
/// #[derive(Debug)]
/// struct Always(url::Url);
///
/// #[async_trait::async_trait]
/// impl DestinationRenewal for Always {
///     async fn renew(&self) -> Result<Destination, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(Destination::new(self.0.clone()))
///     }
/// }
///
/// let url: url::Url = "https://storage.example/hello.txt".parse()?;
/// let to = Destination::new(url.clone()).with_renewal(std::sync::Arc::new(Always(url)));
/// # Ok::<(), url::ParseError>(())
/// ```
#[async_trait]
pub trait DestinationRenewal: fmt::Debug + Send + Sync {
    /// The destination to go on with. A renewal of its own is not asked: the first one stays.
    ///
    /// # Errors
    /// Where there is none to be had. The text ends up in the message of the transfer's error, so it must hold no
    /// secret.
    async fn renew(&self) -> Result<Destination, Box<dyn Error + Send + Sync>>;
}

/// The address that bytes are PUT to, and the headers that storage wants with them.
///
/// A user name or password inside the address is never sent. `Debug` masks the address's query, which holds the
/// signature of a signed one, and the values of the headers.
///
/// ```
/// use wandb_transfer::Destination;
/// let to = Destination::new(url::Url::parse("https://storage.example/a.txt?signature=secret")?)
///     .with_header("x-ms-blob-type", "BlockBlob");
/// assert!(!format!("{to:?}").contains("secret"));
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Destination {
    url: Url,
    headers: Vec<(String, String)>,
    renewal: Option<Arc<dyn DestinationRenewal>>,
}

impl Destination {
    /// An address, with no headers.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            headers: Vec::new(),
            renewal: None,
        }
    }

    /// Sends a header along. One that HTTP cannot carry, or that says how the request itself is sent
    /// (`Content-Length`, `Host`), fails the upload with [`TransferErrorKind::Address`], before anything is sent.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.trim().to_owned(), value.trim().to_owned()));
        self
    }

    /// Asks `renewal` for a fresh destination when storage refuses this one as expired: twice at most.
    #[must_use]
    pub fn with_renewal(mut self, renewal: Arc<dyn DestinationRenewal>) -> Self {
        self.renewal = Some(renewal);
        self
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn renewal(&self) -> Option<&Arc<dyn DestinationRenewal>> {
        self.renewal.as_ref()
    }

    /// The address and the headers as they are sent.
    pub(super) fn request(&self) -> Result<(Url, HeaderMap), Failure> {
        let url = fetchable(&self.url).map_err(|failure| failure.next("ask for another upload address"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let header = HeaderName::try_from(name)
                .ok()
                .filter(|name| !OWN.contains(&name.as_str()));
            let (Some(header), Ok(mut value)) = (header, HeaderValue::try_from(value)) else {
                // Without its value, which may be a secret.
                return Err(Failure::new(
                    TransferErrorKind::Address,
                    format!("the header {name:?}, which is to go with the bytes, cannot be sent"),
                )
                .next("tell who runs the server"));
            };
            value.set_sensitive(true);
            headers.append(header, value);
        }
        Ok((url, headers))
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Destination")
            .field("url", &Redacted(&self.url))
            .field("headers", &names)
            .field("renewal", &self.renewal)
            .finish()
    }
}
