//! What users of `wandb-transport` can rely on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod http;
mod retries;
mod scripted;
