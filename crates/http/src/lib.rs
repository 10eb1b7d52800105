#![doc = include_str!("../README.md")]

#[cfg(feature = "client")]
mod client;
mod credential;
mod host;
mod innermost;
mod pace;
mod redact;
mod retry;

#[cfg(feature = "client")]
pub use client::{CERTIFICATE_HELP, ClientConfig, ClientError, is_untrusted_certificate};
pub use credential::{Anonymous, Credential, CredentialError, Credentials, Secret};
pub use host::host;
pub use innermost::innermost;
pub use pace::Pace;
pub use redact::{Redacted, redact_text};
pub use retry::{Backoff, RetryConfig, RetryState, Verdict, retry_after};
