//! What users of `wandb-artifacts` can rely on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod embedded;
mod of_a_run;
mod versions;
