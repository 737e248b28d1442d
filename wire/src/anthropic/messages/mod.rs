//! `POST /v1/messages` and `/v1/messages/count_tokens`: the request and the answer that is not streamed.

mod content;
mod request;
mod response;
mod tools;

pub use content::{Content, ContentBlock};
pub use request::{Message, MessagesRequest, Metadata, Role};
pub use response::{
    AssistantRole, MessageType, MessagesResponse, ResponseBlock, StopReason, TokenCount, Usage,
};
pub use tools::{Tool, ToolChoice, ToolChoiceType};
