//! Whole numbers as proto JSON allows them: `5`, `5.0` and `"5"` are the same, `null` is left out.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads an optional `int32` field that is not negative.
pub(crate) fn proto_u32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    deserializer.deserialize_any(Integer(PhantomData))
}

/// Reads an optional `int32` field.
pub(crate) fn proto_i32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    deserializer.deserialize_any(Integer(PhantomData))
}

struct Integer<T>(PhantomData<T>);

impl<T: TryFrom<i64>> Integer<T> {
    fn convert<E: Error>(number: i64) -> Result<Option<T>, E> {
        T::try_from(number).map(Some).map_err(|_| E::custom(format_args!("{number} is out of range")))
    }
}

impl<T: TryFrom<i64>> Visitor<'_> for Integer<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Self::convert(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Self::convert(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float that is a whole number converts back below"
        )]
        let whole = number as i64;
        if whole as f64 == number {
            Self::convert(whole)
        } else {
            Err(E::custom(format_args!("{number} is not whole")))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map_err(|_| E::custom(format_args!("{text:?} is not a number"))).and_then(Self::convert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Limit {
        #[serde(default, deserialize_with = "proto_u32")]
        limit: Option<u32>,
    }

    fn limit(json: &str) -> Result<Option<u32>, String> {
        let body = format!(r#"{{"limit":{json}}}"#);
        serde_json::from_str::<Limit>(&body).map(|limit| limit.limit).map_err(|error| error.to_string())
    }

    #[test]
    fn the_forms_of_proto_json_are_one() {
        for json in ["5", "5.0", "\"5\"", "5e0"] {
            assert_eq!(limit(json), Ok(Some(5)), "{json}");
        }
        assert_eq!(limit("null"), Ok(None));
    }

    #[test]
    fn what_is_no_whole_number_in_range_is_refused() {
        for json in ["-1", "5.5", "\"x\"", "true", "99999999999", "1e300", "[]"] {
            assert!(limit(json).is_err(), "{json}");
        }
    }
}
