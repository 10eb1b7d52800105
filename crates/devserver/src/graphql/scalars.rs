use crate::state::State;
use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};

/// A 64-bit integer, as a JSON number or, for servers that spare the clients' floating point, as a string.
#[derive(Clone, Copy)]
pub(crate) enum Int64 {
    Number(i64),
    Text(i64),
}

impl Int64 {
    /// As the server was told to write them.
    pub(crate) fn of(state: &State, number: i64) -> Self {
        if state.behaviour.int64_as_strings {
            Self::Text(number)
        } else {
            Self::Number(number)
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Number(number) | Self::Text(number) => number,
        }
    }
}

#[Scalar(name = "Int64")]
impl ScalarType for Int64 {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number.as_i64().map(Self::Number),
            Value::String(text) => text.parse().ok().map(Self::Text),
            _ => None,
        }
        .ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        match *self {
            Self::Number(number) => Value::Number(Number::from(number)),
            Self::Text(number) => Value::String(number.to_string()),
        }
    }
}

/// Declares a scalar that goes over the wire as a string.
macro_rules! text_scalar {
    ($(#[$doc:meta])* $name:ident, $graphql:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $name(pub(crate) String);

        #[Scalar(name = $graphql)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                match value {
                    Value::String(text) => Ok(Self(text)),
                    other => Err(InputValueError::expected_type(other)),
                }
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    };
}

text_scalar!(
    /// A time as text; see `State::time`.
    DateTime,
    "DateTime"
);
text_scalar!(
    /// A JSON document inside a string.
    JsonString,
    "JSONString"
);
