//! Amazon Nova Sonic's own events: the JSON in the chunks of InvokeModelWithBidirectionalStream, both ways.
//!
//! A session is one request. The client opens it (`sessionStart`), opens a prompt in it (`promptStart`), and in the
//! prompt contents, each begun, filled and ended (`contentStart`, `textInput` | `audioInput` | `toolResult`,
//! `contentEnd`); `promptEnd` and `sessionEnd` close what was opened. The model answers turn by turn meanwhile.
//!
//! How far the parts are to be trusted. Names and members of the events: the user guides of Nova and Nova 2 ("Handling
//! input events", "Handling output events"), and public clients that read them (AWS's samples, LiveKit, Pipecat,
//! Strands). That `completionStart` and `completionEnd` enclose a whole prompt rather than a turn, that an interruption
//! is the text `{ "interrupted" : true }` in a `FINAL` content that ends by `INTERRUPTED`: the same clients and their
//! tests. The order of members within an event (alphabetical), the `role` in outputs: from memory of captured events.

mod input;
mod output;

pub use input::{
    AudioInputConfiguration, AudioOutputConfiguration, ContentEnd, ContentStart, ContentType,
    EndpointingSensitivity, InferenceConfiguration, Input, InputError, InputSchema, Media, PromptEnd,
    PromptStart, Role, Said, SessionStart, Tool, ToolChoice, ToolConfiguration, ToolResultInputConfiguration,
    ToolSpec, TurnDetection,
};
pub use output::{
    ContentKind, INTERRUPTED, Output, OutputAudio, OutputIds, SpeechTokens, Stage, StopReason, UsageDetails,
};
