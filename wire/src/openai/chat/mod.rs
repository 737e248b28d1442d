//! `POST /v1/chat/completions`: the request and the answer that is not streamed.

mod content;
mod logprobs;
mod message;
mod request;
mod response;
mod tools;

pub use content::{Content, ImageUrl, Part};
pub use logprobs::{ChoiceLogprobs, TokenLogprob, TopLogprob};
pub use message::{Message, Role};
pub use request::{ChatRequest, ResponseFormat, Stop, StreamOptions};
pub use response::{
    AssistantRole, ChatCompletion, ChatCompletionObject, Choice, CompletionTokensDetails, FinishReason,
    PromptTokensDetails, ResponseMessage, Usage,
};
pub use tools::{Function, FunctionCall, FunctionType, Tool, ToolCall, ToolChoice};
