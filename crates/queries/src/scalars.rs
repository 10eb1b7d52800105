//! The server's own scalar types.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime as CivilDateTime;
use jiff::tz::TimeZone;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

pub use crate::json::{InvalidJson, Json};

/// JSON in a text.
pub type JSONString = Json;

/// JSON in place.
pub type JSON = Json;

/// `PENDING`, `COMMITTED`, `DELETED`, or what a newer server has besides.
pub type ArtifactState = String;

/// `MANIFEST_MD5`, `MANIFEST_XXH128`, or what a newer server has besides.
pub type ArtifactDigestAlgorithm = String;

/// A whole number of 64 bits. Servers write it as a JSON number or as a text; both are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Int64(pub i64);

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = Int64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of 64 bits, as a number or a text")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Int64, E> {
                Ok(Int64(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Int64, E> {
                i64::try_from(number)
                    .map(Int64)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Int64, E> {
                // 2⁵³: up to here a float holds every whole number.
                if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
                    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
                    return Ok(Int64(number as i64));
                }
                Err(E::invalid_value(de::Unexpected::Float(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Int64, E> {
                text.trim()
                    .parse()
                    .map(Int64)
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

/// A moment, as the server wrote it and as a time.
///
/// Servers write RFC 3339, older ones without a zone, which is then UTC. `Display` gives the server's own text, so that
/// what is printed equals what other clients print; [`timestamp`](Self::timestamp) is the time to compute with.
///
/// ```
/// use wandb_queries::scalars::DateTime;
/// let old: DateTime = "2022-02-21T19:27:27".parse()?;
/// let new: DateTime = "2022-02-21T19:27:27Z".parse()?;
/// assert_eq!(old.timestamp(), new.timestamp());
/// assert_eq!(old.to_string(), "2022-02-21T19:27:27");
/// # Ok::<(), wandb_queries::scalars::InvalidDateTime>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DateTime {
    text: Box<str>,
    timestamp: Timestamp,
}

/// A text that is no moment in any form that servers are known to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDateTime(String);

impl fmt::Display for InvalidDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no date and time of the form 2024-05-01T12:34:56Z",
            self.0
        )
    }
}

impl std::error::Error for InvalidDateTime {}

impl DateTime {
    /// The moment.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The text that the server wrote.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::str::FromStr for DateTime {
    type Err = InvalidDateTime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let timestamp = text.parse().or_else(|_| {
            let civil: CivilDateTime = text.parse()?;
            TimeZone::UTC.to_timestamp(civil)
        });
        match timestamp {
            Ok(timestamp) => Ok(Self {
                text: text.into(),
                timestamp,
            }),
            Err(_) => Err(InvalidDateTime(text.to_owned())),
        }
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_in_each_form() {
        for (json, number) in [
            ("0", 0),
            ("\"12\"", 12),
            ("9007199254740993", 9_007_199_254_740_993),
            ("3.0", 3),
            ("-1", -1),
        ] {
            assert_eq!(
                serde_json::from_str::<Int64>(json).expect(json),
                Int64(number),
                "{json}"
            );
        }
        for json in ["\"x\"", "1.5", "true", "18446744073709551615", "[]"] {
            assert!(serde_json::from_str::<Int64>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn moments_in_each_form() {
        let moment: Timestamp = "2024-05-01T12:34:56Z".parse().expect("a moment");
        for text in [
            "2024-05-01T12:34:56Z",
            "2024-05-01T12:34:56",
            "2024-05-01 12:34:56",
            "2024-05-01T14:34:56+02:00",
            "2024-05-01T12:34:56.000Z",
        ] {
            let read: DateTime = serde_json::from_value(serde_json::json!(text)).expect(text);
            assert_eq!(read.timestamp(), moment, "{text}");
            assert_eq!(serde_json::to_value(&read).expect("a text"), text);
        }
        assert!("yesterday".parse::<DateTime>().is_err());
    }
}
