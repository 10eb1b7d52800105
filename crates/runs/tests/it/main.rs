//! What users of `wandb-runs` can rely on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod attributes;
mod embedded;
mod listing;
