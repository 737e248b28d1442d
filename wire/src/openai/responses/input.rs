//! What a response is to answer: a text, or items of a conversation.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::json::{Raw, Text};

/// The input of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// The short form: one message of the user.
    Text(Text<'a>),
    /// The long form.
    Items(Vec<InputItem<'a>>),
}

/// One item: a message, a call, a call's result, a thought, or a reference to one of them.
///
/// Kinds that nobody here interprets are read as far as their fields have these names.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct InputItem<'a> {
    /// `message` when left out; `function_call`, `function_call_output`, `reasoning`, `item_reference`, …
    #[serde(borrow, default)]
    pub r#type: Option<Text<'a>>,
    /// Of a message: who speaks.
    #[serde(default)]
    pub role: Option<Text<'a>>,
    /// Of a message: what is said.
    #[serde(default)]
    pub content: Option<InputContent<'a>>,
    /// Of a call or its result: which call.
    #[serde(default)]
    pub call_id: Option<Text<'a>>,
    /// Of a call: which function.
    #[serde(default)]
    pub name: Option<Text<'a>>,
    /// Of a call: its arguments in JSON.
    #[serde(default)]
    pub arguments: Option<Text<'a>>,
    /// Of a result: a text, or parts.
    #[serde(default)]
    pub output: Option<Raw<'a>>,
    /// The item's own name, in a conversation that is carried on.
    #[serde(default)]
    pub id: Option<Text<'a>>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum InputContent<'a> {
    /// The short form.
    Text(Text<'a>),
    /// The long form.
    Parts(Vec<InputPart<'a>>),
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct InputPart<'a> {
    /// `input_text`, `input_image`, `input_file`, `output_text`, `refusal`, …
    #[serde(borrow)]
    pub r#type: Text<'a>,
    /// Of a text.
    #[serde(default)]
    pub text: Option<Text<'a>>,
    /// Of a picture: `auto`, `low` or `high`.
    #[serde(default)]
    pub detail: Option<Text<'a>>,
}

impl<'a> Input<'a> {
    /// The items; none when the input is a text.
    pub fn items(&self) -> &[InputItem<'a>] {
        match self {
            Input::Text(_) => &[],
            Input::Items(items) => items,
        }
    }

    /// Whether the last item is a tool's result.
    pub fn answers_tool(&self) -> bool {
        self.items().last().is_some_and(InputItem::is_result)
    }
}

impl<'a> InputItem<'a> {
    /// Its kind.
    pub fn kind(&self) -> &str {
        self.r#type.as_deref().unwrap_or("message")
    }

    /// Whether it is a tool's result.
    pub fn is_result(&self) -> bool {
        self.kind().ends_with("_call_output")
    }

    /// Every text of a message, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().flat_map(InputContent::texts)
    }

    /// The parts of a message in its long form.
    pub fn parts(&self) -> &[InputPart<'a>] {
        match &self.content {
            Some(InputContent::Parts(parts)) => parts,
            _ => &[],
        }
    }
}

impl<'a> InputContent<'a> {
    /// Every text, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, parts): (Option<&Text<'a>>, &[InputPart<'a>]) = match self {
            InputContent::Text(text) => (Some(text), &[]),
            InputContent::Parts(parts) => (None, parts),
        };
        let parts = parts.iter().filter_map(|part| part.text.as_deref());
        text.map(Text::as_str).into_iter().chain(parts)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Input<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrList::new("a string or a list of items")).map(|read| match read {
            Read::Text(text) => Input::Text(text),
            Read::List(items) => Input::Items(items),
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for InputContent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrList::new("a string or a list of parts")).map(|read| match read {
            Read::Text(text) => InputContent::Text(text),
            Read::List(parts) => InputContent::Parts(parts),
        })
    }
}

enum Read<'a, T> {
    Text(Text<'a>),
    List(Vec<T>),
}

struct TextOrList<T> {
    expected: &'static str,
    element: PhantomData<T>,
}

impl<T> TextOrList<T> {
    fn new(expected: &'static str) -> Self {
        Self { expected, element: PhantomData }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for TextOrList<T> {
    type Value = Read<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Read::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Read::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Read::List)
    }
}
