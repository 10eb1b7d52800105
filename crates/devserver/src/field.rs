//! What filters and orders look at: named fields of items, and how their values compare.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::cmp::Ordering;

/// A field of the items of a listing.
pub(crate) trait Field: Sized {
    type Item;

    /// The field of this name, if there is one. The SDK's documentation writes most in two ways, such as `created_at`
    /// and `createdAt`.
    fn named(name: &str) -> Option<Self>;

    /// Whether its values are times, in seconds since 1970.
    fn is_time(&self) -> bool;

    /// None where the item has none.
    fn value(&self, item: &Self::Item) -> Option<Value>;
}

/// How two values follow each other. None for values of different kinds, which neither equal nor follow each other.
pub(crate) fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
        },
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// The value under a path of keys with dots between them. A key may hold dots itself; the longest that fits is taken.
pub(crate) fn lookup<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    let object = value.as_object()?;
    splits(path).find_map(|(key, rest)| lookup(object.get(key)?, rest))
}

/// All ways to take a key off the front of a path, the longest key first, each with what is left of the path.
pub(crate) fn splits(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let dots = path
        .rmatch_indices('.')
        .map(|(at, _)| (&path[..at], &path[at + 1..]));
    std::iter::once((path, "")).chain(dots)
}

/// Seconds since 1970 of a time in ISO 8601, which is in UTC where it does not say otherwise.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let time: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    })?;
    Some(time.as_duration().as_secs_f64())
}
