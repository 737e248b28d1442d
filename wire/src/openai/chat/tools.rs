//! Functions a model may call, and its calls of them.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json::{Raw, Text, literal};

literal! {
    /// `"function"`, the only type of tool there is here.
    FunctionType = "function"
}

/// A function that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool<'a> {
    /// Always `function`.
    pub r#type: FunctionType,
    /// The function.
    #[serde(borrow)]
    pub function: Function<'a>,
}

/// What a model needs to know of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// A JSON schema of its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Raw<'a>>,
    /// Whether arguments must follow the schema to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// Whether the model calls functions, and which.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolChoice<'a> {
    /// `none`: it does not.
    None,
    /// `auto`: as it sees fit.
    Auto,
    /// `required`: at least one.
    Required,
    /// Exactly this one.
    Function(Text<'a>),
}

/// One call of a function by the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall<'a> {
    /// `call_…`; the answer names it again.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Always `function`.
    #[serde(default)]
    pub r#type: FunctionType,
    /// What is called.
    pub function: FunctionCall<'a>,
}

/// A function's name and its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionCall<'a> {
    /// Which function.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// A JSON object, as text.
    pub arguments: Text<'a>,
}

#[derive(Serialize, Deserialize)]
struct NamedFunction<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize)]
struct NamedChoice<'a> {
    #[serde(borrow)]
    function: NamedFunction<'a>,
}

impl Serialize for ToolChoice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Function(name) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", "function")?;
                map.serialize_entry("function", &NamedFunction { name: name.borrowed() })?;
                map.end()
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ToolChoice<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ToolChoiceVisitor)
    }
}

struct ToolChoiceVisitor;

impl<'de> Visitor<'de> for ToolChoiceVisitor {
    type Value = ToolChoice<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("none, auto, required or a named function")
    }

    fn visit_str<E: Error>(self, choice: &str) -> Result<Self::Value, E> {
        match choice {
            "none" => Ok(ToolChoice::None),
            "auto" => Ok(ToolChoice::Auto),
            "required" => Ok(ToolChoice::Required),
            other => Err(E::unknown_variant(other, &["none", "auto", "required"])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let named = NamedChoice::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ToolChoice::Function(named.function.name))
    }
}
