//! The body of a chat completion request. Unknown fields are ignored; `null` means left out.

use std::fmt;

use bytes::{Bytes, BytesMut};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::message::{Message, Role};
use super::tools::{Tool, ToolChoice};
use crate::json::{self, Raw, Text, null_as_default};

/// A chat completion request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest<'a> {
    /// Which model; for a gateway, an alias.
    #[serde(borrow)]
    pub model: Text<'a>,
    /// The conversation.
    pub messages: Vec<Message<'a>>,
    /// Whether the answer comes as server-sent events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// How it streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// Most tokens of the answer, the old name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Most tokens of the answer, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u32>,
    /// 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How many answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Where the answer ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop<'a>>,
    /// For answers that repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// -2 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// -2 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Whether log probabilities are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// How many of them a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u32>,
    /// Functions the model may call.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool<'a>>,
    /// Whether it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether several at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// Text, JSON, or JSON of a schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat<'a>>,
    /// The end user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Text<'a>>,
    /// `auto`, `default`, `flex`, `priority`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<Text<'a>>,
    /// `minimal`, `low`, `medium`, `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<Text<'a>>,
    /// The caller's own labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Raw<'a>>,
    /// Whether the answer is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
}

/// What a stream carries besides the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOptions {
    /// A last chunk with the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_usage: Option<bool>,
    /// Random padding in every chunk, so that its length tells nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_obfuscation: Option<bool>,
}

/// Texts before which the answer ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop<'a> {
    /// The short form.
    One(Text<'a>),
    /// At most four.
    Many(Vec<Text<'a>>),
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseFormat<'a> {
    /// `text`, `json_object` or `json_schema`.
    #[serde(borrow)]
    pub r#type: Text<'a>,
    /// `{name, schema, strict}` with `json_schema`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<Raw<'a>>,
}

impl<'a> ChatRequest<'a> {
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

    /// Whether the caller asked for the usage at the end of the stream.
    pub fn wants_stream_usage(&self) -> bool {
        self.stream_options.is_some_and(|options| options.include_usage == Some(true))
    }

    /// Most tokens of the answer, by the newer name when both are there.
    pub fn output_token_limit(&self) -> Option<u32> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    /// The last message of the user.
    pub fn last_user_message(&self) -> Option<&Message<'a>> {
        self.messages.iter().rfind(|message| message.role == Role::User)
    }
}

impl<'a> Stop<'a> {
    /// The texts.
    pub fn sequences(&self) -> &[Text<'a>] {
        match self {
            Stop::One(text) => std::slice::from_ref(text),
            Stop::Many(texts) => texts,
        }
    }
}

impl Serialize for Stop<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Stop::One(text) => text.serialize(serializer),
            Stop::Many(texts) => texts.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Stop<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StopVisitor)
    }
}

struct StopVisitor;

impl<'de> Visitor<'de> for StopVisitor {
    type Value = Stop<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Stop::One(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Stop::One(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(texts)).map(Stop::Many)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Content, Part};
    use super::*;

    fn round_trip(body: &str) {
        let request = ChatRequest::parse(body.as_bytes()).unwrap();
        assert_eq!(std::str::from_utf8(&request.to_bytes()).unwrap(), body);
    }

    #[test]
    fn a_request_with_every_field_is_written_as_it_was_read() {
        round_trip(concat!(
            r#"{"model":"gpt-4o-mini","messages":["#,
            r#"{"role":"system","content":"be brief"},"#,
            r#"{"role":"user","content":[{"type":"text","text":"what is this?"},"#,
            r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},"#,
            r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},"#,
            r#"{"type":"file","file":{"file_id":"f-1"}}],"name":"ann"},"#,
            r#"{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","#,
            r#""function":{"name":"look","arguments":"{\"at\":\"sky\"}"}}]},"#,
            r#"{"role":"tool","content":"blue","tool_call_id":"call_1"}],"#,
            r#""stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"#,
            r#""max_tokens":5,"max_completion_tokens":7,"temperature":0.5,"top_p":1.0,"n":2,"#,
            r#""stop":["a","b"],"seed":-3,"presence_penalty":0.1,"frequency_penalty":0.2,"#,
            r#""logprobs":true,"top_logprobs":3,"#,
            r#""tools":[{"type":"function","function":{"name":"look","description":"looks","#,
            r#""parameters":{"type": "object"},"strict":true}}],"#,
            r#""tool_choice":{"type":"function","function":{"name":"look"}},"parallel_tool_calls":false,"#,
            r#""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}},"#,
            r#""user":"u","service_tier":"flex","reasoning_effort":"low","metadata":{"k":"v"},"store":true}"#,
        ));
    }

    #[test]
    fn null_and_unknown_fields_are_as_if_left_out() {
        let bare = ChatRequest::parse(br#"{"model":"m","messages":[]}"#).unwrap();
        let noisy = ChatRequest::parse(
            br#"{"model":"m","messages":[],"stream":null,"tools":null,"stop":null,"temperature":null,
                "tool_choice":null,"metadata":null,"prediction":{"type":"content"}}"#,
        );
        assert_eq!(noisy.unwrap(), bare);
    }

    #[test]
    fn the_short_forms_of_stop_content_and_tool_choice_are_kept() {
        round_trip(
            r#"{"model":"m","messages":[{"role":"user","content":"x\ny"}],"stop":"END","tool_choice":"required"}"#,
        );
    }

    #[test]
    fn the_newer_limit_wins_and_the_last_user_message_is_found() {
        let body = br#"{"model":"m","max_tokens":5,"max_completion_tokens":7,"messages":[
            {"role":"user","content":"first"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
            {"role":"assistant","content":"ok"}]}"#;
        let request = ChatRequest::parse(body).unwrap();
        assert_eq!(request.output_token_limit(), Some(7));
        let last = request.last_user_message().unwrap();
        assert_eq!(last.texts().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(last.content.as_ref().unwrap().joined(), "a\nb");
        assert!(!request.is_streamed() && !request.wants_stream_usage());
    }

    #[test]
    fn plain_texts_are_borrowed_from_the_body() {
        let body =
            br#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"plain"}]}]}"#;
        let request = ChatRequest::parse(body).unwrap();
        let Some(Content::Parts(parts)) = &request.messages[0].content else { panic!("not parts") };
        assert!(matches!(&parts[0], Part::Text { text: Text(std::borrow::Cow::Borrowed("plain")) }));
    }

    #[test]
    fn a_wrong_field_is_named() {
        let error = |body: &str| ChatRequest::parse(body.as_bytes()).unwrap_err().to_string();
        assert!(error(r#"{"messages":[]}"#).starts_with("missing field `model`"));
        assert!(
            error(r#"{"model":"m","messages":[{"role":"robot"}]}"#).starts_with("unknown variant `robot`")
        );
        assert!(error(r#"{"model":"m","messages":[{"role":"user","content":7}]}"#).contains("content parts"));
        assert!(
            error(r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}"#)
                .contains("text")
        );
        assert!(error(r#"{"model":"m","messages":[],"tool_choice":"maybe"}"#).contains("maybe"));
    }
}
