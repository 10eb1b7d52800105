//! What users of `wandb-features` can rely on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod devserver;
mod refusals;
mod scripted;
