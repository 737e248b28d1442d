//! A vector of numbers: as floats, or as the JSON list it came in, so that a gateway can hand it on unread.

use std::borrow::Cow;

use bytes::BytesMut;
use memchr::memchr_iter;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

use super::Raw;

/// An embedding's numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum FloatList<'a> {
    /// Numbers at hand.
    Floats(Cow<'a, [f32]>),
    /// A JSON list, not yet read.
    Rendered(&'a str),
}

impl<'a> FloatList<'a> {
    /// Takes a JSON list without reading its numbers.
    ///
    /// # Errors
    /// When `json` is no JSON list.
    pub fn rendered(json: &'a str) -> Result<Self, super::Error> {
        Raw::parse(json).and_then(Self::of_raw)
    }

    /// How many numbers there are.
    pub fn dimension(&self) -> usize {
        match self {
            FloatList::Floats(floats) => floats.len(),
            FloatList::Rendered(list) => count_elements(list),
        }
    }

    /// The numbers.
    ///
    /// # Errors
    /// When the list holds something that is not a number.
    pub fn floats(&self) -> Result<Cow<'_, [f32]>, super::Error> {
        match self {
            FloatList::Floats(floats) => Ok(Cow::Borrowed(floats)),
            FloatList::Rendered(list) => serde_json::from_str(list).map(Cow::Owned),
        }
    }

    /// Appends the numbers as a JSON list.
    pub(crate) fn write(&self, out: &mut BytesMut) {
        match self {
            FloatList::Floats(floats) => super::write(floats, out),
            FloatList::Rendered(list) => out.extend_from_slice(list.as_bytes()),
        }
    }

    pub(crate) fn of_raw(raw: Raw<'a>) -> Result<Self, super::Error> {
        if raw.get().starts_with('[') {
            Ok(FloatList::Rendered(raw.get()))
        } else {
            Err(super::Error::custom("invalid type: expected a list of numbers"))
        }
    }
}

impl Default for FloatList<'_> {
    fn default() -> Self {
        FloatList::Floats(Cow::Borrowed(&[]))
    }
}

impl<'a> From<&'a [f32]> for FloatList<'a> {
    fn from(floats: &'a [f32]) -> Self {
        FloatList::Floats(Cow::Borrowed(floats))
    }
}

impl From<Vec<f32>> for FloatList<'_> {
    fn from(floats: Vec<f32>) -> Self {
        FloatList::Floats(Cow::Owned(floats))
    }
}

// A list of numbers has a comma between any two of them and nowhere else.
fn count_elements(list: &str) -> usize {
    let inside = list.trim_start_matches('[').trim_end_matches(']').trim();
    if inside.is_empty() { 0 } else { memchr_iter(b',', inside.as_bytes()).count() + 1 }
}

impl Serialize for FloatList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            FloatList::Floats(floats) => floats.serialize(serializer),
            FloatList::Rendered(list) => Raw::parse(list).map_err(ser::Error::custom)?.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for FloatList<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Raw::deserialize(deserializer).and_then(|raw| Self::of_raw(raw).map_err(D::Error::custom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dimension_is_known_without_reading_the_numbers() {
        for (list, expected) in [("[]", 0), ("[ ]", 0), ("[1]", 1), ("[0.5, -1e-3,\n2]", 3)] {
            assert_eq!(FloatList::rendered(list).unwrap().dimension(), expected, "{list}");
        }
        assert_eq!(FloatList::from(vec![0.5; 7]).dimension(), 7);
    }

    #[test]
    fn a_rendered_list_is_handed_on_as_it_came() {
        let list: FloatList<'_> = serde_json::from_str("[0.50, 1e0]").unwrap();
        assert_eq!(serde_json::to_string(&list).unwrap(), "[0.50, 1e0]");
        assert_eq!(&*list.floats().unwrap(), [0.5, 1.0]);
    }

    #[test]
    fn what_is_no_list_of_numbers_is_refused() {
        assert!(serde_json::from_str::<FloatList<'_>>("{}").is_err());
        assert!(FloatList::rendered(r#"["x"]"#).unwrap().floats().is_err());
    }
}
