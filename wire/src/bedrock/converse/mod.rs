//! Converse: one shape of conversation for every chat model.

mod content;
mod problem;
mod request;
mod response;
mod settings;
mod tokens;

pub use content::{
    ContentBlock, Message, ReasoningContent, ReasoningText, Role, SystemBlock, ToolResult, ToolResultBlock,
    ToolResultStatus, ToolUse,
};
pub use request::{
    Empty, InferenceConfig, InputSchema, Request, Tool, ToolChoice, ToolConfig, ToolName, ToolSpec,
};
pub use response::{CacheDetails, Metrics, Output, Response, StopReason, Usage};
pub use settings::{
    GuardrailConfig, JsonSchema, ModelFields, NovaReasoning, OutputConfig, PerformanceConfig, ServiceTier,
    TextFormat, TextStructure, Thinking,
};
pub use tokens::{opaque, tool_use_id};
