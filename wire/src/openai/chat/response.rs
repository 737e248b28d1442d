//! The body of a chat completion.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::tools::ToolCall;
use crate::json::{self, Raw, Text, literal, null_as_default};

literal! {
    /// `"chat.completion"`.
    ChatCompletionObject = "chat.completion"
}
literal! {
    /// `"assistant"`.
    AssistantRole = "assistant"
}

/// A chat completion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatCompletion<'a> {
    /// `chatcmpl-…`.
    #[serde(borrow, default)]
    pub id: Text<'a>,
    /// Always `chat.completion`.
    #[serde(default)]
    pub object: ChatCompletionObject,
    /// Seconds since 1970.
    #[serde(default)]
    pub created: u64,
    /// The model that answered, with its date.
    #[serde(default)]
    pub model: Text<'a>,
    /// The answers.
    #[serde(default, deserialize_with = "null_as_default")]
    pub choices: Vec<Choice<'a>>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The tier that served it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<Text<'a>>,
    /// `fp_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<Text<'a>>,
    /// What Azure's filters found in the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_filter_results: Option<Raw<'a>>,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice<'a> {
    /// Counts from 0.
    #[serde(default)]
    pub index: u32,
    /// What the model said.
    #[serde(borrow, default)]
    pub message: ResponseMessage<'a>,
    /// Log probabilities; `null` when not asked for.
    #[serde(default)]
    pub logprobs: Option<Raw<'a>>,
    /// Why the answer ended.
    #[serde(default)]
    pub finish_reason: Option<FinishReason>,
    /// What Azure's filters found in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_filter_results: Option<Raw<'a>>,
}

/// The model's message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseMessage<'a> {
    /// Always `assistant`.
    #[serde(default)]
    pub role: AssistantRole,
    /// The text; `null` when the model only calls functions.
    #[serde(borrow, default)]
    pub content: Option<Text<'a>>,
    /// Calls of functions.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall<'a>>,
    /// The words of a refusal.
    #[serde(default)]
    pub refusal: Option<Text<'a>>,
    /// Citations.
    #[serde(default, deserialize_with = "null_as_default")]
    pub annotations: Vec<Raw<'a>>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// By itself, or at a stop text.
    Stop,
    /// At the limit of tokens.
    Length,
    /// To call functions.
    ToolCalls,
    /// Withheld.
    ContentFilter,
    /// To call a function, the old form.
    FunctionCall,
    /// A reason this crate does not know.
    #[serde(other)]
    Unknown,
}

/// What a request cost, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of the request.
    #[serde(default)]
    pub prompt_tokens: u32,
    /// Of the answer, reasoning included.
    #[serde(default)]
    pub completion_tokens: u32,
    /// Of both.
    #[serde(default)]
    pub total_tokens: u32,
    /// The request's, by kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_details: Option<PromptTokensDetails>,
    /// The answer's, by kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_tokens_details: Option<CompletionTokensDetails>,
}

/// A request's tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptTokensDetails {
    /// Read from the cache.
    #[serde(deserialize_with = "null_as_default")]
    pub cached_tokens: u32,
    /// Of recordings.
    #[serde(deserialize_with = "null_as_default")]
    pub audio_tokens: u32,
}

/// An answer's tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompletionTokensDetails {
    /// Thought, not said.
    #[serde(deserialize_with = "null_as_default")]
    pub reasoning_tokens: u32,
    /// Of recordings.
    #[serde(deserialize_with = "null_as_default")]
    pub audio_tokens: u32,
    /// Predicted by the caller and right.
    #[serde(deserialize_with = "null_as_default")]
    pub accepted_prediction_tokens: u32,
    /// Predicted by the caller and wrong.
    #[serde(deserialize_with = "null_as_default")]
    pub rejected_prediction_tokens: u32,
}

impl Usage {
    /// Tokens of request and answer, with all details zero as the service writes them.
    pub fn new(prompt_tokens: u32, completion_tokens: u32) -> Self {
        Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            prompt_tokens_details: Some(PromptTokensDetails::default()),
            completion_tokens_details: Some(CompletionTokensDetails::default()),
        }
    }
}

impl<'a> Choice<'a> {
    /// The first answer, one text.
    pub fn of_text(text: impl Into<Text<'a>>, finish_reason: FinishReason) -> Self {
        let message = ResponseMessage { content: Some(text.into()), ..ResponseMessage::default() };
        Choice { message, finish_reason: Some(finish_reason), ..Choice::default() }
    }

    /// The first answer, calls of functions and nothing said.
    pub fn of_tool_calls(tool_calls: Vec<ToolCall<'a>>, finish_reason: FinishReason) -> Self {
        let message = ResponseMessage { tool_calls, ..ResponseMessage::default() };
        Choice { message, finish_reason: Some(finish_reason), ..Choice::default() }
    }
}

impl<'a> ChatCompletion<'a> {
    /// Reads a response body; what is missing is empty, as clients take it.
    ///
    /// # Errors
    /// When it is not JSON, or a known field has another type than the format's.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// Appends the response body.
    pub fn write(&self, out: &mut BytesMut) {
        json::write(self, out);
    }

    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::FunctionCall;
    use super::*;

    const GOLDEN: &str = concat!(
        r#"{"id":"chatcmpl-1","object":"chat.completion","created":1767225600,"model":"gpt-4o-mini-2024-07-18","#,
        r#""choices":[{"index":0,"message":{"role":"assistant","content":"Hello \"you\"","refusal":null,"annotations":[]},"#,
        r#""logprobs":null,"finish_reason":"stop"}],"#,
        r#""usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"#,
        r#""prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"#,
        r#""completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"#,
        r#""service_tier":"default","system_fingerprint":"fp_1"}"#,
    );

    fn golden() -> ChatCompletion<'static> {
        ChatCompletion {
            id: "chatcmpl-1".into(),
            created: 1_767_225_600,
            model: "gpt-4o-mini-2024-07-18".into(),
            choices: vec![Choice::of_text("Hello \"you\"", FinishReason::Stop)],
            usage: Some(Usage::new(9, 12)),
            service_tier: Some("default".into()),
            system_fingerprint: Some("fp_1".into()),
            ..ChatCompletion::default()
        }
    }

    #[test]
    fn a_completion_is_the_services_byte_by_byte() {
        assert_eq!(std::str::from_utf8(&golden().to_bytes()).unwrap(), GOLDEN);
        assert_eq!(ChatCompletion::parse(GOLDEN.as_bytes()).unwrap(), golden());
    }

    #[test]
    fn a_completion_that_calls_functions_says_null() {
        let function = FunctionCall { name: "look".into(), arguments: "{}".into() };
        let call = ToolCall { id: "call_1".into(), r#type: super::super::FunctionType, function };
        let choice = Choice::of_tool_calls(vec![call], FinishReason::ToolCalls);
        assert_eq!(
            serde_json::to_string(&choice).unwrap(),
            concat!(
                r#"{"index":0,"message":{"role":"assistant","content":null,"#,
                r#""tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{}"}}],"#,
                r#""refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"tool_calls"}"#
            )
        );
    }

    #[test]
    fn an_empty_object_is_a_completion_without_choices() {
        assert_eq!(ChatCompletion::parse(b"{}").unwrap(), ChatCompletion::default());
    }

    #[test]
    fn a_new_finish_reason_does_not_break_the_reader() {
        let body = br#"{"choices":[{"finish_reason":"bored","message":{"content":"x"}}]}"#;
        let completion = ChatCompletion::parse(body).unwrap();
        assert_eq!(completion.choices[0].finish_reason, Some(FinishReason::Unknown));
    }

    #[test]
    fn what_is_no_completion_is_an_error() {
        for body in ["", "<html>", "[]", r#"{"choices":7}"#, r#"{"id":1}"#, "{\"id\":\"\u{0}"] {
            assert!(ChatCompletion::parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
