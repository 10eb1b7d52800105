#![doc = include_str!("../README.md")]

mod sweep_info;
mod sweeps;

pub use sweep_info::SweepInfo;
pub use sweeps::Sweeps;
pub use wandb_queries::scalars::DateTime;
