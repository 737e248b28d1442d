//! Messages and their content blocks. Members are declared in alphabetical order, in which the service writes them.

use serde::{Deserialize, Serialize};

use crate::json::{Raw, Text};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The caller.
    User,
    /// The model.
    Assistant,
    /// Instructions amid the conversation.
    System,
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message<'a> {
    /// What is said.
    #[serde(borrow)]
    pub content: Vec<ContentBlock<'a>>,
    /// Who says it.
    pub role: Role,
}

impl<'a> Message<'a> {
    /// A turn of one text.
    pub fn text(role: Role, text: impl Into<Text<'a>>) -> Self {
        Self { content: vec![ContentBlock::Text(text.into())], role }
    }

    /// Its texts, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().filter_map(ContentBlock::as_text)
    }
}

/// A block of content: an object of exactly one member. Blocks that no part interprets pass through as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ContentBlock<'a> {
    /// Text.
    Text(#[serde(borrow)] Text<'a>),
    /// The model calls a tool.
    ToolUse(ToolUse<'a>),
    /// The caller answers a tool call.
    ToolResult(ToolResult<'a>),
    /// The model's thinking.
    ReasoningContent(ReasoningContent<'a>),
    /// `{"format":…,"source":…}`
    Image(Raw<'a>),
    /// `{"format":…,"name":…,"source":…}`
    Document(Raw<'a>),
    /// `{"format":…,"source":…}`
    Video(Raw<'a>),
    /// `{"format":…,"source":…}`
    Audio(Raw<'a>),
    /// Content for the guardrail alone.
    GuardContent(Raw<'a>),
    /// The prompt up to here is to be cached.
    CachePoint(Raw<'a>),
    /// An answer with its sources.
    CitationsContent(Raw<'a>),
    /// A search result the answer may cite.
    SearchResult(Raw<'a>),
    /// Tools that come into play here.
    ToolAddition(Raw<'a>),
    /// Tools that go out of play here.
    ToolRemoval(Raw<'a>),
}

impl ContentBlock<'_> {
    /// The text of a text block.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A tool call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolUse<'a> {
    /// The arguments, a JSON object.
    #[serde(borrow)]
    pub input: Raw<'a>,
    /// The tool, `[a-zA-Z0-9_-]{1,64}`.
    pub name: Text<'a>,
    /// `tooluse_` and 22 characters.
    pub tool_use_id: Text<'a>,
}

/// The answer to a tool call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolResult<'a> {
    /// What the tool returned.
    #[serde(borrow)]
    pub content: Vec<ToolResultBlock<'a>>,
    /// Whether it worked; none is success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ToolResultStatus>,
    /// The call that it answers.
    pub tool_use_id: Text<'a>,
}

/// Part of a tool's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolResultBlock<'a> {
    /// Any JSON.
    Json(#[serde(borrow)] Raw<'a>),
    /// Text.
    Text(Text<'a>),
    /// As [`ContentBlock::Image`].
    Image(Raw<'a>),
    /// As [`ContentBlock::Document`].
    Document(Raw<'a>),
    /// As [`ContentBlock::Video`].
    Video(Raw<'a>),
    /// As [`ContentBlock::SearchResult`].
    SearchResult(Raw<'a>),
}

/// Whether a tool worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolResultStatus {
    /// It did.
    Success,
    /// It did not.
    Error,
}

/// The model's thinking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReasoningContent<'a> {
    /// In the open.
    ReasoningText(#[serde(borrow)] ReasoningText<'a>),
    /// Encrypted, base64.
    RedactedContent(Text<'a>),
}

/// Thinking in the open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReasoningText<'a> {
    /// Proves that the text is the model's.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Text<'a>>,
    /// The thoughts.
    pub text: Text<'a>,
}

/// A block of system instructions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SystemBlock<'a> {
    /// Text.
    Text(#[serde(borrow)] Text<'a>),
    /// As [`ContentBlock::GuardContent`].
    GuardContent(Raw<'a>),
    /// As [`ContentBlock::CachePoint`].
    CachePoint(Raw<'a>),
}
