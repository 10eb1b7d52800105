//! Destinations, and mirrors of the embedded server with ledgers on SQLite and PostgreSQL.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test takes a failure of its helpers as a panic"
)]

mod destination;
mod export;
mod faults;
mod http;
mod mirrors;
mod outages;
mod s3;
mod setup;
mod sharing;
mod support;
mod verify;
