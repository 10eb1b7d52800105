#![doc = include_str!("../README.md")]

mod chain;
mod collection;
mod connection;
mod error;
mod feed;
mod guess;
mod offset;
mod page;
mod paginator;
mod prefetch;
mod source;
mod stream;

#[doc = include_str!("write_your_own.md")]
pub mod write_your_own {}

pub use collection::{Collection, ResponseData, Variables};
pub use connection::Connection;
pub use error::{ConvertError, ConvertErrorKind, PaginatorError, PaginatorErrorKind};
pub use graphql_client::{GraphQLQuery, QueryBody};
pub use page::{Cursor, Page, PageRequest};
pub use paginator::Paginator;
pub use stream::{Items, Pages};
