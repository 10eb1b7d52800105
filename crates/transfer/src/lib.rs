#![doc = include_str!("../README.md")]

mod attempt;
mod content;
mod disk;
mod download;
mod error;
mod md5;
mod progress;
mod refusal;
mod source;
mod stream;
mod transfer;
mod tries;

pub use disk::Root;
pub use download::{Downloaded, IfExists, Status};
pub use error::{TransferError, TransferErrorKind};
pub use md5::{Md5, Md5Error};
pub use progress::Progress;
pub use source::Source;
pub use stream::ByteStream;
pub use transfer::Transfer;
