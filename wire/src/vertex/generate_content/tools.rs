//! Functions a model may call, its calls and their answers.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

use crate::json::{Raw, Text, is_false};
use crate::vertex::proto_json::{message, messages, object, texts};

/// A set of functions; other kinds of tools are not read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool<'a> {
    /// The functions.
    #[serde(borrow, default, alias = "function_declarations", deserialize_with = "messages")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub function_declarations: Vec<FunctionDeclaration<'a>>,
}

/// What a model needs to know of a function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionDeclaration<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// Its arguments as Google's schema.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Raw<'a>>,
    /// Its arguments as a JSON schema.
    #[serde(default, alias = "parameters_json_schema", skip_serializing_if = "Option::is_none")]
    pub parameters_json_schema: Option<Raw<'a>>,
}

/// Whether the model calls functions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolConfig<'a> {
    /// Whether, and which.
    #[serde(borrow, default, alias = "function_calling_config", deserialize_with = "message")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_calling_config: Option<FunctionCallingConfig<'a>>,
}

/// Whether the model calls functions, and which.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionCallingConfig<'a> {
    /// Whether.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<FunctionCallingMode>,
    /// Which; all when empty.
    #[serde(borrow, default, alias = "allowed_function_names", deserialize_with = "texts")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_function_names: Vec<Text<'a>>,
    /// Whether a stream brings the arguments of a call piece by piece.
    #[serde(default, alias = "stream_function_call_arguments", skip_serializing_if = "Option::is_none")]
    pub stream_function_call_arguments: Option<bool>,
}

/// Whether the model calls functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FunctionCallingMode {
    /// As it sees fit.
    Auto,
    /// At least one.
    Any,
    /// It does not.
    None,
    /// As it sees fit, arguments checked.
    Validated,
}

/// The model calls a function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionCall<'a> {
    /// `v1beta1` may number calls.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Text<'a>>,
    /// Which function.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub name: Text<'a>,
    /// A JSON object.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub args: Option<Raw<'a>>,
    /// The arguments piece by piece, where the caller asked for them so.
    #[serde(default, alias = "partial_args", deserialize_with = "messages")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partial_args: Vec<PartialArg<'a>>,
    /// Whether more pieces of this call follow.
    #[serde(default, alias = "will_continue", skip_serializing_if = "is_false")]
    pub will_continue: bool,
}

/// A piece of one argument.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartialArg<'a> {
    /// Which, as in `$.city`.
    #[serde(borrow, default, alias = "json_path")]
    pub json_path: Text<'a>,
    /// The next characters of a text.
    #[serde(default, alias = "string_value", skip_serializing_if = "Option::is_none")]
    pub string_value: Option<Text<'a>>,
    /// A number, whole.
    #[serde(default, alias = "number_value", skip_serializing_if = "Option::is_none")]
    pub number_value: Option<Number>,
    /// A truth value.
    #[serde(default, alias = "bool_value", skip_serializing_if = "Option::is_none")]
    pub bool_value: Option<bool>,
    /// `NULL_VALUE` for null.
    #[serde(default, alias = "null_value", skip_serializing_if = "Option::is_none")]
    pub null_value: Option<Text<'a>>,
    /// Whether more characters of this text follow.
    #[serde(default, alias = "will_continue", skip_serializing_if = "is_false")]
    pub will_continue: bool,
}

/// What a function answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionResponse<'a> {
    /// Which call.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Text<'a>>,
    /// Which function.
    #[serde(default)]
    pub name: Text<'a>,
    /// A JSON object.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub response: Option<Raw<'a>>,
}

impl FunctionCallingMode {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "AUTO" => Self::Auto,
            "ANY" => Self::Any,
            "NONE" => Self::None,
            "VALIDATED" => Self::Validated,
            _ => return None,
        })
    }

    fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Auto,
            2 => Self::Any,
            3 => Self::None,
            5 => Self::Validated,
            _ => return None,
        })
    }
}

// The generated clients send enums as numbers.
impl<'de> Deserialize<'de> for FunctionCallingMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ModeVisitor)
    }
}

struct ModeVisitor;

impl Visitor<'_> for ModeVisitor {
    type Value = FunctionCallingMode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AUTO, ANY, NONE, VALIDATED or its number")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        FunctionCallingMode::from_name(name)
            .ok_or_else(|| E::unknown_variant(name, &["AUTO", "ANY", "NONE", "VALIDATED"]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        FunctionCallingMode::from_number(number)
            .ok_or_else(|| E::custom(format_args!("unknown mode {number}")))
    }
}
