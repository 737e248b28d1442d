//! A message's content: a string, or a list of parts.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json::{Raw, Text};

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content<'a> {
    /// The short form: one text.
    Text(Text<'a>),
    /// The long form.
    Parts(Vec<Part<'a>>),
}

impl<'a> Content<'a> {
    /// Every text of the content, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, parts): (Option<&Text<'a>>, &[Part<'a>]) = match self {
            Content::Text(text) => (Some(text), &[]),
            Content::Parts(parts) => (None, parts),
        };
        text.map(Text::as_str).into_iter().chain(parts.iter().filter_map(Part::text))
    }

    /// The texts as one, a line feed between two of them; borrowed when there is only one.
    pub fn joined(&self) -> Text<'_> {
        let mut texts = self.texts();
        let first = texts.next().unwrap_or_default();
        match texts.next() {
            None => first.into(),
            Some(second) => texts.fold(format!("{first}\n{second}"), |all, text| all + "\n" + text).into(),
        }
    }
}

impl<'a> From<&'a str> for Content<'a> {
    fn from(text: &'a str) -> Self {
        Content::Text(text.into())
    }
}

impl From<String> for Content<'_> {
    fn from(text: String) -> Self {
        Content::Text(text.into())
    }
}

/// One part of a message's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[serde(try_from = "PartFields<'a>", bound(deserialize = "'de: 'a"))]
pub enum Part<'a> {
    /// A text.
    Text {
        /// The text.
        text: Text<'a>,
    },
    /// A picture, by address or as a `data:` URL.
    ImageUrl {
        /// Where it is.
        image_url: ImageUrl<'a>,
    },
    /// A recording, base64 in place.
    InputAudio {
        /// `{data, format}`.
        input_audio: Raw<'a>,
    },
    /// A file, by id or in place.
    File {
        /// `{file_id | file_data, filename}`.
        file: Raw<'a>,
    },
    /// An earlier refusal of the assistant.
    Refusal {
        /// Its words.
        refusal: Text<'a>,
    },
}

/// Where a picture is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageUrl<'a> {
    /// `https:` or `data:`.
    #[serde(borrow)]
    pub url: Text<'a>,
    /// `auto`, `low` or `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Text<'a>>,
}

impl<'a> Part<'a> {
    /// A part that is a text.
    pub fn of_text(text: impl Into<Text<'a>>) -> Self {
        Part::Text { text: text.into() }
    }

    /// The text, when the part is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Part::Text { text } => Some(text),
            _ => None,
        }
    }
}

// Serde's tagged enums copy every value aside before they read it; the flat form reads in place.
#[derive(Deserialize)]
struct PartFields<'a> {
    r#type: PartType,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(default)]
    image_url: Option<ImageUrl<'a>>,
    #[serde(default)]
    input_audio: Option<Raw<'a>>,
    #[serde(default)]
    file: Option<Raw<'a>>,
    #[serde(default)]
    refusal: Option<Text<'a>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PartType {
    Text,
    ImageUrl,
    InputAudio,
    File,
    Refusal,
}

impl<'a> TryFrom<PartFields<'a>> for Part<'a> {
    type Error = serde::de::value::Error;

    fn try_from(fields: PartFields<'a>) -> Result<Self, Self::Error> {
        let missing = Self::Error::missing_field;
        Ok(match fields.r#type {
            PartType::Text => Part::Text { text: fields.text.ok_or_else(|| missing("text"))? },
            PartType::ImageUrl => {
                Part::ImageUrl { image_url: fields.image_url.ok_or_else(|| missing("image_url"))? }
            }
            PartType::InputAudio => {
                Part::InputAudio { input_audio: fields.input_audio.ok_or_else(|| missing("input_audio"))? }
            }
            PartType::File => Part::File { file: fields.file.ok_or_else(|| missing("file"))? },
            PartType::Refusal => Part::Refusal { refusal: fields.refusal.ok_or_else(|| missing("refusal"))? },
        })
    }
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Content::Text(text) => text.serialize(serializer),
            Content::Parts(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of content parts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(parts)).map(Content::Parts)
    }
}
