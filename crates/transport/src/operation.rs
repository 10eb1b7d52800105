//! One GraphQL operation, ready to be sent.

use bytes::Bytes;
use graphql_client::GraphQLQuery;

use crate::error::{TransportError, TransportErrorKind};

/// One GraphQL operation: its name, its JSON body, and whether it may be sent twice. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Operation {
    name: &'static str,
    body: Bytes,
    repeatable: bool,
}

impl Operation {
    /// The operation `Q` with its variables. A query is repeatable; a mutation is not, unless
    /// [`idempotent`](Self::idempotent) says so.
    ///
    /// # Errors
    /// Where the variables cannot be written as JSON.
    pub fn new<Q: GraphQLQuery>(variables: Q::Variables) -> Result<Self, TransportError> {
        let query = Q::build_query(variables);
        let name = query.operation_name;
        let body = serde_json::to_vec(&query).map_err(|error| {
            TransportError::new(
                TransportErrorKind::Request,
                name,
                "its variables cannot be written as JSON",
            )
            .with_source(error)
        })?;
        Ok(Self {
            name,
            body: body.into(),
            repeatable: !is_mutation(query.query, name),
        })
    }

    /// Marks a mutation that may be carried out twice without harm.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// The operation's name, as servers log it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The request's body: a JSON object with `query`, `variables` and `operationName`.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether it may be sent again although it may have been carried out.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.repeatable
    }
}

fn is_mutation(document: &str, name: &str) -> bool {
    document
        .split("mutation")
        .skip(1)
        .any(|rest| rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::is_mutation;

    #[test]
    fn mutations_are_told_from_queries() {
        assert!(is_mutation("mutation DeleteFiles($a: Int) { x }", "DeleteFiles"));
        assert!(is_mutation(
            "fragment F on A { b }\nmutation\n  DeleteFiles { x }",
            "DeleteFiles"
        ));
        assert!(!is_mutation("query RunFiles { mutation }", "RunFiles"));
    }
}
