//! The body of Converse and ConverseStream; both take the same.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::content::{ContentBlock, Message, Role, SystemBlock};
use super::problem;
use super::settings::{GuardrailConfig, OutputConfig, PerformanceConfig, ServiceTier, TextStructure};
use crate::bedrock::model::Abilities;
use crate::json::{self, Raw, Text};

/// A conversation to continue. Members that no part interprets pass through as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request<'a> {
    /// Members for the model itself.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub additional_model_request_fields: Option<Raw<'a>>,
    /// JSON pointers into the model's own answer, at most 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub additional_model_response_field_paths: Vec<Text<'a>>,
    /// A guardrail to apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_config: Option<GuardrailConfig<'a>>,
    /// Length and sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inference_config: Option<InferenceConfig<'a>>,
    /// The turns so far, the caller's last one at the end.
    pub messages: Vec<Message<'a>>,
    /// Text format and effort of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_config: Option<OutputConfig<'a>>,
    /// Whether the answer should come sooner; echoed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance_config: Option<PerformanceConfig<'a>>,
    /// Values for a stored prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_variables: Option<Raw<'a>>,
    /// At most 16 pairs, for the invocation log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_metadata: Option<Raw<'a>>,
    /// Which tier serves it; echoed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier<'a>>,
    /// System instructions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<SystemBlock<'a>>,
    /// Tools that the model may call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_config: Option<ToolConfig<'a>>,
}

impl<'a> Request<'a> {
    /// Reads a body, borrowing its texts.
    ///
    /// # Errors
    /// When it is no JSON or of another shape: [`super::super::error::text::malformed_input`] wraps the reason.
    pub fn parse(body: &'a [u8]) -> Result<Self, json::Error> {
        json::read_object(body)
    }

    /// The text of the `ValidationException` with which the service refuses these values; none when they are fine.
    pub fn problem(&self) -> Option<String> {
        problem::of_request(self)
    }

    /// The text of the `ValidationException` for what a model of these abilities cannot do; none when it can all.
    pub fn unsupported(&self, abilities: Abilities) -> Option<String> {
        problem::of_support(self, abilities)
    }

    /// The body.
    pub fn to_bytes(&self) -> Bytes {
        json::to_bytes(self)
    }

    /// The `maxTokens` asked for, if any.
    pub fn max_tokens(&self) -> Option<u32> {
        self.inference_config.as_ref()?.max_tokens.and_then(|tokens| u32::try_from(tokens).ok())
    }

    /// The texts before which the answer ends.
    pub fn stop_sequences(&self) -> &[Text<'a>] {
        self.inference_config.as_ref().map_or(&[], |config| &config.stop_sequences)
    }

    /// The schema that the text of the answer must follow: JSON, unless the caller is mistaken.
    pub fn output_schema(&self) -> Option<&str> {
        let format = self.output_config.as_ref()?.text_format.as_ref()?;
        let TextStructure::JsonSchema(schema) = &format.structure;
        Some(&schema.schema)
    }

    /// The caller's last turn.
    pub fn last_user_turn(&self) -> Option<&Message<'a>> {
        self.messages.iter().rev().find(|message| message.role == Role::User)
    }

    /// Whether the last turn brings answers of tools.
    pub fn answers_tools(&self) -> bool {
        let is_result = |block: &ContentBlock<'_>| matches!(block, ContentBlock::ToolResult(_));
        self.messages.last().is_some_and(|message| message.content.iter().any(is_result))
    }

    /// Tools of the caller.
    pub fn tool_specs(&self) -> impl Iterator<Item = &ToolSpec<'a>> {
        self.tool_config.iter().flat_map(|config| &config.tools).filter_map(|tool| match tool {
            Tool::ToolSpec(spec) => Some(spec),
            Tool::SystemTool(_) | Tool::CachePoint(_) => None,
        })
    }
}

/// Length and sampling of the answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InferenceConfig<'a> {
    /// At least 1; the model's maximum by default. Signed, as a wrong value has its own error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<i32>,
    /// At most 2,500.
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<Text<'a>>,
    /// 0–1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// 0–1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
}

/// Tools that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolConfig<'a> {
    /// Which it should call; `auto` by default.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice<'a>>,
    /// The tools.
    pub tools: Vec<Tool<'a>>,
}

/// Which tool the model should call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolChoice<'a> {
    /// As it sees fit.
    Auto(Empty),
    /// One of them at least.
    Any(Empty),
    /// This one.
    Tool(#[serde(borrow)] ToolName<'a>),
}

/// An object without members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// A tool, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolName<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Text<'a>,
}

/// An entry of the list of tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Tool<'a> {
    /// A tool of the caller.
    ToolSpec(#[serde(borrow)] ToolSpec<'a>),
    /// A tool of the service.
    SystemTool(Raw<'a>),
    /// The list up to here is to be cached.
    CachePoint(Raw<'a>),
}

/// A tool of the caller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec<'a> {
    /// What it does.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// Its arguments.
    pub input_schema: InputSchema<'a>,
    /// `[a-zA-Z0-9_-]{1,64}`
    pub name: Text<'a>,
}

/// The arguments of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputSchema<'a> {
    /// A JSON schema.
    #[serde(borrow)]
    pub json: Raw<'a>,
}
