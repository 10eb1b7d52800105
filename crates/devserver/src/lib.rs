#![doc = include_str!("../README.md")]

mod api;
mod builder;
mod damage;
mod error;
mod fault;
mod file_path;
mod front;
mod graphql;
mod mimetype;
mod objects;
mod range;
mod record;
mod server;
mod signing;
mod state;
mod storage;
mod store;

pub use builder::Builder;
pub use error::Error;
pub use fault::Fault;
pub use record::{Listener, RecordedRequest};
pub use server::{DevServer, Listed};
