//! Where pages come from, without saying which collection it is.

use std::sync::Arc;

use async_trait::async_trait;
use graphql_client::GraphQLQuery;
use wandb_transport::{Transport, execute};

use crate::collection::{Collection, Variables};
use crate::error::Cause;
use crate::page::{Cursor, Page, PageRequest};

#[async_trait]
pub(crate) trait PageSource<T>: Send + Sync {
    fn operation(&self) -> &'static str;

    async fn ask(&self, page: PageRequest<'_>) -> Result<Page<T>, Cause>;

    fn identity<'a>(&self, item: &'a T) -> Option<&'a str>;

    fn cursor<'a>(&self, item: &'a T) -> Option<&'a Cursor>;
}

/// Asks for a page, and for a smaller one where the server gave up on it as too heavy; `size` stays at what worked.
pub(crate) async fn fetch<T>(
    source: &dyn PageSource<T>,
    cursor: Option<&Cursor>,
    size: &mut u32,
) -> Result<Page<T>, Cause> {
    loop {
        let outcome = source.ask(PageRequest { cursor, size: *size }).await;
        match &outcome {
            Err(Cause::Transport(error)) if error.is_too_heavy() && *size > 1 => {
                *size /= 2;
                tracing::warn!("{error}; asking for {size} items at a time from here on");
            }
            _ => return outcome,
        }
    }
}

pub(crate) struct CollectionSource<C: Collection> {
    transport: Arc<dyn Transport>,
    collection: C,
    variables: Variables<C>,
    operation: &'static str,
}

impl<C: Collection> CollectionSource<C> {
    pub(crate) fn new(transport: Arc<dyn Transport>, collection: C, variables: Variables<C>) -> Self {
        Self {
            operation: C::Query::build_query(variables.clone()).operation_name,
            transport,
            collection,
            variables,
        }
    }
}

#[async_trait]
impl<C: Collection> PageSource<C::Item> for CollectionSource<C> {
    fn operation(&self) -> &'static str {
        self.operation
    }

    async fn ask(&self, page: PageRequest<'_>) -> Result<Page<C::Item>, Cause> {
        let mut variables = self.variables.clone();
        self.collection.update_variables(&mut variables, page);
        let response = execute::<C::Query>(&*self.transport, variables)
            .await
            .map_err(Cause::Transport)?;
        self.collection.convert_objects(response).map_err(Cause::Convert)
    }

    fn identity<'a>(&self, item: &'a C::Item) -> Option<&'a str> {
        self.collection.identity(item)
    }

    fn cursor<'a>(&self, item: &'a C::Item) -> Option<&'a Cursor> {
        self.collection.cursor(item)
    }
}
