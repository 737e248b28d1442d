//! Blocks of an answer, as Converse sends them.

use wire::bedrock::converse::{
    ContentBlock, Message, ReasoningContent, ReasoningText, Request, ToolUse, opaque, tool_use_id,
};
use wire::json::Raw;
use world::Draws;

use crate::anthropic::messages::REDACTED;
use crate::call::{Call, Engine};
use crate::engine::reply::{Block, Reply};

/// A block whose texts are at hand.
pub(super) enum Said {
    Text(String),
    Thinking { text: String, signature: String },
    Sealed(String),
    Call { id: String, name: String, arguments: String },
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Said {
    /// As it is sent.
    pub(super) fn block(&self) -> ContentBlock<'_> {
        match self {
            Self::Text(text) => ContentBlock::Text(text.as_str().into()),
            Self::Thinking { text, signature } => {
                let text = text.as_str().into();
                let signature = Some(signature.as_str().into());
                ContentBlock::ReasoningContent(ReasoningContent::ReasoningText(ReasoningText {
                    signature,
                    text,
                }))
            }
            Self::Sealed(data) => {
                ContentBlock::ReasoningContent(ReasoningContent::RedactedContent(data.as_str().into()))
            }
            Self::Call { id, name, arguments } => ContentBlock::ToolUse(ToolUse {
                input: Raw::parse(arguments).unwrap_or_else(|_| Raw::empty_object()),
                name: name.as_str().into(),
                tool_use_id: id.as_str().into(),
            }),
        }
    }
}

/// The blocks of a whole answer. A text that a stop sequence cut to nothing is not sent.
pub(super) fn owned(reply: &Reply, thoughts: &Thoughts) -> Vec<Said> {
    let said = |block: &Block| match block {
        Block::Text(text) => {
            let mut out = String::new();
            text.write_all(&mut out);
            (!out.is_empty()).then_some(Said::Text(out))
        }
        Block::Thinking(text) => {
            let mut out = String::new();
            text.write_all(&mut out);
            Some(match thoughts {
                Thoughts::Open { signature } => Said::Thinking { text: out, signature: signature.clone() },
                Thoughts::Sealed(data) => Said::Sealed(data.clone()),
            })
        }
        Block::ToolCall(made) => Some(Said::Call {
            id: tool_use_id(made.id_bits),
            name: made.name.clone(),
            arguments: made.arguments.clone(),
        }),
    };
    reply.blocks().iter().filter_map(said).collect()
}

/// How a caller gets to see thoughts.
pub(super) enum Thoughts {
    /// In the open, under a signature that proves, to whom it may concern, that they are the model's.
    Open { signature: String },
    /// Encrypted: the prompt has the text with which the vendor lets clients test this.
    Sealed(String),
}

/// Words in a signature, and in thoughts that are encrypted; Claude's have some hundred bytes.
const OPAQUE_WORDS: usize = 24;

impl Thoughts {
    /// Those of an answer, if it has any.
    pub(super) fn of(engine: &Engine, call: &Call<'_>, request: &Request<'_>, reply: &Reply) -> Self {
        if reply.thinking_tokens() == 0 {
            return Self::Open { signature: String::new() };
        }
        let mut draws = Draws::from_hash(engine.request_bits(&call.identity).0);
        let opaque = opaque((0..OPAQUE_WORDS).map(|_| draws.next_u64()));
        if request.messages.iter().flat_map(Message::texts).any(|text| text.contains(REDACTED)) {
            Self::Sealed(opaque)
        } else {
            Self::Open { signature: opaque }
        }
    }
}
