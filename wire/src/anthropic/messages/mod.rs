//! `POST /v1/messages` and `/v1/messages/count_tokens`: the request and the answer that is not streamed.

mod complaint;
mod content;
mod request;
mod response;
mod thinking;
mod tools;

pub use complaint::Complaint;
pub use content::{Content, ContentBlock};
pub use request::{CacheControl, Message, MessagesRequest, Metadata, OutputConfig, OutputFormat, Role};
pub use response::{
    AssistantRole, CacheCreation, DeltaUsage, MessageType, MessagesResponse, OutputTokensDetails,
    RefusalType, ResponseBlock, StopDetails, StopReason, TokenCount, Usage,
};
pub use thinking::{Display, Thinking, ThinkingType};
pub use tools::{Tool, ToolChoice, ToolChoiceType};
