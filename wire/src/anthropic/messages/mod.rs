//! `POST /v1/messages` and `/v1/messages/count_tokens`: the request and the answer that is not streamed.

mod citation;
mod complaint;
mod content;
mod request;
mod response;
mod server_tools;
mod thinking;
mod tools;

pub use citation::{Citation, CitationsConfig};
pub use complaint::Complaint;
pub use content::{Content, ContentBlock};
pub use request::{CacheControl, Message, MessagesRequest, Metadata, OutputConfig, OutputFormat, Role};
pub use response::{
    AssistantRole, CacheCreation, Container, DeltaUsage, MessageType, MessagesResponse, OutputTokensDetails,
    RefusalType, ResponseBlock, ServerToolUsage, StopDetails, StopReason, TokenCount, Usage,
};
pub use server_tools::{CodeExecutionResult, ServerToolResult, ToolResultError, WebSearchResult};
pub use thinking::{Display, Thinking, ThinkingType};
pub use tools::{Tool, ToolChoice, ToolChoiceType};
