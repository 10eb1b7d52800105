#![doc = include_str!("../README.md")]

mod project_info;
mod projects;

pub use project_info::ProjectInfo;
pub use projects::Projects;
pub use wandb_queries::scalars::DateTime;
