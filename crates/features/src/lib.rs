#![doc = include_str!("../README.md")]

mod refusal;
mod server;
mod server_features;

pub use server::{Server, leave_out};
pub use server_features::ServerFeatures;
