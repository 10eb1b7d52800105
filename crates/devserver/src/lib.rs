#![doc = include_str!("../README.md")]

mod api;
mod builder;
mod control;
mod damage;
mod duration;
mod effect;
mod error;
mod fault;
mod feature;
mod file_path;
mod front;
mod graphql;
mod late;
mod mimetype;
mod objects;
mod pace;
mod range;
mod record;
mod server;
mod signing;
mod spec;
mod state;
mod storage;
mod store;

pub use builder::Builder;
pub use error::Error;
pub use fault::Fault;
pub use feature::{Feature, UnknownFeature};
pub use record::{Deletion, Listener, RecordedRequest};
pub use server::{DevServer, Listed};
pub use spec::BadFault;
