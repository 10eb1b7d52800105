//! JSON that answers and variables hold.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// JSON as a text, not parsed before it is needed: a run's config, a filter.
///
/// Servers write it as a text that holds JSON, some fields as JSON in place (`historyKeys`); both are read, and a text is
/// what is sent. `Display` is the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Json(Box<str>);

impl Json {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The object that the text holds; an empty one for `null`.
    ///
    /// # Errors
    /// Where the text is no JSON, or is JSON of another kind; `what` says whose text it is.
    pub fn object(&self, what: impl fmt::Display) -> Result<Map<String, Value>, InvalidJson> {
        let object: Option<_> =
            serde_json::from_str(&self.0).map_err(|source| InvalidJson::new(what, source))?;
        Ok(object.unwrap_or_default())
    }
}

/// A text that is no JSON object.
#[derive(Debug)]
pub struct InvalidJson {
    what: String,
    source: serde_json::Error,
}

impl InvalidJson {
    pub(crate) fn new(what: impl fmt::Display, source: serde_json::Error) -> Self {
        let what = what.to_string();
        Self { what, source }
    }
}

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no JSON object: {}", self.what, self.source)
    }
}

impl std::error::Error for InvalidJson {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        value.to_string().into()
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrValue;

        impl<'de> Visitor<'de> for TextOrValue {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON, as a text or in place")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
                Ok(Json(text.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Json, A::Error> {
                Value::deserialize(MapAccessDeserializer::new(map)).map(Json::from)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Value::Array(list).into())
            }
        }

        deserializer.deserialize_any(TextOrValue)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_values_are_read_and_texts_are_written() {
        for (answer, text) in [
            (r#""{\"lr\": 0.1}""#, r#"{"lr": 0.1}"#),
            (r#"{"lastStep": 3}"#, r#"{"lastStep":3}"#),
            (r"[1, 2]", "[1,2]"),
        ] {
            let read: Json = serde_json::from_str(answer).expect(answer);
            assert_eq!(read.as_str(), text);
            assert_eq!(serde_json::to_value(&read).expect("a text"), text);
        }
        assert!(serde_json::from_str::<Json>("3").is_err());
    }

    #[test]
    fn objects_are_parsed_and_nothing_else() {
        let object = |text: &str| Json::from(text.to_owned()).object("the config");
        assert_eq!(object(r#"{"a": 1}"#).expect("an object")["a"], 1);
        assert!(object("null").expect("nothing").is_empty());
        for text in ["", "[]", "{", "3"] {
            let error = object(text).expect_err(text).to_string();
            assert!(error.starts_with("the config is no JSON object: "), "{error}");
        }
    }
}
