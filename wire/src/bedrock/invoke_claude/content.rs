//! Messages and their blocks.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json::{Raw, Text};

/// One turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message<'a> {
    /// `user` or `assistant`.
    #[serde(borrow)]
    pub role: Text<'a>,
    /// What is said.
    pub content: Content<'a>,
}

/// A text, or blocks.
#[derive(Clone, Debug, PartialEq)]
pub enum Content<'a> {
    /// Short for one text block.
    Text(Text<'a>),
    /// Blocks.
    Blocks(Vec<Block<'a>>),
}

impl Content<'_> {
    /// Its texts, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, blocks) = match self {
            Self::Text(text) => (Some(text.as_str()), &[][..]),
            Self::Blocks(blocks) => (None, blocks.as_slice()),
        };
        text.into_iter().chain(blocks.iter().filter_map(|block| block.text.as_deref()))
    }
}

/// A block of any kind: `kind` says which members count. Members that no kind here has are skipped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Block<'a> {
    /// `text`, `tool_use`, `tool_result`, `thinking`, `redacted_thinking`, `image`, …
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// Of `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// Of `thinking`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Text<'a>>,
    /// Of `thinking`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Text<'a>>,
    /// Of `redacted_thinking`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Text<'a>>,
    /// Of `tool_use`: `toolu_bdrk_01…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Text<'a>>,
    /// Of `tool_use`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// Of `tool_use`: a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Raw<'a>>,
    /// Of `tool_result`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_use_id: Option<Text<'a>>,
    /// Of `tool_result`: a text or blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Raw<'a>>,
    /// Of `tool_result`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// Of `image` and `document`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Raw<'a>>,
    /// Of any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<Raw<'a>>,
}

impl<'a> Block<'a> {
    /// A text.
    pub fn text(text: impl Into<Text<'a>>) -> Self {
        Self { kind: "text".into(), text: Some(text.into()), ..Self::default() }
    }

    /// A tool call.
    pub fn tool_use(id: impl Into<Text<'a>>, name: impl Into<Text<'a>>, input: Raw<'a>) -> Self {
        Self {
            kind: "tool_use".into(),
            id: Some(id.into()),
            name: Some(name.into()),
            input: Some(input),
            ..Self::default()
        }
    }
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Blocks(blocks) => blocks.serialize(serializer),
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

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string or a list of content blocks")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Content::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, blocks: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(blocks)).map(Content::Blocks)
    }
}
