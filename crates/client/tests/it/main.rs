//! The front door, tried as a program would use it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test takes a failure of its helpers as a panic"
)]

mod api;
mod artifacts;
mod collections;
mod identity;
mod paths;
mod scripted;
mod settings;
mod tls;
