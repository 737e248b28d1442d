//! The body of a call.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::content::{Content, Message};
use crate::json::{self, Raw, Text};

/// The version that most clients name. Newer ones name others, which are accepted too.
pub const ANTHROPIC_VERSION: &str = "bedrock-2023-05-31";

/// A conversation to continue. Members that no part interprets pass through as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// See [`ANTHROPIC_VERSION`].
    #[serde(borrow)]
    pub anthropic_version: Text<'a>,
    /// At least 1. Signed, as a wrong value has its own error.
    pub max_tokens: i64,
    /// The turns so far.
    pub messages: Vec<Message<'a>>,
    /// System instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<Content<'a>>,
    /// 0–1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// 0–1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Sampling among the best so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<Text<'a>>,
    /// `name`, `description` and `input_schema` each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Raw<'a>>,
    /// `{"type":"auto"|"any"|"tool"|"none",…}`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<Raw<'a>>,
    /// `{"type":"enabled","budget_tokens":…}`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Raw<'a>>,
    /// Names of betas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anthropic_beta: Option<Raw<'a>>,
    /// `{"user_id":…}`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Raw<'a>>,
}

impl<'a> Request<'a> {
    /// A conversation and nothing else.
    pub fn new(max_tokens: u32, messages: Vec<Message<'a>>) -> Self {
        Self {
            anthropic_version: ANTHROPIC_VERSION.into(),
            max_tokens: max_tokens.into(),
            messages,
            system: None,
            temperature: None,
            top_p: None,
            top_k: None,
            stop_sequences: Vec::new(),
            tools: None,
            tool_choice: None,
            thinking: None,
            anthropic_beta: None,
            metadata: None,
        }
    }

    /// Reads a body, borrowing its texts.
    ///
    /// # Errors
    /// The text of the `ValidationException` with which it is refused: `max_tokens: Field required` for a missing
    /// member, the reader's own words for another shape.
    pub fn parse(body: &'a [u8]) -> Result<Self, String> {
        let request: Self = json::read_object(body).map_err(|error| complaint(&error))?;
        if request.max_tokens < 1 {
            return Err("max_tokens: Input should be greater than or equal to 1".to_owned());
        }
        if request.messages.is_empty() {
            return Err("messages: at least one message is required".to_owned());
        }
        Ok(request)
    }

    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

fn complaint(error: &json::Error) -> String {
    let text = error.to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match missing {
        Some(field) => format!("{field}: Field required"),
        None => crate::bedrock::error::text::malformed_input(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_back() {
        let content = Content::Text("Hi".into());
        let request = Request::new(10, vec![Message { role: "user".into(), content }]);
        let body = request.to_bytes();
        assert_eq!(
            body,
            r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":10,"messages":[{"role":"user","content":"Hi"}]}"#
        );
        assert_eq!(Request::parse(&body).unwrap(), request);
    }

    #[test]
    fn content_is_a_text_or_blocks() {
        let body = br#"{"anthropic_version":"2026-10-21","max_tokens":1,"system":"be \"brief\"","messages":[
            {"role":"user","content":[{"type":"text","text":"a"},{"type":"image","source":{}},{"type":"text","text":"b"}]}]}"#;
        let request = Request::parse(body).unwrap();
        assert_eq!(request.messages[0].content.texts().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(request.system.unwrap().texts().collect::<Vec<_>>(), ["be \"brief\""]);
    }

    #[test]
    fn what_is_wrong_is_said_as_the_model_says_it() {
        let parse = |body: &str| Request::parse(body.as_bytes()).unwrap_err();
        let version = r#""anthropic_version":"bedrock-2023-05-31""#;
        assert_eq!(parse(&format!(r#"{{{version},"messages":[]}}"#)), "max_tokens: Field required");
        assert_eq!(parse(r#"{"max_tokens":1,"messages":[]}"#), "anthropic_version: Field required");
        assert!(
            parse(&format!(r#"{{{version},"max_tokens":0,"messages":[]}}"#)).starts_with("max_tokens: Input")
        );
        assert!(
            parse(&format!(r#"{{{version},"max_tokens":1,"messages":[]}}"#))
                .starts_with("messages: at least")
        );
        assert!(parse("[]").starts_with("Malformed input request: "));
    }
}
