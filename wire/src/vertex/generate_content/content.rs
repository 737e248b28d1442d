//! What is said: contents of parts. Keys are taken in camelCase and in snake_case.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::tools::{FunctionCall, FunctionResponse};
use crate::json::{Raw, Text};
use crate::vertex::proto_json::{message, messages, object};

/// One turn of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Content<'a> {
    /// `user` or `model`; instructions may have none.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Text<'a>>,
    /// What is said.
    #[serde(default, deserialize_with = "messages", skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part<'a>>,
}

/// One part of a turn.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(try_from = "PartFields<'a>", bound(deserialize = "'de: 'a"))]
pub struct Part<'a> {
    /// What it is.
    pub data: PartData<'a>,
    /// Whether the model only thought it.
    pub thought: bool,
    /// The thought's signature in base64, to be sent back.
    pub thought_signature: Option<Text<'a>>,
}

/// What a part is: one of these at most.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum PartData<'a> {
    /// Nothing; such a part may carry a signature.
    #[default]
    Empty,
    /// A text.
    Text(Text<'a>),
    /// A file in place.
    InlineData(Blob<'a>),
    /// A file by address.
    FileData(FileData<'a>),
    /// The model calls a function.
    FunctionCall(FunctionCall<'a>),
    /// What the function answered.
    FunctionResponse(FunctionResponse<'a>),
    /// Code the model wrote to run it.
    ExecutableCode(Raw<'a>),
    /// What came of it.
    CodeExecutionResult(Raw<'a>),
}

/// A file in place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blob<'a> {
    /// Such as `image/png`.
    #[serde(borrow, alias = "mime_type")]
    pub mime_type: Text<'a>,
    /// Base64, either alphabet.
    pub data: Text<'a>,
}

/// A file by address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileData<'a> {
    /// Such as `image/png`.
    #[serde(borrow, default, alias = "mime_type")]
    pub mime_type: Text<'a>,
    /// `gs:` or `https:`.
    #[serde(alias = "file_uri")]
    pub file_uri: Text<'a>,
}

impl<'a> Content<'a> {
    /// A turn that is one text.
    pub fn of_text(role: &'a str, text: impl Into<Text<'a>>) -> Self {
        Content { role: Some(role.into()), parts: vec![Part::of_text(text)] }
    }

    /// Every text of the turn that is not a thought, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(|part| !part.thought).filter_map(Part::text)
    }

    /// Whether the model speaks.
    pub fn is_model(&self) -> bool {
        self.role.as_deref() == Some("model")
    }
}

impl<'a> Part<'a> {
    /// A part that is a text.
    pub fn of_text(text: impl Into<Text<'a>>) -> Self {
        PartData::Text(text.into()).into()
    }

    /// A part that is a thought.
    pub fn of_thought(text: impl Into<Text<'a>>) -> Self {
        Part { thought: true, ..Part::of_text(text) }
    }

    /// The text, thought or not.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            PartData::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> From<PartData<'a>> for Part<'a> {
    fn from(data: PartData<'a>) -> Self {
        Part { data, thought: false, thought_signature: None }
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut part = serializer.serialize_struct("Part", 3)?;
        match &self.data {
            PartData::Empty => {}
            PartData::Text(text) => part.serialize_field("text", text)?,
            PartData::InlineData(blob) => part.serialize_field("inlineData", blob)?,
            PartData::FileData(file) => part.serialize_field("fileData", file)?,
            PartData::FunctionCall(call) => part.serialize_field("functionCall", call)?,
            PartData::FunctionResponse(response) => part.serialize_field("functionResponse", response)?,
            PartData::ExecutableCode(code) => part.serialize_field("executableCode", code)?,
            PartData::CodeExecutionResult(result) => part.serialize_field("codeExecutionResult", result)?,
        }
        if self.thought {
            part.serialize_field("thought", &true)?;
        }
        if let Some(signature) = &self.thought_signature {
            part.serialize_field("thoughtSignature", signature)?;
        }
        part.end()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartFields<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(default, alias = "inline_data", deserialize_with = "message")]
    inline_data: Option<Blob<'a>>,
    #[serde(default, alias = "file_data", deserialize_with = "message")]
    file_data: Option<FileData<'a>>,
    #[serde(default, alias = "function_call", deserialize_with = "message")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(default, alias = "function_response", deserialize_with = "message")]
    function_response: Option<FunctionResponse<'a>>,
    #[serde(default, alias = "executable_code", deserialize_with = "object")]
    executable_code: Option<Raw<'a>>,
    #[serde(default, alias = "code_execution_result", deserialize_with = "object")]
    code_execution_result: Option<Raw<'a>>,
    #[serde(default)]
    thought: Option<bool>,
    #[serde(default, alias = "thought_signature")]
    thought_signature: Option<Text<'a>>,
}

impl<'a> TryFrom<PartFields<'a>> for Part<'a> {
    type Error = String;

    fn try_from(fields: PartFields<'a>) -> Result<Self, Self::Error> {
        let mut alternatives = [
            ("text", fields.text.map(PartData::Text)),
            ("inlineData", fields.inline_data.map(PartData::InlineData)),
            ("fileData", fields.file_data.map(PartData::FileData)),
            ("functionCall", fields.function_call.map(PartData::FunctionCall)),
            ("functionResponse", fields.function_response.map(PartData::FunctionResponse)),
            ("executableCode", fields.executable_code.map(PartData::ExecutableCode)),
            ("codeExecutionResult", fields.code_execution_result.map(PartData::CodeExecutionResult)),
        ]
        .into_iter()
        .filter_map(|(name, data)| Some((name, data?)));
        let (_, data) = alternatives.next().unwrap_or_default();
        match alternatives.next() {
            None => Ok(Part {
                data,
                thought: fields.thought.unwrap_or_default(),
                thought_signature: fields.thought_signature,
            }),
            Some((name, _)) => Err(format!("oneof field 'data' is already set. Cannot set '{name}'")),
        }
    }
}
