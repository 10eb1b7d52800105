//! Whether the documents fit the schema, in each of their forms.

use std::collections::{BTreeSet, HashMap};
use std::fs;

use async_graphql_parser::types::{
    BaseType, ExecutableDocument, FragmentDefinition, InputValueDefinition, OperationType, Selection,
    SelectionSet, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql_parser::{Positioned, parse_query, parse_schema};
use async_graphql_value::{Name, Value};

use super::document::Document;

type Schema = HashMap<String, TypeKind>;

/// What an operation uses: `File.md5`, `Run.files(pattern)`, `DeleteFilesInput.projectId`; and its variables.
#[derive(Default)]
struct Used {
    places: BTreeSet<String>,
    fragments: BTreeSet<String>,
    variables: BTreeSet<String>,
}

fn schema(text: &str) -> Schema {
    let definitions = parse_schema(text).unwrap().definitions.into_iter();
    definitions
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => {
                Some((definition.node.name.node.to_string(), definition.node.kind))
            }
            _ => None,
        })
        .collect()
}

/// What the operation of `text` uses, or why it does not fit the schema.
fn check(schema: &Schema, text: &str) -> Result<Used, String> {
    let document: ExecutableDocument = parse_query(text).map_err(|error| error.to_string())?;
    let (_, operation) = document.operations.iter().next().ok_or("no operation")?;
    let root = match operation.node.ty {
        OperationType::Mutation => "Mutation",
        _ => "Query",
    };
    let mut used = Used::default();
    let against = Against {
        schema,
        fragments: &document.fragments,
    };
    selections(&against, root, &operation.node.selection_set.node, &mut used)?;
    let definitions = operation.node.variable_definitions.iter();
    let declared: BTreeSet<String> = definitions
        .map(|definition| definition.node.name.node.to_string())
        .collect();
    let unused = document
        .fragments
        .keys()
        .find(|name| !used.fragments.contains(name.as_str()));
    if let Some(name) = unused {
        Err(format!("fragment {name} is not used"))
    } else if declared == used.variables {
        Ok(used)
    } else {
        Err(format!("declares {declared:?} and uses {:?}", used.variables))
    }
}

/// What selections are held against.
struct Against<'a> {
    schema: &'a Schema,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
}

fn selections(
    against: &Against<'_>,
    parent: &str,
    set: &SelectionSet,
    used: &mut Used,
) -> Result<(), String> {
    let Some(TypeKind::Object(object)) = against.schema.get(parent) else {
        return if set.items.is_empty() {
            Ok(())
        } else {
            Err(format!("{parent} has no fields"))
        };
    };
    if set.items.is_empty() {
        return Err(format!("nothing is selected of {parent}"));
    }
    for selection in &set.items {
        let field = match &selection.node {
            Selection::Field(field) => field,
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                used.fragments.insert(name.to_string());
                let fragment = against.fragments.get(name);
                let fragment = &fragment
                    .ok_or_else(|| format!("there is no fragment {name}"))?
                    .node;
                if fragment.type_condition.node.on.node != *parent {
                    return Err(format!("fragment {name} is not of {parent}"));
                }
                selections(against, parent, &fragment.selection_set.node, used)?;
                continue;
            }
            Selection::InlineFragment(_) => {
                return Err("inline fragments are not looked through".to_owned());
            }
        };
        let (name, field) = (&field.node.name.node, &field.node);
        let place = format!("{parent}.{name}");
        let known = object.fields.iter().find(|known| known.node.name.node == *name);
        let known = &known.ok_or_else(|| format!("there is no {place}"))?.node;
        for given in &field.arguments {
            used.places.insert(format!("{place}({})", given.0.node));
        }
        let given: Vec<_> = field
            .arguments
            .iter()
            .map(|(name, value)| (&name.node, &value.node))
            .collect();
        inputs(against.schema, &place, &known.arguments, &given, used)?;
        // `@include(if: $full)` uses a variable too.
        for directive in &field.directives {
            for (_, value) in &directive.node.arguments {
                if let Value::Variable(variable) = &value.node {
                    used.variables.insert(variable.to_string());
                }
            }
        }
        used.places.insert(place);
        selections(against, name_of(&known.ty.node), &field.selection_set.node, used)?;
    }
    Ok(())
}

fn inputs(
    schema: &Schema,
    place: &str,
    known: &[Positioned<InputValueDefinition>],
    given: &[(&Name, &Value)],
    used: &mut Used,
) -> Result<(), String> {
    for input in known {
        let is_given = given.iter().any(|(name, _)| **name == input.node.name.node);
        if !input.node.ty.node.nullable && input.node.default_value.is_none() && !is_given {
            return Err(format!("{place} wants {}", input.node.name.node));
        }
    }
    for (name, value) in given {
        let input = known.iter().find(|input| input.node.name.node == **name);
        let input = &input.ok_or_else(|| format!("{place} takes no {name}"))?.node;
        match value {
            Value::Variable(variable) => {
                used.variables.insert(variable.to_string());
            }
            Value::Object(fields) => {
                let name = name_of(&input.ty.node);
                let Some(TypeKind::InputObject(object)) = schema.get(name) else {
                    return Err(format!("{name} is no input"));
                };
                let given: Vec<_> = fields.iter().collect();
                for (field, _) in &given {
                    used.places.insert(format!("{name}.{field}"));
                }
                inputs(schema, name, &object.fields, &given, used)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn name_of(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(item) => name_of(item),
    }
}

#[test]
fn every_form_of_every_document_fits_the_schema_and_leaves_out_what_it_says() {
    let folder = crate::sh::workspace().join("schema");
    let schema = schema(&fs::read_to_string(folder.join("schema.graphql")).unwrap());
    let mut forms = 0;
    for path in super::queries(&folder.join("queries")).unwrap() {
        let document = Document::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        for lacking in 0..document.forms() {
            let text = document.without(lacking);
            let used = match check(&schema, &text) {
                Ok(used) => used,
                Err(why) => panic!("{} without {lacking:b}: {why}", path.display()),
            };
            for (place, since) in document.optional().iter().enumerate() {
                let is_left_out = lacking & (1 << place) != 0;
                assert_eq!(
                    used.places.contains(since),
                    !is_left_out,
                    "{}: {since}",
                    path.display()
                );
            }
            for since in document.requires() {
                assert!(used.places.contains(since), "{}: {since}", path.display());
            }
            assert!(!text.contains('#'), "comments are not sent");
            forms += 1;
        }
    }
    assert!(forms > 16, "{forms}");
}

#[test]
fn what_does_not_fit_is_found() {
    let schema = schema(
        "type Query { a(b: Int!, c: In): A } type A { d: Int } input In { e: Int! } type Mutation { a: A }",
    );
    assert!(check(&schema, "query Q($x: Int!) { a(b: $x, c: { e: 1 }) { d } }").is_ok());
    assert!(check(&schema, "query Q { a(b: 1) { ...F } } fragment F on A { d }").is_ok());
    assert!(check(&schema, "query Q($x: Boolean!) { a(b: 1) @skip(if: $x) { d } }").is_ok());
    for wrong in [
        "query Q { a(b: 1) { x } }",
        "query Q { a(b: 1, x: 1) { d } }",
        "query Q { a { d } }",
        "query Q { a(b: 1) }",
        "query Q { a(b: 1, c: {}) { d } }",
        "query Q { a(b: 1, c: { e: 1, f: 2 }) { d } }",
        "query Q($x: Int!) { a(b: 1) { d } }",
        "query Q { a(b: $x) { d } }",
        "query Q { a(b: 1) { d { e } } }",
        "query Q { a(b: 1) { ...F } }",
        "query Q { a(b: 1) { d } } fragment F on A { d }",
        "query Q { a(b: 1) { ...F } } fragment F on A { x }",
        "query Q { a(b: 1) { ...F } } fragment F on Query { d }",
    ] {
        assert!(check(&schema, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_mark_is_read_at_the_head_and_behind_a_line_only() {
    let text = "# What it is.\n# since: A.b\nquery Q(\n  $x: Int # since: C.d(x)\n) {\n  c\n  d(x: $x) # since: C.d(x)\n}\n";
    let document = Document::parse(text).unwrap();
    assert_eq!(
        document.without(0),
        "query Q(\n  $x: Int\n) {\n  c\n  d(x: $x)\n}\n"
    );
    assert_eq!(document.without(1), "query Q(\n) {\n  c\n}\n");
    assert_eq!(document.rust_doc(), "/// What it is.\n");
    assert!(Document::parse("query Q { a # why\n}").is_err());
    assert!(Document::parse("query Q {\n  # since: A.b\n  a\n}").is_err());
}
