//! What a collection must say about itself.

use graphql_client::GraphQLQuery;

use crate::error::ConvertError;
use crate::page::{Cursor, Page, PageRequest};

/// The variables of the collection `C`'s query.
pub type Variables<C> = <<C as Collection>::Query as GraphQLQuery>::Variables;

/// The answer to the collection `C`'s query.
pub type ResponseData<C> = <<C as Collection>::Query as GraphQLQuery>::ResponseData;

/// A listing that a server hands out page by page: which query asks for a page, and how its answer is read.
///
/// This is all that a new collection has to say; [`Paginator`](crate::Paginator) does the rest.
/// [`write_your_own`](crate::write_your_own) leads through one, line by line.
///
/// The method names are those of the Python SDK (`wandb/apis/paginator.py`).
pub trait Collection: Send + Sync + 'static {
    /// The query of one page; usually generated, as those in `wandb-queries`.
    type Query: GraphQLQuery<Variables: Clone + Send + Sync + 'static>;

    /// What the pages are made of.
    type Item: Send + 'static;

    /// Writes the wanted page into the query's variables. They are a fresh copy, each time, of what
    /// [`Paginator::new`](crate::Paginator::new) got.
    fn update_variables(&self, variables: &mut Variables<Self>, page: PageRequest<'_>);

    /// Makes a page of the answer.
    ///
    /// Items that cannot be used (a null `node`) are best left out; an empty page with `has_next` is fine.
    ///
    /// # Errors
    /// [`ConvertError::not_found`] where what was to be listed is not there, [`ConvertError::malformed`] where the answer
    /// lacks what a page needs.
    fn convert_objects(&self, response: ResponseData<Self>) -> Result<Page<Self::Item>, ConvertError>;

    /// What the item is known by; `None`, the default, where nothing identifies it.
    ///
    /// A server that counts its cursors from the beginning sends an item again, on the next page, when something was added
    /// before it meanwhile. An item whose identity is among the last 10,000 is left out.
    fn identity<'a>(&self, item: &'a Self::Item) -> Option<&'a str> {
        let _ = item;
        None
    }

    /// The cursor of the item's own edge, where items keep it; `None`, the default, where they do not.
    /// [`pages_at_once`](crate::Paginator::pages_at_once) looks whether it is what it expects.
    fn cursor<'a>(&self, item: &'a Self::Item) -> Option<&'a Cursor> {
        let _ = item;
        None
    }
}
