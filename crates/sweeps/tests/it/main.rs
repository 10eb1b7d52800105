//! What users of `wandb-sweeps` can rely on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod embedded;
mod listing;
