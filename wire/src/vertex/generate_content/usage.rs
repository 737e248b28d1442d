//! What a request cost, and which traffic it counted as.

use serde::{Deserialize, Serialize};

use super::numbers::proto_u32;
use crate::json::{is_zero, null_as_default};

/// Tokens by kind; counts of zero are left out, as proto JSON does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsageMetadata {
    /// Of the request.
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "count")]
    pub prompt_token_count: u32,
    /// Of the answers, thoughts not counted.
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "count")]
    pub candidates_token_count: u32,
    /// Prompt, candidates, thoughts and tool use.
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "count")]
    pub total_token_count: u32,
    /// Of results of tools fed back.
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "count")]
    pub tool_use_prompt_token_count: u32,
    /// Of thoughts.
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "count")]
    pub thoughts_token_count: u32,
    /// Of the request, read from the cache.
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "count")]
    pub cached_content_token_count: u32,
    /// Whose capacity served it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_type: Option<TrafficType>,
    /// The request's by kind.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub prompt_tokens_details: Vec<ModalityTokenCount>,
    /// The cache's by kind.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub cache_tokens_details: Vec<ModalityTokenCount>,
    /// The answers' by kind.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub candidates_tokens_details: Vec<ModalityTokenCount>,
}

/// Tokens of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModalityTokenCount {
    /// Which kind.
    pub modality: Modality,
    /// How many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub token_count: u32,
}

/// What tokens stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Modality {
    /// Text.
    Text,
    /// Pictures.
    Image,
    /// Films.
    Video,
    /// Recordings.
    Audio,
    /// Documents.
    Document,
    /// A kind this crate does not know.
    #[serde(other)]
    Unknown,
}

/// Whose capacity served a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TrafficType {
    /// The shared pool.
    OnDemand,
    /// The shared pool, at a premium.
    OnDemandPriority,
    /// The shared pool, when there is room.
    OnDemandFlex,
    /// The shared pool, at night.
    OnDemandOffpeak,
    /// Bought capacity.
    ProvisionedThroughput,
    /// One this crate does not know.
    #[serde(other)]
    Unknown,
}

impl UsageMetadata {
    /// What a request of text and its answer cost.
    pub fn of_text(prompt: u32, candidates: u32, traffic_type: TrafficType) -> Self {
        UsageMetadata {
            prompt_token_count: prompt,
            candidates_token_count: candidates,
            total_token_count: prompt.saturating_add(candidates),
            traffic_type: Some(traffic_type),
            prompt_tokens_details: text_tokens(prompt),
            candidates_tokens_details: text_tokens(candidates),
            ..UsageMetadata::default()
        }
    }

    /// The same with tokens of thought, which the total includes.
    pub fn with_thoughts(mut self, thoughts: u32) -> Self {
        self.thoughts_token_count = thoughts;
        self.total_token_count = self.total_token_count.saturating_add(thoughts);
        self
    }

    /// What every chunk of a stream but the last says.
    pub fn of_chunk(traffic_type: TrafficType) -> Self {
        UsageMetadata { traffic_type: Some(traffic_type), ..UsageMetadata::default() }
    }

    /// Tokens the model made, thoughts included.
    pub fn output_token_count(&self) -> u32 {
        self.candidates_token_count.saturating_add(self.thoughts_token_count)
    }
}

fn text_tokens(token_count: u32) -> Vec<ModalityTokenCount> {
    vec![ModalityTokenCount { modality: Modality::Text, token_count }]
}

fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    proto_u32(deserializer).map(Option::unwrap_or_default)
}
