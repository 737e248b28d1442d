//! Blocks of an answer, as Converse sends them.

use wire::bedrock::converse::{ContentBlock, ReasoningContent, ReasoningText, ToolUse, opaque, tool_use_id};
use wire::json::Raw;
use world::Draws;

use crate::call::{Call, Engine};
use crate::engine::reply::{Block, Reply};

/// A block whose texts are at hand.
pub(super) enum Said {
    Text(String),
    Thinking { text: String, signature: String },
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
            Self::Call { id, name, arguments } => ContentBlock::ToolUse(ToolUse {
                input: Raw::parse(arguments).unwrap_or_else(|_| Raw::empty_object()),
                name: name.as_str().into(),
                tool_use_id: id.as_str().into(),
            }),
        }
    }
}

/// The blocks of a whole answer. A text that a stop sequence cut to nothing is not sent.
pub(super) fn owned(engine: &Engine, call: &Call<'_>, reply: &Reply) -> Vec<Said> {
    let said = |block: &Block| match block {
        Block::Text(text) => {
            let mut out = String::new();
            text.write_all(&mut out);
            (!out.is_empty()).then_some(Said::Text(out))
        }
        Block::Thinking(text) => {
            let mut out = String::new();
            text.write_all(&mut out);
            Some(Said::Thinking { text: out, signature: signature(engine, call) })
        }
        Block::ToolCall(made) => Some(Said::Call {
            id: tool_use_id(made.id_bits),
            name: made.name.clone(),
            arguments: made.arguments.clone(),
        }),
    };
    reply.blocks().iter().filter_map(said).collect()
}

/// Words in a signature; Claude's have some hundred bytes.
const SIGNATURE_WORDS: usize = 24;

/// What proves, to whom it may concern, that the thinking is the model's.
pub(super) fn signature(engine: &Engine, call: &Call<'_>) -> String {
    let mut draws = Draws::from_hash(engine.request_bits(&call.identity).0);
    opaque((0..SIGNATURE_WORDS).map(|_| draws.next_u64()))
}
