//! The Messages API, the same wherever Claude is asked: directly, through Bedrock's InvokeModel, through
//! Vertex AI's rawPredict.
//!
//! A home reads a body with [`Asked::parse`] and checks it with [`Asked::check`], admits the request by its own quota,
//! decides the answer with [`Turn::decide`], and sends it whole ([`Turn::message`]) or as a stream ([`Turn::play`])
//! in its own carrier.

mod ask;
mod check;
mod cited;
mod conversation;
mod cut;
mod found;
mod layout;
mod marks;
mod request;
mod script;
mod served;
mod size;
mod turn;

pub(crate) use request::{Asked, Model, Request};
pub(crate) use script::{Carrier, Sse};
pub(crate) use size::{MESSAGE_TOKENS, PROMPT_TOKENS, shortest_cached, tool_prompt};
pub(crate) use turn::{Meter, REDACTED, Turn};

/// Where Claude is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// The Anthropic API: the body names the model and asks for a stream.
    Direct,
    /// InvokeModel: the path does both, and the body names a version.
    Bedrock,
    /// rawPredict: the path names the model, the body a version.
    Vertex,
}

impl Home {
    /// The beginning of the ids of messages and of calls of tools.
    fn id_prefixes(self) -> (&'static str, &'static str) {
        match self {
            Self::Direct => ("msg_01", "toolu_01"),
            Self::Bedrock => ("msg_bdrk_01", "toolu_bdrk_01"),
            Self::Vertex => ("msg_vrtx_01", "toolu_vrtx_01"),
        }
    }

    /// The beginning of the id of a use of the service's own tools.
    fn use_prefix(self) -> &'static str {
        match self {
            Self::Direct | Self::Bedrock => "srvtoolu_01",
            Self::Vertex => "srvtoolu_vrtx_01",
        }
    }

    /// Sets its prompts apart from those of other homes.
    fn name(self) -> &'static str {
        match self {
            Self::Direct => "anthropic",
            Self::Bedrock => "bedrock",
            Self::Vertex => "vertex",
        }
    }
}

/// Why the model refuses a request, in its words; always a 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) String);

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
