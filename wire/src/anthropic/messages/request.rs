//! The body of a Messages request. Unknown fields are ignored; `null` means left out.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::tools::{Tool, ToolChoice};
use crate::json::{self, Raw, Text, null_as_default};

/// A Messages request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MessagesRequest<'a> {
    /// Instead of the header, where the path names the model.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub anthropic_version: Option<Text<'a>>,
    /// Instead of the header, likewise.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub anthropic_beta: Vec<Text<'a>>,
    /// Which model; absent where the path names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Text<'a>>,
    /// Most tokens of the answer; the service requires it, a count of tokens has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<Content<'a>>,
    /// The conversation.
    pub messages: Vec<Message<'a>>,
    /// Whether the answer comes as server-sent events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Texts before which the answer ends.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<Text<'a>>,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Among how many tokens the next is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Tools the model may use.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool<'a>>,
    /// Whether it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether it thinks first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Raw<'a>>,
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata<'a>>,
    /// `auto` or `standard_only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<Text<'a>>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    #[serde(borrow)]
    pub content: Content<'a>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The caller.
    User,
    /// The model.
    Assistant,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata<'a> {
    /// The end user.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Text<'a>>,
}

impl<'a> MessagesRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the format's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Appends the request body.
    pub fn write(&self, out: &mut BytesMut) {
        json::write(self, out);
    }

    /// The request body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// Whether the caller asked for a stream.
    pub fn is_streamed(&self) -> bool {
        self.stream == Some(true)
    }

    /// The last message of the user.
    pub fn last_user_message(&self) -> Option<&Message<'a>> {
        self.messages.iter().rfind(|message| message.role == Role::User)
    }
}

impl<'a> Message<'a> {
    /// A message that is one text.
    pub fn of_text(role: Role, text: impl Into<Text<'a>>) -> Self {
        Message { role, content: Content::Text(text.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FULL: &str = concat!(
        r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["b"],"model":"claude-sonnet-4-5","max_tokens":64,"#,
        r#""system":[{"type":"text","text":"be brief","cache_control":{"type":"ephemeral"}}],"#,
        r#""messages":[{"role":"user","content":"look"},"#,
        r#"{"role":"user","content":[{"type":"image","source":{}},{"type":"document","source":{}},{"type":"text","text":"a\nb"}]},"#,
        r#"{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"d"},"#,
        r#"{"type":"tool_use","id":"toolu_1","name":"look","input":{"at": "sky"}}]},"#,
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"blue"}],"is_error":false}]}],"#,
        r#""stream":true,"stop_sequences":["END"],"temperature":0.5,"top_p":0.9,"top_k":40,"#,
        r#""tools":[{"name":"look","description":"d","input_schema":{"type":"object"}}],"#,
        r#""tool_choice":{"type":"tool","name":"look","disable_parallel_tool_use":true},"#,
        r#""thinking":{"type":"enabled","budget_tokens":1024},"metadata":{"user_id":"u"},"service_tier":"auto"}"#,
    );

    #[test]
    fn a_request_with_every_field_is_written_as_it_was_read() {
        let request = MessagesRequest::parse(FULL.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(&request.to_bytes()).unwrap(), FULL);
        assert!(request.is_streamed());
        assert_eq!(request.messages[1].content.texts().collect::<Vec<_>>(), ["a\nb"]);
        assert_eq!(request.last_user_message().unwrap().content.texts().count(), 0);
    }

    #[test]
    fn the_body_for_bedrock_has_a_version_and_no_model() {
        let request = MessagesRequest {
            anthropic_version: Some("bedrock-2023-05-31".into()),
            max_tokens: Some(5),
            messages: vec![Message::of_text(Role::User, "hi")],
            ..MessagesRequest::default()
        };
        let body = r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(request.to_bytes(), body);
    }

    #[test]
    fn null_and_unknown_fields_are_as_if_left_out() {
        let body = br#"{"messages":[],"model":null,"tools":null,"system":null,"metadata":{"user_id":null},"x":[{}]}"#;
        let request = MessagesRequest::parse(body).unwrap();
        let metadata = Some(Metadata::default());
        assert_eq!(request, MessagesRequest { metadata, ..MessagesRequest::default() });
    }

    #[test]
    fn a_wrong_field_is_named() {
        let error = |body: &str| MessagesRequest::parse(body.as_bytes()).unwrap_err().to_string();
        assert!(error("{}").starts_with("missing field `messages`"));
        assert!(
            error(r#"{"messages":[{"role":"system","content":""}]}"#).starts_with("unknown variant `system`")
        );
        assert!(
            error(r#"{"messages":[{"role":"user","content":[{"type":"tool_use","id":"1"}]}]}"#)
                .contains("`name`")
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let messages = vec![Message::of_text(Role::User, text.as_str())];
            let body = MessagesRequest { messages, ..Default::default() }.to_bytes();
            let request = MessagesRequest::parse(&body).unwrap();
            prop_assert_eq!(request.messages[0].content.texts().collect::<String>(), text);
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = MessagesRequest::parse(&bytes);
        }

        #[test]
        fn no_cut_body_passes(cut in 0..FULL.len()) {
            prop_assert!(MessagesRequest::parse(&FULL.as_bytes()[..cut]).is_err());
        }
    }
}
