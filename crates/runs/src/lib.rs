#![doc = include_str!("../README.md")]

mod run_info;
mod runs;

pub use run_info::RunInfo;
pub use runs::Runs;
pub use wandb_queries::scalars::{DateTime, InvalidJson};
pub use wandb_queries::{Field, Filter};
