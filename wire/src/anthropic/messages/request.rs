//! The body of a Messages request. `null` means left out; a field that the service does not know is refused, one
//! that only this crate does not know passes unread.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::complaint::Complaint;
use super::content::Content;
use super::thinking::Thinking;
use super::tools::{Tool, ToolChoice};
use crate::json::{self, Raw, Text, null_as_default};

/// A Messages request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    pub max_tokens: Option<i64>,
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
    pub top_k: Option<i64>,
    /// Tools the model may use.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool<'a>>,
    /// Whether it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether it thinks first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Thinking<'a>>,
    /// The form of the answer, and how much to make of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_config: Option<OutputConfig<'a>>,
    /// The form of the answer, where it stood before there was `output_config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_format: Option<OutputFormat<'a>>,
    /// Marks the last block of the request that can be cached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<CacheControl<'a>>,
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata<'a>>,
    /// `auto` or `standard_only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<Text<'a>>,
    /// `standard` or `fast`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<Text<'a>>,
    /// What the service knows and this crate does not interpret.
    #[serde(default, skip_serializing)]
    pub billing_policy: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub compaction: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub container: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub context_management: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub diagnostics: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub fallback_credit_token: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub fallbacks: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub inference_geo: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub mcp_servers: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub thread: Option<Raw<'a>>,
    /// Likewise.
    #[serde(default, skip_serializing)]
    pub user_profile_id: Option<Raw<'a>>,
}

/// The form of an answer, and how much to make of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputConfig<'a> {
    /// `low`, `medium`, `high`, `xhigh` or `max`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Text<'a>>,
    /// The form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<OutputFormat<'a>>,
}

/// JSON of a schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputFormat<'a> {
    /// `json_schema`.
    #[serde(borrow)]
    pub r#type: Text<'a>,
    /// The schema.
    pub schema: Raw<'a>,
}

/// The end of what the cache may keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheControl<'a> {
    /// `ephemeral`.
    #[serde(borrow)]
    pub r#type: Text<'a>,
    /// For how long: `5m`, which is meant when left out, or `1h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Text<'a>>,
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

    /// Reads a request body as the service does.
    ///
    /// # Errors
    /// What the service says of a body that it cannot read.
    pub fn read(body: &'a [u8]) -> Result<Self, Complaint> {
        Self::parse(body).map_err(|error| Complaint::of_body(body, &error))
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
        r#""thinking":{"type":"enabled","budget_tokens":1024},"#,
        r#""output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}},"cache_control":{"type":"ephemeral"},"#,
        r#""metadata":{"user_id":"u"},"service_tier":"auto","speed":"standard"}"#,
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
    fn null_is_as_if_left_out() {
        let body =
            br#"{"messages":[],"model":null,"tools":null,"system":null,"metadata":{"user_id":null},"thread":null}"#;
        let request = MessagesRequest::parse(body).unwrap();
        let metadata = Some(Metadata::default());
        assert_eq!(request, MessagesRequest { metadata, ..MessagesRequest::default() });
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
