#![doc = include_str!("../README.md")]

mod addresses;
mod attempt;
mod bulk;
mod content;
mod disk;
mod download;
mod error;
mod expiry;
mod fetch;
mod job;
mod lanes;
mod md5;
mod parts;
mod progress;
mod refusal;
mod report;
mod settle;
mod source;
mod speed;
mod stream;
mod transfer;
mod tries;
mod upload;

pub use bulk::{Bulk, BulkOptions, Downloads, Event, Job, Slot, Slots, Step, UploadJob, Uploads};
pub use disk::{Root, is_partial};
pub use download::{Downloaded, IfExists, Status};
pub use error::{TransferError, TransferErrorKind};
pub use md5::{Md5, Md5Error};
pub use parts::Parts;
pub use progress::Progress;
pub use source::{Renewal, Source};
pub use stream::ByteStream;
pub use transfer::Transfer;
pub use upload::{Content, Destination, DestinationRenewal, Uploaded};
