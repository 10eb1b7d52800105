//! What users of `wandb-files` can rely on, against the embedded server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attributes;
mod deletions;
mod downloads;
mod listing;
mod local;
mod older;
mod selection;
mod setup;
mod uploads;
