//! Whether a request fits the schema, as far as async-graphql leaves that unchecked or says it in other words than Go's
//! GraphQL servers: fields, arguments and input fields that do not exist, and variables. Its rule for the positions of
//! variables never gets to see one (7.2.1), and a required one that is missing comes up only while the query runs. A
//! query that the real server refuses has to be refused here too.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, Directive, ExecutableDocument, FieldDefinition, InputValueDefinition, OperationDefinition,
    OperationType, Selection, SelectionSet, Type, TypeKind, TypeSystemDefinition, VariableDefinition,
};
use async_graphql::{Name, Positioned, Value as Constant, Variables};
use async_graphql_value::Value;
use std::collections::{HashMap, HashSet};

use crate::feature::{Feature, Place};

type Inputs = HashMap<String, Input>;

/// The types of a schema, as far as arguments need them.
pub(crate) struct Shapes {
    objects: HashMap<String, HashMap<String, Field>>,
    inputs: HashMap<String, Inputs>,
    /// The arguments of `@skip` and `@include`, the only directives that there are.
    directive: Inputs,
    introspection: bool,
}

struct Field {
    arguments: Inputs,
    type_name: String,
}

struct Input {
    shape: Type,
    has_default: bool,
}

impl Shapes {
    /// Reads a schema in GraphQL's own language.
    pub(crate) fn read(sdl: &str) -> Self {
        let condition = Type::new("Boolean!").map(|shape| {
            (
                "if".to_owned(),
                Input {
                    shape,
                    has_default: false,
                },
            )
        });
        let mut shapes = Self {
            objects: HashMap::new(),
            inputs: HashMap::new(),
            directive: condition.into_iter().collect(),
            introspection: true,
        };
        for definition in parse_schema(sdl).map_or_else(|_| Vec::new(), |schema| schema.definitions) {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => {
                    shapes.objects.insert(name, fields(object.fields));
                }
                TypeKind::InputObject(object) => {
                    shapes.inputs.insert(name, inputs(object.fields));
                }
                TypeKind::Interface(interface) => {
                    shapes.objects.insert(name, fields(interface.fields));
                }
                TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) => {}
            }
        }
        shapes
    }

    /// The same types without what a server does not know.
    pub(crate) fn without<'a>(mut self, features: impl IntoIterator<Item = &'a Feature>) -> Self {
        for feature in features {
            match feature.place() {
                Place::Field(of, field) => {
                    self.objects.get_mut(of).and_then(|fields| fields.remove(field));
                }
                Place::Argument(of, field, argument) => {
                    let field = self.objects.get_mut(of).and_then(|fields| fields.get_mut(field));
                    field.and_then(|field| field.arguments.remove(argument));
                }
                Place::Input(of, field) => {
                    self.inputs.get_mut(of).and_then(|fields| fields.remove(field));
                }
                Place::Introspection => self.introspection = false,
            }
        }
        self
    }

    /// What does not fit, in words. Nothing is said about a document that has other faults.
    pub(crate) fn misfits(
        &self,
        document: &ExecutableDocument,
        operation_name: Option<&str>,
        variables: &Variables,
    ) -> Vec<String> {
        let Some(operation) = selected(document, operation_name) else {
            return Vec::new();
        };
        let mut walk = Walk::new(self, document, operation);
        walk.operation(operation);
        let mut misfits = walk.misfits;
        for definition in &operation.variable_definitions {
            misfits.extend(self.misfit_values(&definition.node, variables));
        }
        misfits
    }

    fn misfit_values(&self, definition: &VariableDefinition, variables: &Variables) -> Vec<String> {
        let name = &definition.name.node;
        let shape = &definition.var_type.node;
        match variables.get(name) {
            Some(value) if self.takes(shape, value) => Vec::new(),
            Some(value) => match self.strangers(shape, value) {
                none if none.is_empty() => vec![format!("variable ${name} is no {shape}")],
                strangers => strangers,
            },
            None if shape.nullable || definition.default_value.is_some() => Vec::new(),
            None => vec![format!("variable ${name} of type {shape} is missing")],
        }
    }

    /// The fields in a value that its type does not have, in words.
    fn strangers(&self, shape: &Type, value: &Constant) -> Vec<String> {
        match (&shape.base, value) {
            (BaseType::List(item), Constant::List(items)) => items
                .iter()
                .flat_map(|value| self.strangers(item, value))
                .collect(),
            (BaseType::List(item), value) => self.strangers(item, value),
            (BaseType::Named(name), Constant::Object(given)) => {
                let Some(known) = self.inputs.get(name.as_str()) else {
                    return Vec::new();
                };
                given
                    .iter()
                    .flat_map(|(key, value)| match known.get(key.as_str()) {
                        Some(input) => self.strangers(&input.shape, value),
                        None => vec![no_input_field(key, name)],
                    })
                    .collect()
            }
            (BaseType::Named(_), _) => Vec::new(),
        }
    }

    /// Whether a value can be read as this type. Scalars of the schema's own are left to their readers.
    fn takes(&self, shape: &Type, value: &Constant) -> bool {
        match (&shape.base, value) {
            (_, Constant::Null) => shape.nullable,
            (BaseType::List(item), Constant::List(items)) => {
                items.iter().all(|value| self.takes(item, value))
            }
            // One item stands for a list of one.
            (BaseType::List(item), value) => self.takes(item, value),
            (BaseType::Named(name), value) => match (name.as_str(), value) {
                ("String", value) => matches!(value, Constant::String(_)),
                ("Boolean", value) => matches!(value, Constant::Boolean(_)),
                ("Int", Constant::Number(number)) => number
                    .as_i64()
                    .is_some_and(|number| i32::try_from(number).is_ok()),
                ("ID", Constant::Number(number)) => number.is_i64(),
                ("ID", value) => matches!(value, Constant::String(_)),
                ("Float", value) => matches!(value, Constant::Number(_)),
                ("Int", _) => false,
                (name, Constant::Object(given)) if self.inputs.contains_key(name) => {
                    let known = &self.inputs[name];
                    given.keys().all(|key| known.contains_key(key.as_str()))
                        && known.iter().all(|(key, input)| match given.get(key.as_str()) {
                            Some(value) => self.takes(&input.shape, value),
                            None => input.shape.nullable || input.has_default,
                        })
                }
                (name, _) => !self.inputs.contains_key(name),
            },
        }
    }
}

fn selected<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let selected = match name {
        Some(wanted) => operations.find(|(name, _)| name.is_some_and(|name| name == wanted)),
        None => operations.next(),
    };
    selected.map(|(_, operation)| &operation.node)
}

/// The variables of an operation that have a default, with that.
pub(crate) fn defaults(document: &ExecutableDocument, operation_name: Option<&str>) -> Vec<(Name, Constant)> {
    let operation = selected(document, operation_name);
    let definitions = operation.map_or(&[][..], |operation| &operation.variable_definitions);
    let default = |definition: &VariableDefinition| {
        let value = definition.default_value.as_ref()?;
        Some((definition.name.node.clone(), value.node.clone()))
    };
    definitions
        .iter()
        .filter_map(|definition| default(&definition.node))
        .collect()
}

fn fields(definitions: Vec<Positioned<FieldDefinition>>) -> HashMap<String, Field> {
    let field = |definition: FieldDefinition| {
        let type_name = base_name(&definition.ty.node).to_owned();
        let arguments = inputs(definition.arguments);
        (definition.name.node.to_string(), Field { arguments, type_name })
    };
    definitions
        .into_iter()
        .map(|definition| field(definition.node))
        .collect()
}

fn no_input_field(field: &str, input: &str) -> String {
    format!("Field {field:?} is not defined by type {input:?}.")
}

fn inputs(definitions: Vec<Positioned<InputValueDefinition>>) -> Inputs {
    let input = |definition: InputValueDefinition| {
        let has_default = definition
            .default_value
            .is_some_and(|value| value.node != Constant::Null);
        (
            definition.name.node.to_string(),
            Input {
                shape: definition.ty.node,
                has_default,
            },
        )
    };
    definitions
        .into_iter()
        .map(|definition| input(definition.node))
        .collect()
}

fn base_name(shape: &Type) -> &str {
    match &shape.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => base_name(item),
    }
}

/// Whether whatever a variable of the first type holds is good for the second.
fn is_within(variable: &Type, place: &Type) -> bool {
    (place.nullable || !variable.nullable)
        && match (&variable.base, &place.base) {
            (BaseType::Named(variable), BaseType::Named(place)) => variable == place,
            (BaseType::List(variable), BaseType::List(place)) => is_within(variable, place),
            (BaseType::Named(_), BaseType::List(_)) | (BaseType::List(_), BaseType::Named(_)) => false,
        }
}

/// Looks at every place of an operation that has a name in the schema, or where a variable stands.
struct Walk<'a> {
    shapes: &'a Shapes,
    document: &'a ExecutableDocument,
    variables: HashMap<&'a Name, &'a VariableDefinition>,
    fragments: HashSet<&'a Name>,
    misfits: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(shapes: &'a Shapes, document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> Self {
        let definitions = operation.variable_definitions.iter();
        let variables = definitions
            .map(|definition| (&definition.node.name.node, &definition.node))
            .collect();
        Self {
            shapes,
            document,
            variables,
            fragments: HashSet::new(),
            misfits: Vec::new(),
        }
    }

    fn operation(&mut self, operation: &'a OperationDefinition) {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        self.directives(&operation.directives);
        self.selections(root, &operation.selection_set.node);
    }

    fn selections(&mut self, parent: &str, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.directives(&field.node.directives);
                    let name = field.node.name.node.as_str();
                    let Some(known) = self.field(parent, name) else {
                        continue;
                    };
                    self.arguments(&field.node.arguments, &known.arguments, || {
                        format!("field {name:?} of type {parent:?}")
                    });
                    self.selections(&known.type_name, &field.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives);
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.fragments.insert(name)
                    {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.selections(on, &fragment.node.selection_set.node);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.node.directives);
                    let on = fragment.node.type_condition.as_ref();
                    let on = on.map_or(parent, |condition| condition.node.on.node.as_str());
                    self.selections(on, &fragment.node.selection_set.node);
                }
            }
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        let shapes = self.shapes;
        for directive in directives {
            let name = &directive.node.name.node;
            self.arguments(&directive.node.arguments, &shapes.directive, || {
                format!("directive \"@{name}\"")
            });
        }
    }

    /// A field of a type. None where its selections need no look.
    fn field(&mut self, parent: &str, name: &str) -> Option<&'a Field> {
        let shapes = self.shapes;
        let fields = shapes.objects.get(parent)?;
        let known = fields.get(name);
        let is_introspection = parent == "Query" && matches!(name, "__schema" | "__type");
        if is_introspection && !shapes.introspection {
            self.misfits.push("introspection disabled".to_owned());
        } else if known.is_none() && !is_introspection && name != "__typename" {
            self.misfits
                .push(format!("Cannot query field {name:?} on type {parent:?}."));
        }
        known
    }

    fn arguments(
        &mut self,
        given: &[(Positioned<Name>, Positioned<Value>)],
        known: &Inputs,
        owner: impl Fn() -> String,
    ) {
        for (name, value) in given {
            match known.get(name.node.as_str()) {
                Some(input) => self.value(&value.node, &input.shape, input.has_default),
                None => {
                    let name = name.node.as_str();
                    self.misfits
                        .push(format!("Unknown argument {name:?} on {}.", owner()));
                }
            }
        }
    }

    fn value(&mut self, value: &Value, place: &Type, has_default: bool) {
        match (value, &place.base) {
            (Value::Variable(name), _) => self.variable(name, place, has_default),
            (Value::List(items), BaseType::List(item)) => {
                for value in items {
                    self.value(value, item, false);
                }
            }
            (Value::Object(given), BaseType::Named(name)) => {
                let shapes = self.shapes;
                let Some(known) = shapes.inputs.get(name.as_str()) else {
                    return;
                };
                for (key, value) in given {
                    match known.get(key.as_str()) {
                        Some(input) => self.value(value, &input.shape, input.has_default),
                        None => self.misfits.push(no_input_field(key, name)),
                    }
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, name: &Name, place: &Type, has_default: bool) {
        let Some(definition) = self.variables.get(name) else {
            return;
        };
        let variable = &definition.var_type.node;
        let defaulted = definition
            .default_value
            .as_ref()
            .is_some_and(|value| value.node != Constant::Null);
        // With a default on either side, a variable that may be left out is good where a value is required.
        let variable_as_used = Type {
            nullable: variable.nullable && !has_default && !defaulted,
            ..variable.clone()
        };
        if !is_within(&variable_as_used, place) {
            self.misfits.push(format!(
                "variable ${name} of type {variable} stands where {place} is expected"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    const SCHEMA: &str = "
        type Query { text(of: String!, many: [String], depth: Int! = 3, as: Shape): Query }
        input Shape { side: Int!, names: [String!] }";

    fn misfits(query: &str, variables: serde_json::Value) -> Vec<String> {
        let document = parse_query(query).unwrap();
        Shapes::read(SCHEMA).misfits(&document, None, &Variables::from_json(variables))
    }

    #[test]
    fn variables_have_to_fit_their_places() {
        for (types, query, fits) in [
            ("$x: String!", "text(of: $x) { __typename }", true),
            ("$x: String", "text(of: $x) { __typename }", false),
            ("$x: String = \"\"", "text(of: $x) { __typename }", true),
            ("$x: ID!", "text(of: $x) { __typename }", false),
            ("$x: Int", "text(of: \"\", depth: $x) { __typename }", true),
            ("$x: [String!]!", "text(of: \"\", many: $x) { __typename }", true),
            ("$x: [Int]", "text(of: \"\", many: $x) { __typename }", false),
            ("$x: String", "text(of: \"\", many: $x) { __typename }", false),
            ("$x: String", "text(of: \"\", many: [$x]) { __typename }", true),
            (
                "$x: Int!",
                "text(of: \"\", as: { side: $x }) { __typename }",
                true,
            ),
            (
                "$x: Int",
                "text(of: \"\", as: { side: $x }) { __typename }",
                false,
            ),
            ("$x: Shape", "text(of: \"\", as: $x) { __typename }", true),
            (
                "$x: Boolean!",
                "text(of: \"\") @skip(if: $x) { __typename }",
                true,
            ),
            (
                "$x: Boolean",
                "text(of: \"\") @skip(if: $x) { __typename }",
                false,
            ),
            (
                "$x: Int",
                "...Deep } fragment Deep on Query { text(of: $x) { __typename }",
                false,
            ),
            (
                "$x: Int",
                "text(of: \"\") { ... on Query { text(of: $x) { __typename } } }",
                false,
            ),
        ] {
            let query = format!("query A({types}) {{ {query} }}");
            let document = parse_query(&query).unwrap();
            let operation = document.operations.iter().next().unwrap().1;
            let shapes = Shapes::read(SCHEMA);
            let mut walk = Walk::new(&shapes, &document, &operation.node);
            walk.operation(&operation.node);
            assert_eq!(walk.misfits.is_empty(), fits, "{query}: {:?}", walk.misfits);
        }
    }

    #[test]
    fn values_have_to_fit_their_types() {
        use serde_json::json;
        for (shape, value, fits) in [
            ("String", json!("a"), true),
            ("String", json!(null), true),
            ("String", json!(1), false),
            ("String!", json!(null), false),
            ("Int", json!(7), true),
            ("Int", json!(7.5), false),
            ("Int", json!(3_000_000_000_u64), false),
            ("ID", json!(7), true),
            ("ID", json!("7"), true),
            ("ID", json!(true), false),
            ("Boolean", json!("true"), false),
            ("[String!]", json!(["a", null]), false),
            ("[String]", json!(["a", null]), true),
            ("[String]", json!("a"), true),
            ("[String]", json!([1]), false),
            ("Shape", json!({ "side": 1 }), true),
            ("Shape", json!({ "side": 1, "names": ["a"] }), true),
            ("Shape", json!({}), false),
            ("Shape", json!({ "side": 1, "more": 2 }), false),
            ("Shape", json!("side"), false),
            ("Anything", json!({ "a": [1] }), true),
        ] {
            let found = misfits(
                &format!("query A($x: {shape}) {{ __typename }}"),
                json!({ "x": value }),
            );
            assert_eq!(found.is_empty(), fits, "{shape} {value}: {found:?}");
        }
        assert_eq!(
            misfits("query A($x: String!) { __typename }", json!({})),
            ["variable $x of type String! is missing"]
        );
    }
}
