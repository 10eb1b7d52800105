//! Which runs, artifacts and so on: the language of `filters`.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::scalars::{InvalidJson, Json};

/// Which items of a listing: a condition in the server's language of filters, that of `MongoDB`.
///
/// Fields of a run are those of the SDK (`Api.runs`): `createdAt`, `displayName`, `duration`, `group`, `host`, `jobType`,
/// `name` (the run's id), `state`, `sweep`, `tags`, `username`, and with dots `config.…` and `summary_metrics.…`.
/// `Display` is the JSON that is sent.
///
/// ```
/// use wandb_queries::Filter;
///
/// let filter = Filter::state("finished").and(Filter::field("config.lr").gt(0.1)).and(!Filter::tag("old"));
/// assert_eq!(
///     filter.to_string(),
///     r#"{"$and":[{"state":"finished"},{"config.lr":{"$gt":0.1}},{"$nor":[{"tags":"old"}]}]}"#
/// );
/// assert_eq!(Filter::json(r#"{ "state": "crashed" }"#)?, Filter::state("crashed"));
/// # Ok::<(), wandb_queries::scalars::InvalidJson>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter(Map<String, Value>);

impl Filter {
    /// Every item: `{}`, the default.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The condition that a text in the server's own language states.
    ///
    /// # Errors
    /// Where the text is no JSON object. What stands in the object is for the server to judge.
    pub fn json(text: &str) -> Result<Self, InvalidJson> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|source| InvalidJson::new(format_args!("the filter {text:?}"), source))
    }

    /// Runs in this state: `running`, `finished`, `crashed`, `failed`, `killed`, `preempting`, `preempted`.
    #[must_use]
    pub fn state(state: &str) -> Self {
        Self::field("state").eq(state)
    }

    /// Runs that have this tag.
    #[must_use]
    pub fn tag(tag: &str) -> Self {
        Self::field("tags").eq(tag)
    }

    /// The runs of the sweep with this id (its `name` on the server): what the SDK's `Sweep.runs` asks for.
    #[must_use]
    pub fn sweep(id: &str) -> Self {
        Self::field("sweep").eq(id).grouped("$and")
    }

    /// A condition on a field, such as `config.lr`; begun here, ended by one of the methods of [`Field`].
    #[must_use]
    pub fn field(name: &str) -> Field {
        Field(name.to_owned())
    }

    /// Items that meet both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self.0.is_empty() {
            return other;
        }
        if other.0.is_empty() {
            return self;
        }
        self.joined("$and", other)
    }

    /// Items that meet one of the conditions, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.0.is_empty() || other.0.is_empty() {
            return Self::all();
        }
        self.joined("$or", other)
    }

    /// `{operator: [self, other]}`, and one list for more than two.
    fn joined(self, operator: &str, other: Self) -> Self {
        let mut group = self.grouped(operator);
        if let Some(Value::Array(list)) = group.0.get_mut(operator) {
            list.push(Value::Object(other.0));
        }
        group
    }

    fn grouped(self, operator: &str) -> Self {
        if self.0.len() == 1 && self.0.get(operator).is_some_and(Value::is_array) {
            return self;
        }
        Self(Map::from_iter([(operator.to_owned(), json!([self.0]))]))
    }
}

/// Items that do not meet the condition.
impl std::ops::Not for Filter {
    type Output = Self;

    fn not(self) -> Self {
        Self(Map::from_iter([("$nor".to_owned(), json!([self.0]))]))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", json!(self.0))
    }
}

impl From<&Filter> for Json {
    fn from(filter: &Filter) -> Self {
        filter.to_string().into()
    }
}

/// A field that a condition is about.
///
/// Values are anything that `serde_json` has a [`Value`] for: texts, numbers, booleans, lists. Times are texts in ISO 8601.
#[derive(Debug, Clone)]
pub struct Field(String);

impl Field {
    /// The field has this value; a list, such as `tags`, has it among its items.
    #[must_use]
    pub fn eq(self, value: impl Into<Value>) -> Filter {
        self.is(value.into())
    }

    /// The field has another value, or none.
    #[must_use]
    pub fn ne(self, value: impl Into<Value>) -> Filter {
        self.is(json!({ "$ne": value.into() }))
    }

    /// The field is greater.
    #[must_use]
    pub fn gt(self, value: impl Into<Value>) -> Filter {
        self.is(json!({ "$gt": value.into() }))
    }

    /// The field is as great or greater.
    #[must_use]
    pub fn gte(self, value: impl Into<Value>) -> Filter {
        self.is(json!({ "$gte": value.into() }))
    }

    /// The field is less.
    #[must_use]
    pub fn lt(self, value: impl Into<Value>) -> Filter {
        self.is(json!({ "$lt": value.into() }))
    }

    /// The field is as great or less.
    #[must_use]
    pub fn lte(self, value: impl Into<Value>) -> Filter {
        self.is(json!({ "$lte": value.into() }))
    }

    /// The field has one of these values.
    #[must_use]
    pub fn one_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        self.is(json!({ "$in": Value::from_iter(values) }))
    }

    /// The field has none of these values.
    #[must_use]
    pub fn none_of<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        self.is(json!({ "$nin": Value::from_iter(values) }))
    }

    /// The field has a value, or with `false` has none.
    #[must_use]
    pub fn exists(self, exists: bool) -> Filter {
        self.is(json!({ "$exists": exists }))
    }

    /// A part of the field's text matches this regular expression.
    #[must_use]
    pub fn regex(self, pattern: &str) -> Filter {
        self.is(json!({ "$regex": pattern }))
    }

    fn is(self, condition: Value) -> Filter {
        Filter(Map::from_iter([(self.0, condition)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_written_as_mongodb_has_them() {
        let field = || Filter::field("config.lr");
        for (filter, text) in [
            (Filter::all(), "{}"),
            (field().eq(0.1), r#"{"config.lr":0.1}"#),
            (field().ne("a"), r#"{"config.lr":{"$ne":"a"}}"#),
            (field().gte(1), r#"{"config.lr":{"$gte":1}}"#),
            (field().lt(1), r#"{"config.lr":{"$lt":1}}"#),
            (field().lte(1), r#"{"config.lr":{"$lte":1}}"#),
            (field().one_of([1, 2]), r#"{"config.lr":{"$in":[1,2]}}"#),
            (field().none_of(["a"]), r#"{"config.lr":{"$nin":["a"]}}"#),
            (field().exists(false), r#"{"config.lr":{"$exists":false}}"#),
            (field().regex("^a"), r#"{"config.lr":{"$regex":"^a"}}"#),
            (Filter::sweep("s1"), r#"{"$and":[{"sweep":"s1"}]}"#),
        ] {
            assert_eq!(filter.to_string(), text);
            assert_eq!(Filter::json(text).expect(text), filter);
        }
    }

    #[test]
    fn groups_grow_and_all_is_neutral() {
        let [a, b, c] = ["a", "b", "c"].map(Filter::tag);
        let both = a.clone().and(b.clone());
        assert_eq!(
            both.clone().and(c.clone()).to_string(),
            r#"{"$and":[{"tags":"a"},{"tags":"b"},{"tags":"c"}]}"#
        );
        assert_eq!(
            both.or(c.clone()).to_string(),
            r#"{"$or":[{"$and":[{"tags":"a"},{"tags":"b"}]},{"tags":"c"}]}"#
        );
        assert_eq!(
            c.clone().and(a.clone().and(b)).to_string(),
            r#"{"$and":[{"tags":"c"},{"$and":[{"tags":"a"},{"tags":"b"}]}]}"#
        );
        assert_eq!(Filter::all().and(a.clone()).and(Filter::all()), a);
        assert_eq!(a.or(Filter::all()), Filter::all());
        assert_eq!((!c).to_string(), r#"{"$nor":[{"tags":"c"}]}"#);
    }

    #[test]
    fn a_text_that_is_no_object_is_refused() {
        for text in ["", "null", "state", "[]", "3", "{\"state\": }"] {
            let error = Filter::json(text).expect_err(text).to_string();
            assert!(
                error.starts_with(&format!("the filter {text:?} is no JSON object: ")),
                "{error}"
            );
        }
    }
}
