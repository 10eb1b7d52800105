#![doc = include_str!("../README.md")]

#[expect(
    missing_docs,
    non_snake_case,
    unused_imports,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::must_use_candidate,
    reason = "generated code"
)]
mod generated;
pub mod scalars;

pub use generated::*;
pub use graphql_client::GraphQLQuery;
