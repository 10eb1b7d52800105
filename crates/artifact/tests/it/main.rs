//! What users of `wandb-artifact` can rely on.

mod answers;
mod by_name;
