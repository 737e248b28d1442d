//! The answer of Converse. The service sorts the keys of every object, so members are declared in that order.

use bytes::Bytes;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize};

use super::content::{ContentBlock, Message, Role};
use super::request::Empty;
use super::settings::{PerformanceConfig, ServiceTier};
use crate::json::{self, Raw, Text};

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// Members of the model's own answer that the request asked for.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub additional_model_response_fields: Option<Raw<'a>>,
    /// Times.
    pub metrics: Metrics,
    /// The answer.
    pub output: Output<'a>,
    /// Echo of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_config: Option<PerformanceConfig<'a>>,
    /// Echo of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier<'a>>,
    /// Why the model stopped.
    pub stop_reason: StopReason<'a>,
    /// What a guardrail or router did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Raw<'a>>,
    /// Tokens.
    pub usage: Usage,
}

impl<'a> Response<'a> {
    /// An answer of these blocks, with the four members that every answer has.
    pub fn new(
        content: Vec<ContentBlock<'a>>,
        stop_reason: StopReason<'a>,
        usage: Usage,
        latency_ms: u64,
    ) -> Self {
        Self {
            additional_model_response_fields: None,
            metrics: Metrics { latency_ms },
            output: Output { message: Message { content, role: Role::Assistant } },
            performance_config: None,
            service_tier: None,
            stop_reason,
            trace: None,
            usage,
        }
    }

    /// Reads a body, borrowing its texts.
    ///
    /// # Errors
    /// When it is no JSON, of another shape, or lacks one of the four members that every answer has.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

/// The answer within a response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output<'a> {
    /// The model's turn.
    #[serde(borrow)]
    pub message: Message<'a>,
}

/// Times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Milliseconds.
    pub latency_ms: u64,
}

/// Tokens. `total_tokens` includes those read from and written to the cache, `input_tokens` does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// What was written to the prompt cache, by how long it is kept.
    #[serde(default, skip_serializing_if = "CacheDetails::is_empty")]
    pub cache_details: CacheDetails,
    /// Read from the prompt cache, as Nova puts it; the service model does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_input_token_count: Option<u64>,
    /// Read from the prompt cache; only models that have one report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u64>,
    /// Written to the prompt cache, as Nova puts it; the service model does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_input_token_count: Option<u64>,
    /// Written to the prompt cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_input_tokens: Option<u64>,
    /// Of the prompt.
    pub input_tokens: u64,
    /// Of the answer.
    pub output_tokens: u64,
    /// Nova's, empty; the service model does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_tool_use: Option<Empty>,
    /// The sum.
    pub total_tokens: u64,
}

impl Usage {
    /// Without a cache.
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        let total_tokens = input_tokens.saturating_add(output_tokens);
        Self { input_tokens, output_tokens, total_tokens, ..Self::default() }
    }

    /// With what Nova adds to its answers.
    #[must_use]
    pub fn of_nova(self) -> Self {
        Self {
            cache_read_input_token_count: Some(self.cache_read_input_tokens.unwrap_or(0)),
            cache_write_input_token_count: Some(self.cache_write_input_tokens.unwrap_or(0)),
            server_tool_use: Some(Empty {}),
            ..self
        }
    }

    /// With what a model's prompt cache gave and took of the prompt; `input_tokens` are the rest of it.
    #[must_use]
    pub fn with_cache(self, read: u64, written: CacheDetails) -> Self {
        Self {
            cache_details: written,
            cache_read_input_tokens: Some(read),
            cache_write_input_tokens: Some(written.total()),
            total_tokens: self.total_tokens.saturating_add(read).saturating_add(written.total()),
            ..self
        }
    }
}

/// Tokens written to the prompt cache: `[{"inputTokens":…,"ttl":"5m"}]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheDetails {
    /// For five minutes.
    pub five_minutes: u64,
    /// For an hour.
    pub one_hour: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CacheDetail<'a> {
    input_tokens: u64,
    #[serde(borrow)]
    ttl: Text<'a>,
}

impl CacheDetails {
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// All that was written.
    pub fn total(&self) -> u64 {
        self.five_minutes.saturating_add(self.one_hour)
    }
}

impl Serialize for CacheDetails {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (input_tokens, ttl) in [(self.one_hour, "1h"), (self.five_minutes, "5m")] {
            if input_tokens > 0 {
                list.serialize_element(&CacheDetail { input_tokens, ttl: ttl.into() })?;
            }
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for CacheDetails {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut details = Self::default();
        for detail in Vec::<CacheDetail<'de>>::deserialize(deserializer)? {
            match detail.ttl.as_str() {
                "1h" => details.one_hour += detail.input_tokens,
                _ => details.five_minutes += detail.input_tokens,
            }
        }
        Ok(details)
    }
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason<'a> {
    /// `end_turn`
    EndTurn,
    /// `tool_use`
    ToolUse,
    /// `max_tokens`
    MaxTokens,
    /// `stop_sequence`
    StopSequence,
    /// `guardrail_intervened`
    GuardrailIntervened,
    /// `content_filtered`
    ContentFiltered,
    /// `malformed_model_output`
    MalformedModelOutput,
    /// `malformed_tool_use`
    MalformedToolUse,
    /// `model_context_window_exceeded`
    ModelContextWindowExceeded,
    /// One that was added since.
    Other(Text<'a>),
}

impl StopReason<'_> {
    const KNOWN: [StopReason<'static>; 9] = [
        StopReason::EndTurn,
        StopReason::ToolUse,
        StopReason::MaxTokens,
        StopReason::StopSequence,
        StopReason::GuardrailIntervened,
        StopReason::ContentFiltered,
        StopReason::MalformedModelOutput,
        StopReason::MalformedToolUse,
        StopReason::ModelContextWindowExceeded,
    ];

    /// As it stands in JSON.
    pub fn as_str(&self) -> &str {
        match self {
            Self::EndTurn => "end_turn",
            Self::ToolUse => "tool_use",
            Self::MaxTokens => "max_tokens",
            Self::StopSequence => "stop_sequence",
            Self::GuardrailIntervened => "guardrail_intervened",
            Self::ContentFiltered => "content_filtered",
            Self::MalformedModelOutput => "malformed_model_output",
            Self::MalformedToolUse => "malformed_tool_use",
            Self::ModelContextWindowExceeded => "model_context_window_exceeded",
            Self::Other(text) => text,
        }
    }
}

impl Serialize for StopReason<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StopReason<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let known = StopReason::KNOWN.iter().find(|reason| reason.as_str() == text.as_str()).cloned();
        Ok(known.unwrap_or(StopReason::Other(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = r#"{"metrics":{"latencyMs":608},"output":{"message":{"content":[{"text":"…"}],"role":"assistant"}},"stopReason":"max_tokens","usage":{"inputTokens":8,"outputTokens":10,"totalTokens":18}}"#;

    #[test]
    fn an_answer_is_written_with_sorted_keys() {
        let content = vec![ContentBlock::Text("…".into())];
        let response = Response::new(content, StopReason::MaxTokens, Usage::new(8, 10), 608);
        assert_eq!(response.to_bytes(), RECORDED);
        assert_eq!(Response::parse(RECORDED.as_bytes()).unwrap(), response);
    }

    #[test]
    fn texts_are_borrowed_from_the_body() {
        let response = Response::parse(RECORDED.as_bytes()).unwrap();
        let ContentBlock::Text(text) = &response.output.message.content[0] else { panic!("no text") };
        assert!(matches!(text.0, std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn members_and_reasons_unknown_here_do_no_harm() {
        let body = r#"{"metrics":{"latencyMs":1},"new":1,"output":{"message":{"content":[],"role":"assistant"}},"stopReason":"tired","usage":{"cacheReadInputTokenCount":0,"inputTokens":1,"outputTokens":1,"serverToolUse":{},"totalTokens":2}}"#;
        assert_eq!(Response::parse(body.as_bytes()).unwrap().stop_reason, StopReason::Other("tired".into()));
    }

    #[test]
    fn the_total_includes_the_cache_and_the_input_does_not() {
        let written = CacheDetails { five_minutes: 2701, one_hour: 0 };
        let usage = Usage::new(4, 10).with_cache(0, written);
        let json = r#"{"cacheDetails":[{"inputTokens":2701,"ttl":"5m"}],"cacheReadInputTokens":0,"cacheWriteInputTokens":2701,"inputTokens":4,"outputTokens":10,"totalTokens":2715}"#;
        assert_eq!(serde_json::to_string(&usage).unwrap(), json);
        assert_eq!(serde_json::from_str::<Usage>(json).unwrap(), usage);
        let read = Usage::new(4, 10).with_cache(2701, CacheDetails::default());
        let json = r#"{"cacheReadInputTokens":2701,"cacheWriteInputTokens":0,"inputTokens":4,"outputTokens":10,"totalTokens":2715}"#;
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    #[test]
    fn an_answer_without_usage_is_refused() {
        assert!(Response::parse(b"{}").is_err());
        assert!(Response::parse(b"<html>").is_err());
    }

    #[test]
    fn a_tool_call_is_written_with_sorted_keys() {
        let call = super::super::ToolUse {
            input: Raw::parse(r#"{"city":"Berlin"}"#).unwrap(),
            name: "weather".into(),
            tool_use_id: "tooluse_0123456789abcdefghijkl".into(),
        };
        let text = serde_json::to_string(&ContentBlock::ToolUse(call)).unwrap();
        assert_eq!(
            text,
            r#"{"toolUse":{"input":{"city":"Berlin"},"name":"weather","toolUseId":"tooluse_0123456789abcdefghijkl"}}"#
        );
    }
}
