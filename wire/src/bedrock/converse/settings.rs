//! What a Converse request asks of the service itself: guardrail, form of the answer, speed, tier.

use serde::{Deserialize, Serialize};

use crate::json::{Raw, Text};

/// A guardrail to apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GuardrailConfig<'a> {
    /// Its id or ARN.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub guardrail_identifier: Option<Text<'a>>,
    /// A number or `DRAFT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_version: Option<Text<'a>>,
    /// `sync` (the default) or `async`; streams only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_processing_mode: Option<Text<'a>>,
    /// `enabled`, `disabled` or `enabled_full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Text<'a>>,
}

impl GuardrailConfig<'_> {
    /// Whether the answer is to tell what the guardrail found.
    pub fn is_traced(&self) -> bool {
        self.trace.as_deref().is_some_and(|trace| trace != "disabled")
    }
}

/// Form and effort of the answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutputConfig<'a> {
    /// How hard the model tries, at most 16 characters.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Text<'a>>,
    /// The form of its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_format: Option<TextFormat<'a>>,
}

/// The form of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextFormat<'a> {
    /// What the text must be like.
    #[serde(borrow)]
    pub structure: TextStructure<'a>,
    /// `json_schema`
    pub r#type: Text<'a>,
}

/// What a text must be like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TextStructure<'a> {
    /// JSON that a schema allows.
    JsonSchema(#[serde(borrow)] JsonSchema<'a>),
}

/// A schema for the text of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonSchema<'a> {
    /// What it is for.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// The schema, as a text that holds JSON.
    pub schema: Text<'a>,
}

/// How soon an answer should come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PerformanceConfig<'a> {
    /// `standard` or `optimized`.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Text<'a>>,
}

/// Which tier serves a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceTier<'a> {
    /// `priority`, `default`, `flex` or `reserved`.
    #[serde(borrow)]
    pub r#type: Text<'a>,
}

/// What Claude and Nova take of `additionalModelRequestFields`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ModelFields<'a> {
    /// Claude: `{"type":"enabled","budget_tokens":…}`; `reasoning_config` is its former name.
    #[serde(borrow, alias = "reasoning_config")]
    pub thinking: Option<Thinking<'a>>,
    /// Nova 2: `{"type":"enabled","maxReasoningEffort":…}`.
    #[serde(rename = "reasoningConfig")]
    pub nova_reasoning: Option<NovaReasoning<'a>>,
}

/// Claude's thinking.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Thinking<'a> {
    /// Most tokens of it.
    #[serde(default)]
    pub budget_tokens: Option<i64>,
    /// `enabled`, `disabled` or `adaptive`.
    #[serde(borrow)]
    pub r#type: Text<'a>,
}

/// Nova's thinking.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NovaReasoning<'a> {
    /// `low`, `medium` or `high`.
    #[serde(borrow, default)]
    pub max_reasoning_effort: Option<Text<'a>>,
    /// `enabled` or `disabled`.
    pub r#type: Text<'a>,
}

impl<'a> ModelFields<'a> {
    /// Reads what is known here; members of another shape are the model's to complain about.
    pub fn of(raw: Option<Raw<'a>>) -> Self {
        raw.and_then(|raw| raw.read().ok()).unwrap_or_default()
    }
}
