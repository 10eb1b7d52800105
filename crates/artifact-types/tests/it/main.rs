//! What users of `wandb-artifact-types` can rely on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod collections;
mod embedded;
mod types;
