//! The body of a response, and of the answers about kept ones.

use bytes::Bytes;
use serde::Serialize;

use super::item::{OutputItem, Status};
use super::request::{ReasoningConfig, TextConfig};
use crate::json::{self, Raw, Text};

/// A response, in whatever state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Response<'a> {
    /// `resp_…`
    pub id: Text<'a>,
    /// Always `response`.
    pub object: &'static str,
    /// Seconds since 1970.
    pub created_at: u64,
    /// How far it is.
    pub status: Status,
    /// Whether it is made while nobody waits.
    pub background: bool,
    /// Seconds since 1970.
    pub completed_at: Option<u64>,
    /// Why it failed.
    pub error: Option<ResponseError<'a>>,
    /// Why it ended early.
    pub incomplete_details: Option<IncompleteDetails>,
    /// What stood before the conversation.
    pub instructions: Option<Text<'a>>,
    /// Most tokens of the answer.
    pub max_output_tokens: Option<u32>,
    /// Most calls of built-in tools.
    pub max_tool_calls: Option<u32>,
    /// The model that answered, with its date.
    pub model: Text<'a>,
    /// What it consists of.
    pub output: Vec<OutputItem<'a>>,
    /// Whether several calls at once were allowed.
    pub parallel_tool_calls: bool,
    /// The response that it carries on.
    pub previous_response_id: Option<Text<'a>>,
    /// How the model thought.
    pub reasoning: ReasoningConfig<'a>,
    /// The tier that served it.
    pub service_tier: Text<'a>,
    /// Whether it is kept.
    pub store: bool,
    /// As asked for, or 1; `null` where the model has none.
    pub temperature: Option<f64>,
    /// The form of the text.
    pub text: TextConfig<'a>,
    /// As asked for, or `"auto"`.
    pub tool_choice: Raw<'a>,
    /// As asked for.
    pub tools: Vec<Raw<'a>>,
    /// As asked for.
    pub top_logprobs: u32,
    /// As asked for, or 1; `null` where the model has none.
    pub top_p: Option<f64>,
    /// `disabled` when nothing was said.
    pub truncation: Text<'a>,
    /// What it cost; once it has ended.
    pub usage: Option<Usage>,
    /// The end user.
    pub user: Option<Text<'a>>,
    /// The caller's own labels.
    pub metadata: Raw<'a>,
}

/// Why a response failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ResponseError<'a> {
    /// `server_error`, `rate_limit_exceeded`, `invalid_prompt`, …
    pub code: &'a str,
    /// For a person.
    pub message: &'a str,
}

/// Why a response ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IncompleteDetails {
    /// `max_output_tokens` or `content_filter`.
    pub reason: &'static str,
}

/// What a response cost, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Of the request.
    pub input_tokens: u32,
    /// The request's, by kind.
    pub input_tokens_details: InputTokensDetails,
    /// Of the response.
    pub output_tokens: u32,
    /// The response's, by kind.
    pub output_tokens_details: OutputTokensDetails,
    /// Of both.
    pub total_tokens: u32,
}

/// A request's tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct InputTokensDetails {
    /// Read from the cache.
    pub cached_tokens: u32,
    /// Written to the cache.
    pub cache_write_tokens: u32,
}

/// A response's tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OutputTokensDetails {
    /// Thought, not said.
    pub reasoning_tokens: u32,
}

impl Usage {
    /// Tokens of request and response, some of which were thought.
    pub fn new(input_tokens: u32, output_tokens: u32, reasoning_tokens: u32) -> Self {
        Usage {
            input_tokens,
            output_tokens,
            output_tokens_details: OutputTokensDetails { reasoning_tokens },
            total_tokens: input_tokens.saturating_add(output_tokens),
            ..Usage::default()
        }
    }
}

impl Response<'_> {
    /// The response body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }
}

/// The answer to a `DELETE`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeletedResponse<'a> {
    /// Which response.
    pub id: &'a str,
    /// Always `response`.
    pub object: &'static str,
    /// Always `true`.
    pub deleted: bool,
}

/// The input items of a kept response.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputItemList<'a> {
    /// Always `list`.
    pub object: &'static str,
    /// The items, each with its id.
    pub data: Vec<Raw<'a>>,
    /// The first one's id.
    pub first_id: Option<Text<'a>>,
    /// The last one's id.
    pub last_id: Option<Text<'a>>,
    /// Whether there are others.
    pub has_more: bool,
}

/// How many tokens an input has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct InputTokenCount {
    /// Always `response.input_tokens`.
    pub object: &'static str,
    /// The count.
    pub input_tokens: u32,
}
