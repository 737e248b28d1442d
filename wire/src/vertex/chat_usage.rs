//! What a chat completion in OpenAI's shape cost, in Google's way: `endpoints/openapi`.
//!
//! Thoughts stand beside the answer's tokens, not among them; what is zero is left out; and whose capacity served the
//! request is said as well. The members come in the order of their names, as the service writes them.

use serde::{Deserialize, Serialize};

use super::generate_content::TrafficType;
use crate::openai::chat::Usage;

/// What a chat completion cost, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatUsage {
    /// Of the answer, thoughts not counted.
    pub completion_tokens: u32,
    /// Where the model thought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_tokens_details: Option<ThoughtTokens>,
    /// What OpenAI's usage has no name for.
    pub extra_properties: ExtraProperties,
    /// Of the request.
    pub prompt_tokens: u32,
    /// Where some of the request came from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_details: Option<CachedTokens>,
    /// Request, answer and thoughts.
    pub total_tokens: u32,
}

/// Thoughts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThoughtTokens {
    /// How many.
    pub reasoning_tokens: u32,
}

/// What was read from a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedTokens {
    /// How many.
    pub cached_tokens: u32,
}

/// What OpenAI's usage has no name for, by who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraProperties {
    /// What Google says.
    pub google: GoogleProperties,
}

/// What Google says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoogleProperties {
    /// Whose capacity served the request.
    pub traffic_type: TrafficType,
}

impl ChatUsage {
    /// The same cost in Google's way.
    pub fn new(usage: &Usage, traffic_type: TrafficType) -> Self {
        let thought = usage.completion_tokens_details.unwrap_or_default().reasoning_tokens;
        let cached = usage.prompt_tokens_details.unwrap_or_default().cached_tokens;
        Self {
            completion_tokens: usage.completion_tokens.saturating_sub(thought),
            completion_tokens_details: (thought > 0).then_some(ThoughtTokens { reasoning_tokens: thought }),
            extra_properties: ExtraProperties { google: GoogleProperties { traffic_type } },
            prompt_tokens: usage.prompt_tokens,
            prompt_tokens_details: (cached > 0).then_some(CachedTokens { cached_tokens: cached }),
            total_tokens: usage.total_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::openai::chat::{CompletionTokensDetails, PromptTokensDetails};

    #[test]
    fn thoughts_stand_beside_the_answer_and_zeros_are_left_out() {
        let plain = ChatUsage::new(&Usage::new(9, 5), TrafficType::OnDemand);
        let expected = r#"{"completion_tokens":5,"extra_properties":{"google":{"traffic_type":"ON_DEMAND"}},"prompt_tokens":9,"total_tokens":14}"#;
        assert_eq!(json::to_bytes(&plain), expected);
        let usage = Usage {
            prompt_tokens_details: Some(PromptTokensDetails { cached_tokens: 2_048, ..Default::default() }),
            completion_tokens_details: Some(CompletionTokensDetails {
                reasoning_tokens: 951,
                ..Default::default()
            }),
            ..Usage::new(3_000, 1_523)
        };
        let expected = concat!(
            r#"{"completion_tokens":572,"completion_tokens_details":{"reasoning_tokens":951},"#,
            r#""extra_properties":{"google":{"traffic_type":"PROVISIONED_THROUGHPUT"}},"prompt_tokens":3000,"#,
            r#""prompt_tokens_details":{"cached_tokens":2048},"total_tokens":4523}"#
        );
        assert_eq!(json::to_bytes(&ChatUsage::new(&usage, TrafficType::ProvisionedThroughput)), expected);
    }
}
