//! The protocol that the server plays, over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may take a failure as a panic, as tests may"
)]

mod client;

mod access;
mod artifacts;
mod binary;
mod deleting;
mod faults;
mod features;
mod files;
mod listing;
mod queries;
mod runs;
mod storage;
mod storing;
mod streaming;
mod uploading;
