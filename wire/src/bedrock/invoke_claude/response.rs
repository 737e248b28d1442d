//! The answer, its members in the recorded order.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::content::Block;
use crate::json::{self, Text, literal};

literal! {
    /// `message`
    MessageType = "message"
}
literal! {
    /// `assistant`
    AssistantRole = "assistant"
}

/// A whole answer, or the start of one in a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response<'a> {
    /// `msg_bdrk_01…`
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Fixed.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Fixed.
    pub role: AssistantRole,
    /// The vendor's name of the model: [`crate::bedrock::model::claude_name`].
    pub model: Text<'a>,
    /// The answer; none at the start of a stream.
    pub content: Vec<Block<'a>>,
    /// `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `pause_turn`, `refusal`,
    /// `model_context_window_exceeded`; none at the start of a stream.
    pub stop_reason: Option<Text<'a>>,
    /// The text that ended it, if one did.
    pub stop_sequence: Option<Text<'a>>,
    /// Tokens.
    pub usage: Usage,
}

impl<'a> Response<'a> {
    /// An answer that goes on to its end.
    pub fn new(
        id: impl Into<Text<'a>>,
        model: impl Into<Text<'a>>,
        content: Vec<Block<'a>>,
        stop_reason: &'a str,
        usage: Usage,
    ) -> Self {
        Self { content, stop_reason: Some(stop_reason.into()), ..Self::started(id, model, usage) }
    }

    /// The start of a stream.
    pub fn started(id: impl Into<Text<'a>>, model: impl Into<Text<'a>>, usage: Usage) -> Self {
        Self {
            id: id.into(),
            kind: MessageType,
            role: AssistantRole,
            model: model.into(),
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage,
        }
    }

    /// Reads a body, borrowing its texts.
    ///
    /// # Errors
    /// When it is no JSON or of another shape.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

/// Tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of the prompt.
    pub input_tokens: u64,
    /// Written to the prompt cache; only some models report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u64>,
    /// Read from the prompt cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u64>,
    /// Of the answer.
    pub output_tokens: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Raw;

    #[test]
    fn an_answer_has_its_members_in_the_recorded_order() {
        let usage = Usage { input_tokens: 13, output_tokens: 8, ..Usage::default() };
        let content = vec![Block::text("…")];
        let response = Response::new("msg_bdrk_01", "claude-3-5-haiku-20241022", content, "end_turn", usage);
        let body = response.to_bytes();
        assert_eq!(
            body,
            r#"{"id":"msg_bdrk_01","type":"message","role":"assistant","model":"claude-3-5-haiku-20241022","content":[{"type":"text","text":"…"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":13,"output_tokens":8}}"#
        );
        assert_eq!(Response::parse(&body).unwrap(), response);
    }

    #[test]
    fn a_tool_call_has_its_members_in_the_recorded_order() {
        let block = Block::tool_use("toolu_bdrk_01", "weather", Raw::empty_object());
        assert_eq!(
            serde_json::to_string(&block).unwrap(),
            r#"{"type":"tool_use","id":"toolu_bdrk_01","name":"weather","input":{}}"#
        );
    }
}
