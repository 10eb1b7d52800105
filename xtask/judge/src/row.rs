//! One comparison, and what came of it.

use serde_json::{Value, json};

/// What came of a comparison.
pub(crate) enum Told {
    Equal,
    /// Different by design, of this kind.
    Kind(&'static str),
    /// What the SDK has, and what we have.
    Differs(String, String),
}

/// A line of the table.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) told: Told,
}

impl Row {
    /// For whoever prints the table.
    pub(crate) fn json(&self) -> Value {
        let what = &self.what;
        match &self.told {
            Told::Equal => json!({ "what": what }),
            Told::Kind(kind) => json!({"what": what, "kind": kind}),
            Told::Differs(theirs, ours) => {
                json!({"what": what, "differs": format!("the SDK: {theirs}, we: {ours}")})
            }
        }
    }
}
