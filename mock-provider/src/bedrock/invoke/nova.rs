//! Nova. Its turns are Converse's; its stream makes every piece of text a block of its own.

use wire::bedrock::converse::{self, ContentBlock, Empty, Message, Role, ToolUse as Called, Usage};
use wire::bedrock::invoke::nova::{
    Delta, Input, ReasoningText, Request, Response, Start, StreamObject, ThoughtText, ToolUse,
};
use wire::json::Raw;
use world::Instant;

use super::super::decide::Prompt;
use super::super::target::Target;
use super::super::{converse as conversation, prompt};
use super::format::{Format, Moment, Origin, object};
use crate::engine::ask::Ask;
use crate::engine::prompt::{Cached, PromptCache};
use crate::engine::reply::{Block, Piece, Reply};
use crate::head;

pub(super) struct Nova {
    /// The next block of a stream.
    index: u32,
}

impl Format for Nova {
    type Request<'c> = converse::Request<'c>;

    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<converse::Request<'c>, String> {
        let request = Request::parse(body, target.max_output_tokens())?.into_conversation();
        match request.problem().or_else(|| request.unsupported(target.abilities())) {
            Some(problem) => Err(problem),
            None => Ok(request),
        }
    }

    fn prompt_tokens(request: &converse::Request<'_>, target: &Target<'_>) -> u64 {
        prompt::tokens_of(request, target)
    }

    fn prompt(
        request: &converse::Request<'_>,
        target: &Target<'_>,
        cache: &PromptCache,
        now: Instant,
    ) -> Prompt {
        // Nova tells what the cache gave and took even where that is nothing.
        let prompt = prompt::of(request, target, cache, now);
        Prompt { cached: prompt.cached.or(Some(Cached::default())), ..prompt }
    }

    fn ask<'r>(request: &'r converse::Request<'_>, target: &Target<'r>) -> Ask<'r> {
        let allowed = request.max_tokens().unwrap_or(target.max_output_tokens());
        conversation::ask(request, target, allowed)
    }

    fn new(_: &Origin<'_>, _: &converse::Request<'_>) -> Self {
        Self { index: 0 }
    }

    fn whole(&self, reply: &Reply, usage: &Usage) -> Vec<u8> {
        let said: Vec<Said> = reply.blocks().iter().map(Said::of).collect();
        let content = said.iter().map(Said::block).collect();
        object(&Response {
            output: converse::Output { message: Message { content, role: Role::Assistant } },
            stop_reason: conversation::stop_reason(reply.stop()),
            usage: (*usage).into(),
        })
    }

    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>) {
        if moment.is_first() {
            objects.push(object(&StreamObject::MessageStart { role: Role::Assistant }));
        }
        for piece in moment.pieces() {
            self.piece(&piece, objects);
        }
        if moment.is_last() {
            let stop_reason = conversation::stop_reason(moment.reply.stop());
            objects.push(object(&StreamObject::MessageStop { stop_reason }));
            let mut usage: wire::bedrock::invoke::nova::Usage = (*moment.usage).into();
            usage.total_tokens = None;
            let metadata = StreamObject::Metadata { usage, metrics: Empty {}, trace: Empty {} };
            objects.push(object(&metadata));
        }
    }
}

impl Nova {
    fn piece(&mut self, piece: &Piece<'_>, objects: &mut Vec<Vec<u8>>) {
        let mut text = String::new();
        let content_block_index = self.index;
        match piece.content {
            Block::Text(content) => {
                content.write(piece.tokens.clone(), &mut text);
                let delta = Delta::Text(text.into());
                objects.push(object(&StreamObject::ContentBlockDelta { delta, content_block_index }));
            }
            Block::Thinking(content) => {
                content.write(piece.tokens.clone(), &mut text);
                let thought = ReasoningText { reasoning_text: ThoughtText { text: text.into() } };
                let delta = Delta::ReasoningContent(thought);
                objects.push(object(&StreamObject::ContentBlockDelta { delta, content_block_index }));
            }
            // A call comes in one piece.
            Block::ToolCall(_) if !piece.ends => return,
            Block::ToolCall(call) => {
                let tool_use_id = head::uuid(call.id_bits).into();
                let start = Start { tool_use: ToolUse { tool_use_id, name: call.name.as_str().into() } };
                objects.push(object(&StreamObject::ContentBlockStart { start, content_block_index }));
                let delta = Delta::ToolUse(Input { input: call.arguments.as_str().into() });
                objects.push(object(&StreamObject::ContentBlockDelta { delta, content_block_index }));
            }
        }
        objects.push(object(&StreamObject::ContentBlockStop { content_block_index }));
        self.index += 1;
    }
}

/// A block whose texts are at hand.
enum Said {
    Text(String),
    Thinking(String),
    Call { id: String, name: String, arguments: String },
}

impl Said {
    fn of(block: &Block) -> Self {
        let mut out = String::new();
        match block {
            Block::Text(text) => {
                text.write_all(&mut out);
                Self::Text(out)
            }
            Block::Thinking(text) => {
                text.write_all(&mut out);
                Self::Thinking(out)
            }
            Block::ToolCall(call) => Self::Call {
                id: head::uuid(call.id_bits),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
            },
        }
    }

    fn block(&self) -> ContentBlock<'_> {
        match self {
            Self::Text(text) => ContentBlock::Text(text.as_str().into()),
            Self::Thinking(text) => {
                let thought = converse::ReasoningText { signature: None, text: text.as_str().into() };
                ContentBlock::ReasoningContent(converse::ReasoningContent::ReasoningText(thought))
            }
            Self::Call { id, name, arguments } => ContentBlock::ToolUse(Called {
                input: Raw::parse(arguments).unwrap_or_else(|_| Raw::empty_object()),
                name: name.as_str().into(),
                tool_use_id: id.as_str().into(),
            }),
        }
    }
}
