//! The GraphQL schema: the real server's names, types and nullability, as far as the SDK asks for them.

mod connection;
mod file;
mod mutation;
mod project;
mod query;
mod run;
mod scalars;
mod user;
mod variables;
mod visible;

use crate::state::State;
use async_graphql::{EmptySubscription, Request, Response, ServerError, Value};
use std::sync::Arc;
use variables::Shapes;

/// What answers GraphQL requests.
#[derive(Clone)]
pub(crate) struct Schema {
    inner: async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>,
    shapes: Arc<Shapes>,
}

/// An answer, and whether its request ran at all.
pub(crate) struct Answer {
    pub(crate) response: Response,
    /// The query could not be read, or it or its variables do not fit the schema.
    pub(crate) is_invalid: bool,
}

impl Schema {
    pub(crate) fn new(state: Arc<State>) -> Self {
        let without = state.behaviour.without.clone();
        let inner = async_graphql::Schema::build(query::Query, mutation::Mutation, EmptySubscription)
            .data(state)
            .finish();
        let shapes = Shapes::read(&inner.sdl()).without(&without);
        let shapes = Arc::new(shapes);
        Self { inner, shapes }
    }

    pub(crate) async fn answer(&self, mut request: Request) -> Answer {
        let name = request.operation_name.clone();
        let variables = request.variables.clone();
        let misfits = match request.parsed_query() {
            Ok(document) => self.shapes.misfits(document, name.as_deref(), &variables),
            // The schema will say the same.
            Err(_) => Vec::new(),
        };
        let response = if misfits.is_empty() {
            self.inner.execute(request).await
        } else {
            let errors = misfits
                .into_iter()
                .map(|misfit| ServerError::new(misfit, None))
                .collect();
            Response::from_errors(errors)
        };
        let is_invalid = response.is_err()
            && response.data == Value::Null
            && response.errors.iter().all(|error| error.path.is_empty());
        Answer { response, is_invalid }
    }
}
