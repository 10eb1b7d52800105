//! The filters that the SDK sends as JSON text: those of `MongoDB`, over the fields of runs, sweeps and artifacts.

use crate::field::{Field, compare, seconds};
use regex::Regex;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// What has to hold of an item.
pub(crate) enum Filter<F> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Field(F, Test),
}

/// What has to hold of one value.
pub(crate) enum Test {
    Equals(Value),
    Compares(Value, fn(Ordering) -> bool),
    In(Vec<Value>),
    Exists(bool),
    Matches(Box<Regex>),
}

impl<F: Field> Filter<F> {
    /// Reads a filter; nothing, `null` and `{}` let everything through. The error names what is not known, since an
    /// answer that left a part of a filter out would look like an answer to it.
    pub(crate) fn read(text: Option<&str>) -> Result<Self, String> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let Some(text) = text else {
            return Ok(Self::All(Vec::new()));
        };
        match serde_json::from_str(text) {
            Ok(Value::Null) => Ok(Self::All(Vec::new())),
            Ok(Value::Object(filter)) => Self::of(&filter),
            Ok(_) => Err("invalid filters: they have to be a JSON object".to_owned()),
            Err(error) => Err(format!("invalid filters: {error}")),
        }
    }

    /// Whether every item passes.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// Whether this looks at a field of which `which` says yes.
    pub(crate) fn uses(&self, which: fn(&F) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.uses(which)),
            Self::Not(part) => part.uses(which),
            Self::Field(field, _) => which(field),
        }
    }

    pub(crate) fn passes(&self, item: &F::Item) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.passes(item)),
            Self::Any(parts) => parts.iter().any(|part| part.passes(item)),
            Self::Not(part) => !part.passes(item),
            Self::Field(field, test) => test.holds(field.value(item).as_ref()),
        }
    }

    fn of(filter: &Map<String, Value>) -> Result<Self, String> {
        let mut parts = filter
            .iter()
            .map(|(key, value)| match key.as_str() {
                "$and" => Self::list(key, value).map(Self::All),
                "$or" => Self::list(key, value).map(Self::Any),
                "$nor" => Self::list(key, value).map(|parts| Self::Not(Box::new(Self::Any(parts)))),
                "$not" => Self::nested(key, value).map(|part| Self::Not(Box::new(part))),
                _ if key.starts_with('$') => Err(format!("invalid filters: unknown operator {key}")),
                _ => Self::field(key, value),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Self::All(parts)
        })
    }

    fn list(operator: &str, value: &Value) -> Result<Vec<Self>, String> {
        let parts = value
            .as_array()
            .ok_or_else(|| format!("invalid filters: {operator} wants a list"))?;
        parts.iter().map(|part| Self::nested(operator, part)).collect()
    }

    fn nested(operator: &str, value: &Value) -> Result<Self, String> {
        let filter = value
            .as_object()
            .ok_or_else(|| format!("invalid filters: {operator} wants objects"))?;
        Self::of(filter)
    }

    /// A field with the value that it has to equal, or with an object of operators.
    fn field(key: &str, value: &Value) -> Result<Self, String> {
        let field = || F::named(key).ok_or_else(|| format!("invalid filters: unknown field {key}"));
        let operators = value
            .as_object()
            .filter(|operators| operators.keys().any(|name| name.starts_with('$')));
        let Some(operators) = operators else {
            let field = field()?;
            let value = literal(&field, value)?;
            return Ok(Self::Field(field, Test::Equals(value)));
        };
        let parts = operators.iter().map(|(operator, value)| {
            if operator == "$not" {
                return Ok(Self::Not(Box::new(Self::field(key, value)?)));
            }
            let field = field()?;
            let (test, holds) = Test::read(&field, operator, value)?;
            let part = Self::Field(field, test);
            Ok(if holds { part } else { Self::Not(Box::new(part)) })
        });
        parts.collect::<Result<_, String>>().map(Self::All)
    }
}

impl Test {
    /// The test, and whether it has to hold or has to fail.
    fn read<F: Field>(field: &F, operator: &str, value: &Value) -> Result<(Self, bool), String> {
        let list = || {
            let values = value
                .as_array()
                .ok_or_else(|| format!("invalid filters: {operator} wants a list"))?;
            let values = values.iter().map(|value| literal(field, value));
            values.collect::<Result<_, _>>().map(Self::In)
        };
        let compares = |holds: fn(Ordering) -> bool| Ok(Self::Compares(literal(field, value)?, holds));
        let test = match operator {
            "$eq" | "$ne" => Ok(Self::Equals(literal(field, value)?)),
            "$gt" => compares(Ordering::is_gt),
            "$gte" => compares(Ordering::is_ge),
            "$lt" => compares(Ordering::is_lt),
            "$lte" => compares(Ordering::is_le),
            "$in" | "$nin" => list(),
            "$exists" => match value {
                Value::Bool(yes) => Ok(Self::Exists(*yes)),
                _ => Err("invalid filters: $exists wants true or false".to_owned()),
            },
            "$regex" => match value.as_str().map(Regex::new) {
                Some(Ok(pattern)) => Ok(Self::Matches(Box::new(pattern))),
                Some(Err(error)) => Err(format!("invalid filters: {error}")),
                None => Err("invalid filters: $regex wants a text".to_owned()),
            },
            _ => Err(format!("invalid filters: unknown operator {operator}")),
        };
        Ok((test?, !matches!(operator, "$ne" | "$nin")))
    }

    /// A test of a list holds when it holds of one of its items, as `MongoDB` has it.
    fn holds(&self, value: Option<&Value>) -> bool {
        let value = value.unwrap_or(&Value::Null);
        match self {
            Self::Equals(wanted) => equals(value, wanted),
            Self::In(wanted) => wanted.iter().any(|wanted| equals(value, wanted)),
            Self::Exists(wanted) => value.is_null() != *wanted,
            Self::Compares(bound, holds) => any(value, |value| compare(value, bound).is_some_and(holds)),
            Self::Matches(pattern) => any(value, |value| {
                value.as_str().is_some_and(|text| pattern.is_match(text))
            }),
        }
    }
}

fn any(value: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds),
        value => holds(value),
    }
}

fn equals(value: &Value, wanted: &Value) -> bool {
    let same = |value: &Value| value == wanted || compare(value, wanted) == Some(Ordering::Equal);
    same(value) || any(value, same)
}

/// A value as it stands in a filter. Times are written in ISO 8601 there, and compared as numbers.
fn literal<F: Field>(field: &F, value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) if field.is_time() => seconds(text)
            .map(Value::from)
            .ok_or_else(|| format!("invalid filters: {text} is not a time in ISO 8601")),
        value => Ok(value.clone()),
    }
}
