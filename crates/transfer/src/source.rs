//! What is to be fetched, and what is known of it before.

use std::fmt;

use url::Url;
use wandb_http::Redacted;

use crate::Md5;

/// An address, with the length and the digest that the bytes behind it must have, as far as they are known.
///
/// A user name or password inside the address is never sent. `Debug` masks the address's query, which holds the
/// signature of a signed one.
///
/// ```
/// use wandb_transfer::{Md5, Source};
/// let source = Source::new(url::Url::parse("https://storage.example/hello.txt?signature=secret")?)
///     .with_size(5)
///     .with_md5(Md5::from_base64("XUFAKrxLKna5cZ2REBfFkg==")?);
/// assert!(!format!("{source:?}").contains("secret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    url: Url,
    size: Option<u64>,
    md5: Option<Md5>,
}

impl Source {
    /// An address of which nothing else is known.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            size: None,
            md5: None,
        }
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

    /// The address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
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
            .field("url", &Redacted(&self.url))
            .field("size", &self.size)
            .field("md5", &self.md5)
            .finish()
    }
}
