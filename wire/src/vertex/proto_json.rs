//! What Google's JSON reader takes for a field: a list where one is due and nowhere else, and one value for a list of
//! one.
//!
//! Serde takes a list for a struct, field by field, so every field that holds a message is read by one of these. What
//! they refuse, [`Status::of_payload`](super::error::Status::of_payload) puts into Google's words.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::json::{Raw, Text};

/// What is said of a list that stands where none is due.
pub(crate) const LIST: &str = "Proto field is not repeating, cannot start list.";
/// What is said of an object that stands where a plain value is due.
pub(crate) const OBJECT: &str = "Starting an object on a scalar field";

/// Reads an optional message; `null` is none.
pub(crate) fn message<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(One(PhantomData))
}

/// Reads a message that must be there.
pub(crate) fn required_message<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    One(PhantomData).deserialize(deserializer)
}

/// Reads a message that is an element of a list or the value of a member: never `null`, and no list.
pub(crate) fn element<'de, T: Deserialize<'de>>() -> impl DeserializeSeed<'de, Value = T> {
    One(PhantomData)
}

/// Reads a list of messages, or one; `null` is none.
pub(crate) fn messages<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(Many(PhantomData))
}

/// Reads messages by name; `null` is none.
pub(crate) fn message_map<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(Named(PhantomData))
}

/// Reads a list of texts, or one; `null` is none.
pub(crate) fn texts<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Text<'a>>, D::Error> {
    deserializer.deserialize_any(Texts)
}

/// Takes an object unread; `null` is none.
pub(crate) fn object<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Raw<'a>>, D::Error> {
    let raw = Option::<Raw<'a>>::deserialize(deserializer)?;
    match raw.map(|raw| raw.get().as_bytes()[0]) {
        None | Some(b'{') => Ok(raw),
        Some(b'[') => Err(D::Error::custom(LIST)),
        Some(_) => {
            Err(D::Error::custom(format_args!("invalid type: `{}`, expected an object", raw_text(raw))))
        }
    }
}

/// Takes a plain value unread, such as the name or the number of an enum; `null` is none.
pub(crate) fn scalar<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Raw<'a>>, D::Error> {
    let raw = Option::<Raw<'a>>::deserialize(deserializer)?;
    match raw.map(|raw| raw.get().as_bytes()[0]) {
        Some(b'[') => Err(D::Error::custom(LIST)),
        Some(b'{') => Err(D::Error::custom(OBJECT)),
        _ => Ok(raw),
    }
}

/// Takes a list of plain values unread, or one of them; `null` is none.
pub(crate) fn scalars<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Raw<'a>>, D::Error> {
    let raw = Option::<Raw<'a>>::deserialize(deserializer)?;
    match raw.map(|raw| raw.get().as_bytes()[0]) {
        Some(b'{') => Err(D::Error::custom(OBJECT)),
        _ => Ok(raw),
    }
}

fn raw_text(raw: Option<Raw<'_>>) -> &str {
    raw.map_or("", |raw| raw.get())
}

struct One<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for One<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(A::Error::custom(LIST))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for One<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let read = deserializer.deserialize_any(self)?;
        read.ok_or_else(|| D::Error::invalid_type(Unexpected::Unit, &"an object"))
    }
}

struct Many<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Many<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(element) = elements.next_element_seed(One(PhantomData))? {
            read.push(element);
        }
        Ok(read)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(|one| vec![one])
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

struct Named<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Named<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut read = BTreeMap::new();
        while let Some(name) = members.next_key()? {
            read.insert(name, members.next_value_seed(One(PhantomData))?);
        }
        Ok(read)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }
}

struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Vec<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(element) = elements.next_element()? {
            read.push(element);
        }
        Ok(read)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(vec![text.into()])
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![text.to_owned().into()])
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Node<'a> {
        #[serde(borrow)]
        name: Text<'a>,
        #[serde(deserialize_with = "message")]
        child: Option<Box<Node<'a>>>,
        #[serde(deserialize_with = "messages")]
        children: Vec<Node<'a>>,
        #[serde(deserialize_with = "message_map")]
        by_name: BTreeMap<String, Node<'a>>,
        #[serde(deserialize_with = "texts")]
        words: Vec<Text<'a>>,
        #[serde(deserialize_with = "object")]
        anything: Option<Raw<'a>>,
        #[serde(deserialize_with = "scalar")]
        kind: Option<Raw<'a>>,
    }

    #[test]
    fn one_value_is_a_list_of_one() {
        for (one, many) in [
            (r#"{"children":{"name":"a"}}"#, r#"{"children":[{"name":"a"}]}"#),
            (r#"{"words":"a"}"#, r#"{"words":["a"]}"#),
            (
                "{}",
                r#"{"child":null,"children":null,"words":null,"anything":null,"kind":null,"by_name":null}"#,
            ),
        ] {
            let read = |text: &'static str| serde_json::from_str::<Node<'_>>(text).expect(text);
            assert_eq!(read(one), read(many));
        }
    }

    #[test]
    fn a_list_is_none_where_a_message_or_a_value_is_due() {
        for body in [
            r#"{"child":[]}"#,
            r#"{"child":{"child":["x"]}}"#,
            r#"{"children":[["x"]]}"#,
            r#"{"by_name":{"a":[]}}"#,
            r#"{"anything":[]}"#,
            r#"{"kind":["A"]}"#,
        ] {
            let error = serde_json::from_str::<Node<'_>>(body).expect_err(body).to_string();
            assert!(error.starts_with(LIST), "{body}: {error}");
        }
        for body in [
            r#"{"by_name":[]}"#,
            r#"{"name":[]}"#,
            r#"{"child":5}"#,
            r#"{"children":[null]}"#,
            r#"{"anything":5}"#,
        ] {
            let error = serde_json::from_str::<Node<'_>>(body).expect_err(body).to_string();
            assert!(error.starts_with("invalid type: "), "{body}: {error}");
        }
        let error = serde_json::from_str::<Node<'_>>(r#"{"kind":{}}"#).expect_err("no enum").to_string();
        assert!(error.starts_with(OBJECT), "{error}");
    }
}
