//! The one error of these tools: what was being done, and why it did not work.

use std::error::Error;
use std::fmt;

/// A failure in the words that the person at the terminal needs.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// A result of these tools.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure that nothing below it explains further.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// Says what was being done when a call failed.
pub(crate) trait Context<T> {
    /// Wraps the error in `doing`, which completes the sentence "could not …".
    fn or_fail(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn or_fail(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Failure {
            message: format!("could not {}", doing()),
            source: Some(source.into()),
        })
    }
}

/// The message with every cause under it, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
