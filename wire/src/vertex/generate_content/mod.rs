//! `:generateContent`, the request and the answer; a stream's chunks have the answer's shape too.

mod content;
mod numbers;
mod request;
mod response;
mod safety;
mod tools;
mod usage;

pub use content::{Blob, Content, FileData, Part, PartData};
pub use request::{GenerateContentRequest, GenerationConfig, ThinkingConfig};
pub use response::{BlockReason, Candidate, FinishReason, GenerateContentResponse, PromptFeedback};
pub use safety::{HarmCategory, HarmProbability, HarmSeverity, SafetyRating};
pub use tools::{
    FunctionCall, FunctionCallingConfig, FunctionCallingMode, FunctionDeclaration, FunctionResponse, Tool,
    ToolConfig,
};
pub use usage::{Modality, ModalityTokenCount, TrafficType, UsageMetadata};

pub(crate) use numbers::proto_u32;
