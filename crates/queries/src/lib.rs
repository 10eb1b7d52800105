#![doc = include_str!("../README.md")]

mod filter;
#[expect(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    unused_imports,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::must_use_candidate,
    clippy::upper_case_acronyms,
    reason = "generated code"
)]
mod generated;
mod json;
pub mod scalars;
mod variants;

pub use filter::{Field, Filter};
pub use generated::deleteFiles as DeleteFiles;
pub use generated::*;
pub use graphql_client::GraphQLQuery;
pub use variants::{Optional, Variant, Variants};
