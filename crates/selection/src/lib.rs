#![doc = include_str!("../README.md")]

mod chosen_run;
mod files_of_runs;
mod found;
mod lister;
mod one_run;
mod project_runs;
mod sieve;
mod template;
mod wanted;

pub use chosen_run::ChosenRun;
pub use files_of_runs::FilesOfRuns;
pub use found::{Found, FoundFiles};
pub use sieve::Sieve;
pub use template::{Template, TemplateError};
pub use wandb_queries::{Field, Filter};
