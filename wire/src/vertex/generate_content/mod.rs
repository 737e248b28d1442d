//! `:generateContent`, the request and the answer; a stream's chunks have the answer's shape too.

mod content;
mod logprobs;
mod numbers;
mod request;
mod response;
mod safety;
mod schema;
mod tools;
mod usage;

pub use content::{Blob, Content, FileData, Part, PartData};
pub use logprobs::{LogprobsResult, TokenLogprob, TopCandidates};
pub use request::{GenerateContentRequest, GenerationConfig, ImageConfig, ThinkingConfig};
pub use response::{BlockReason, Candidate, FinishReason, GenerateContentResponse, PromptFeedback};
pub use safety::{HarmCategory, HarmProbability, HarmSeverity, SafetyRating, SafetySetting};
pub use schema::{Schema, SchemaError};
pub use tools::{
    FunctionCall, FunctionCallingConfig, FunctionCallingMode, FunctionDeclaration, FunctionResponse,
    PartialArg, Tool, ToolConfig,
};
pub use usage::{Modality, ModalityTokenCount, TrafficType, UsageMetadata};

pub(crate) use numbers::{proto_i32, proto_u32};
