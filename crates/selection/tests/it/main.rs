//! What users of `wandb-selection` can rely on, against the embedded server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod downloads;
mod listing;
mod setup;
