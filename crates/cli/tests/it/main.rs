//! What a person at the command line sees, against the embedded server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod artifact_files;
mod artifacts;
mod bad_input;
mod cat;
mod du;
mod get;
mod ls;
mod manual;
mod mirror;
mod projects;
mod put;
mod rm;
mod runs;
mod selection;
mod setup;
