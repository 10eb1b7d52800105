//! One GraphQL operation, ready to be sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use graphql_client::GraphQLQuery;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::{TransportError, TransportErrorKind};

/// One GraphQL operation: its name, its JSON body, and whether it may be sent twice. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Operation {
    name: &'static str,
    document: &'static str,
    /// A JSON object.
    variables: Bytes,
    body: Bytes,
    repeatable: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    query: &'a str,
    variables: &'a RawValue,
    #[serde(rename = "operationName")]
    operation_name: &'a str,
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
        let variables = serde_json::value::to_raw_value(&query.variables).map_err(unwritable(name))?;
        Self::build(name, query.query, &variables, !is_mutation(query.query, name))
    }

    /// The same operation in another form: another text, and only those of its variables that `keep` names.
    ///
    /// # Errors
    /// Where the variables cannot be read again as a JSON object.
    pub fn with_document(
        &self,
        document: &'static str,
        keep: impl Fn(&str) -> bool,
    ) -> Result<Self, TransportError> {
        let mut variables: Option<BTreeMap<&str, &RawValue>> =
            serde_json::from_slice(&self.variables).map_err(unwritable(self.name))?;
        if let Some(variables) = &mut variables {
            variables.retain(|name, _| keep(name));
        }
        let variables = serde_json::value::to_raw_value(&variables).map_err(unwritable(self.name))?;
        Self::build(self.name, document, &variables, self.repeatable)
    }

    fn build(
        name: &'static str,
        document: &'static str,
        variables: &RawValue,
        repeatable: bool,
    ) -> Result<Self, TransportError> {
        let body = Body {
            query: document,
            variables,
            operation_name: name,
        };
        Ok(Self {
            name,
            document,
            variables: Bytes::copy_from_slice(variables.get().as_bytes()),
            body: serde_json::to_vec(&body).map_err(unwritable(name))?.into(),
            repeatable,
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

    /// Its text.
    #[must_use]
    pub fn document(&self) -> &'static str {
        self.document
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

fn unwritable(name: &'static str) -> impl Fn(serde_json::Error) -> TransportError {
    move |error| {
        let message = "its variables cannot be written as JSON";
        TransportError::new(TransportErrorKind::Request, name, message).with_source(error)
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
    use super::{Operation, is_mutation};

    #[test]
    fn another_form_keeps_name_mark_and_the_variables_that_it_has() {
        use serde_json::{Value, json};
        let variables = json!({ "files": ["a", "\u{e4}\""], "projectId": 9_007_199_254_740_993_i64 });
        let variables = serde_json::value::to_raw_value(&variables).unwrap();
        let document = "mutation D($files: [ID!]!, $projectId: Int) { d }";
        let operation = Operation::build("D", document, &variables, false)
            .unwrap()
            .idempotent();
        let lean = operation.with_document("mutation D($files: [ID!]!) { d }", |name| name == "files");
        let lean = lean.unwrap();
        assert!(lean.is_repeatable());
        assert_eq!(
            (lean.name(), lean.document()),
            ("D", "mutation D($files: [ID!]!) { d }")
        );
        let body: Value = serde_json::from_slice(lean.body()).unwrap();
        assert_eq!(
            body,
            json!({
                "query": "mutation D($files: [ID!]!) { d }",
                "operationName": "D",
                "variables": { "files": ["a", "\u{e4}\""] },
            })
        );
        let body: Value = serde_json::from_slice(operation.body()).unwrap();
        assert_eq!(body["variables"]["projectId"], json!(9_007_199_254_740_993_i64));

        let none = serde_json::value::to_raw_value(&()).unwrap();
        let bare = Operation::build("D", document, &none, false).unwrap();
        let lean = bare.with_document("mutation D { d }", |_| true).unwrap();
        let body: Value = serde_json::from_slice(lean.body()).unwrap();
        assert_eq!(body["variables"], Value::Null);
    }

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
