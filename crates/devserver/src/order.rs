//! The order of a listing as the SDK asks for it, such as `-summary_metrics.loss`.

use crate::field::{Field, compare};
use serde_json::Value;
use std::cmp::Ordering;

/// Fields to sort by, the most important first; those whose flag is set from the greatest value down.
pub(crate) struct Order<F>(Vec<(F, bool)>);

impl<F: Field> Order<F> {
    /// Reads names with a comma between them, each with `+` (which may be left out) or `-` before it; `usual` where
    /// nothing is said.
    pub(crate) fn read(text: Option<&str>, usual: &str) -> Result<Self, String> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let keys = text.unwrap_or(usual).split(',').map(|key| {
            let key = key.trim();
            let (name, down) = match key.strip_prefix('-') {
                Some(name) => (name, true),
                None => (key.strip_prefix('+').unwrap_or(key), false),
            };
            match F::named(name) {
                Some(field) => Ok((field, down)),
                None => Err(format!("invalid order: unknown field {name}")),
            }
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// Whether this sorts by one field of which `which` says yes, and if it does, whether it goes down.
    pub(crate) fn by(&self, which: fn(&F) -> bool) -> Option<bool> {
        match &self.0[..] {
            [(field, down)] if which(field) => Some(*down),
            _ => None,
        }
    }

    /// Whether this looks at a field of which `which` says yes.
    pub(crate) fn uses(&self, which: fn(&F) -> bool) -> bool {
        self.0.iter().any(|(field, _)| which(field))
    }

    /// Sorts items, which come in the order in which they were made: equal ones stay in it, or are turned round where
    /// the first field goes down.
    pub(crate) fn sort(&self, items: &mut Vec<F::Item>) {
        if self.0.first().is_some_and(|(_, down)| *down) {
            items.reverse();
        }
        let mut keyed: Vec<(Vec<Option<Value>>, F::Item)> = items
            .drain(..)
            .map(|item| (self.0.iter().map(|(field, _)| field.value(&item)).collect(), item))
            .collect();
        keyed.sort_by(|(one, _), (other, _)| self.compare(one, other));
        items.extend(keyed.into_iter().map(|(_, item)| item));
    }

    fn compare(&self, one: &[Option<Value>], other: &[Option<Value>]) -> Ordering {
        let fields = one.iter().zip(other).zip(&self.0);
        fields
            .map(|((one, other), (_, down))| follows(one.as_ref(), other.as_ref(), *down))
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// What is missing comes last in either direction. Values of different kinds are sorted by their kind.
fn follows(one: Option<&Value>, other: Option<&Value>, down: bool) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => {
            let ordering = compare(one, other).unwrap_or_else(|| kind(one).cmp(&kind(other)));
            if down { ordering.reverse() } else { ordering }
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}
