//! The GraphQL schema: the real server's names, types and nullability, as far as the SDK asks for them.

mod artifact;
mod artifact_change;
mod artifact_collection;
mod artifact_mutation;
mod artifact_type;
mod connection;
mod edges;
mod features;
mod file;
mod mutation;
mod project;
mod query;
mod run;
mod runs;
mod scalars;
mod sweep;
mod user;
mod variables;
mod visible;

use crate::state::State;
use artifact_change::ArtifactChangeMutation;
use artifact_mutation::ArtifactMutation;
use async_graphql::{EmptySubscription, MergedObject, Request, Response, ServerError, Value};
use mutation::Mutation;
use std::sync::Arc;
use variables::{Shapes, defaults};

#[derive(Default, MergedObject)]
#[graphql(name = "Mutation")]
struct Mutations(Mutation, ArtifactMutation, ArtifactChangeMutation);

/// What answers GraphQL requests.
#[derive(Clone)]
pub(crate) struct Schema {
    inner: async_graphql::Schema<query::Query, Mutations, EmptySubscription>,
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
        let inner = async_graphql::Schema::build(query::Query, Mutations::default(), EmptySubscription)
            .data(state)
            .finish();
        let shapes = Shapes::read(&inner.sdl()).without(&without);
        let shapes = Arc::new(shapes);
        Self { inner, shapes }
    }

    pub(crate) async fn answer(&self, mut request: Request) -> Answer {
        let name = request.operation_name.clone();
        let variables = request.variables.clone();
        let (misfits, defaults) = match request.parsed_query() {
            Ok(document) => (
                self.shapes.misfits(document, name.as_deref(), &variables),
                defaults(document, name.as_deref()),
            ),
            // The schema will say the same.
            Err(_) => (Vec::new(), Vec::new()),
        };
        // async-graphql forgets them where a variable stands in @skip or @include (7.2.1).
        for (name, value) in defaults {
            request.variables.entry(name).or_insert(value);
        }
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
