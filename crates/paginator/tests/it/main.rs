//! What a user of the paginator notices, against a server in memory.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may take a failure as a panic"
)]

mod access;
mod at_once;
mod connection;
mod cursors;
mod faults;
mod heavy;
mod lazy;
mod model;
mod prefetch;
mod resume;
mod shelf;
mod streams;
