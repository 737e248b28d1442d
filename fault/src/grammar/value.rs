//! Values that may be written short or long: a text, a number or `true`, or a table with every part named.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A text that is not what its place asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct Refused {
    /// What was written.
    pub text: String,
    /// What would be accepted, with an example.
    pub expected: &'static str,
}

impl Refused {
    pub(crate) fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

impl From<notation::ParseError> for Refused {
    fn from(error: notation::ParseError) -> Self {
        Self { text: error.text, expected: error.expected }
    }
}

/// A value with a short form only: a text, a number, or `true`, which reads as the empty text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Short<T>(pub(crate) T);

/// A value with a short form and a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ShortOrTable<T>(pub(crate) T);

struct Words<T>(PhantomData<T>);
struct WordsOrTable<T>(PhantomData<T>);

impl<'de, T: FromStr<Err = Refused>> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words(PhantomData)).map(Self)
    }
}

impl<'de, T: FromStr<Err = Refused> + Deserialize<'de>> Deserialize<'de> for ShortOrTable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsOrTable(PhantomData)).map(Self)
    }
}

macro_rules! words {
    () => {
        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_bool<E: Error>(self, flag: bool) -> Result<T, E> {
            self.visit_str(if flag { "" } else { "false" })
        }
    };
}

impl<T: FromStr<Err = Refused>> Visitor<'_> for Words<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or true")
    }

    words!();
}

impl<'de, T: FromStr<Err = Refused> + Deserialize<'de>> Visitor<'de> for WordsOrTable<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true or a table")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }

    words!();
}

/// `true` in a file: the effect has nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Simply;

impl FromStr for Simply {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        if matches!(text, "" | "true") { Ok(Self) } else { Err(Refused::new(text, "`true`")) }
    }
}
