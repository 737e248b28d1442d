//! One message of a conversation, as a client sends it.

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::tools::ToolCall;
use crate::json::{Text, null_as_default};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions, as newer models name them.
    Developer,
    /// The caller.
    User,
    /// The model.
    Assistant,
    /// A tool's answer.
    Tool,
    /// A tool's answer, as it was named before tools.
    Function,
}

impl Role {
    /// Whether the message instructs the model rather than being part of the conversation.
    pub fn is_instruction(self) -> bool {
        matches!(self, Role::System | Role::Developer)
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said; an assistant that only calls tools says nothing.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content<'a>>,
    /// Tells speakers of one role apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// The assistant's calls.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall<'a>>,
    /// Which call a tool's message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<Text<'a>>,
}

impl<'a> Message<'a> {
    /// A message that is one text.
    pub fn of_text(role: Role, text: impl Into<Text<'a>>) -> Self {
        Message {
            role,
            content: Some(Content::Text(text.into())),
            name: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
        }
    }

    /// Every text of the message, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().flat_map(Content::texts)
    }
}
