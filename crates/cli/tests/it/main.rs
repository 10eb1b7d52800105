//! What a person at the command line sees, against the embedded server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod cat;
mod get;
mod ls;
mod manual;
mod put;
mod rm;
mod setup;
