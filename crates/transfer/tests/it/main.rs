//! Transfers over real sockets.

#![expect(
    clippy::expect_used,
    reason = "a test takes a failure of its helpers as a panic"
)]

mod addresses;
mod bulk;
mod credentials;
mod devserver;
mod disk;
mod faults;
mod good;
mod pace;
mod parts;
mod places;
mod redirects;
mod resume;
mod server;
mod streams;
mod support;
mod uploads;
mod uploads_bulk;
mod uploads_devserver;
