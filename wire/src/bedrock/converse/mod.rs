//! Converse: one shape of conversation for every chat model.

mod content;
mod problem;
mod request;
mod response;

pub use content::{
    ContentBlock, Message, ReasoningContent, ReasoningText, Role, SystemBlock, ToolResult, ToolResultBlock,
    ToolResultStatus, ToolUse,
};
pub use request::{
    Empty, InferenceConfig, InputSchema, Request, Tool, ToolChoice, ToolConfig, ToolName, ToolSpec,
};
pub use response::{Metrics, Output, Response, StopReason, Usage};
