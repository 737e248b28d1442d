//! What a model answers: blocks of content, each of a known number of tokens, and why it ends.

use std::ops::Range;
use std::slice;

use super::text::{self, Text};
use super::tokens;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    blocks: Blocks,
    tokens: u32,
    thinking: u32,
    stop: Stop,
}

/// The plain answer has one block and takes no list for it.
#[derive(Debug, Clone)]
enum Blocks {
    One(Block),
    Several(Vec<Block>),
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// What the model thinks before it answers.
    Thinking(Text),
    /// What it says.
    Text(Text),
    /// A tool that it calls.
    ToolCall(ToolCall),
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolCall {
    /// What its id is made of, in the provider's way.
    pub(crate) id_bits: (u64, u64),
    /// The tool.
    pub(crate) name: String,
    /// A JSON value that the tool's schema allows.
    pub(crate) arguments: String,
    /// Tokens of the name, which come before those of the arguments.
    name_tokens: u32,
    ends: Vec<u32>,
}

/// Why an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "a stop sequence is what it is called everywhere")]
pub(crate) enum Stop {
    /// It is complete.
    End,
    /// It has as many tokens as were allowed.
    MaxTokens,
    /// This stop sequence came next.
    StopSequence(String),
    /// It waits for the results of tools.
    ToolUse,
}

/// The tokens of one block that a frame of a stream carries.
#[derive(Debug, Clone)]
pub(crate) struct Piece<'r> {
    /// Which block, from 0.
    pub(crate) block: usize,
    /// The block.
    pub(crate) content: &'r Block,
    /// Tokens within the block.
    pub(crate) tokens: Range<u32>,
    /// Whether these are the block's first tokens.
    pub(crate) starts: bool,
    /// Whether they are its last.
    pub(crate) ends: bool,
}

impl Reply {
    /// An answer of these blocks, of which there is at least one.
    pub(super) fn new(blocks: Vec<Block>, stop: Stop) -> Self {
        let tokens = blocks.iter().map(Block::tokens).fold(0, u32::saturating_add);
        let thinking = blocks.iter().map(Block::thinking_tokens).fold(0, u32::saturating_add);
        Self { blocks: Blocks::Several(blocks), tokens, thinking, stop }
    }

    /// An answer of one text.
    pub(crate) fn of_text(text: Text, stop: Stop) -> Self {
        Self { tokens: text.tokens(), blocks: Blocks::One(Block::Text(text)), thinking: 0, stop }
    }

    /// Nothing but calls.
    pub(crate) fn of_calls(calls: Vec<ToolCall>) -> Self {
        Self::new(calls.into_iter().map(Block::ToolCall).collect(), Stop::End)
    }

    /// This answer with `calls` before what it says, and after what it thinks.
    pub(crate) fn led_by(self, calls: Vec<ToolCall>) -> Self {
        if calls.is_empty() {
            return self;
        }
        let mut blocks = match self.blocks {
            Blocks::One(block) => vec![block],
            Blocks::Several(blocks) => blocks,
        };
        let thoughts = blocks.iter().take_while(|block| matches!(block, Block::Thinking(_))).count();
        blocks.splice(thoughts..thoughts, calls.into_iter().map(Block::ToolCall));
        Self::new(blocks, self.stop)
    }

    /// Its blocks, at least one: thinking, then text, then calls; calls that lead it are before the text.
    pub(crate) fn blocks(&self) -> &[Block] {
        match &self.blocks {
            Blocks::One(block) => slice::from_ref(block),
            Blocks::Several(blocks) => blocks,
        }
    }

    /// All tokens of the answer, at least one.
    pub(crate) fn tokens(&self) -> u32 {
        self.tokens
    }

    /// Those of them that are thinking.
    pub(crate) fn thinking_tokens(&self) -> u32 {
        self.thinking
    }

    /// Why it ends.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The text of its text blocks.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for block in self.blocks() {
            if let Block::Text(text) = block {
                text.write_all(&mut out);
            }
        }
        out
    }

    /// The blocks that `tokens` of the answer touch, in order.
    pub(crate) fn pieces(&self, tokens: Range<u32>) -> impl Iterator<Item = Piece<'_>> {
        let mut next = 0;
        self.blocks().iter().enumerate().filter_map(move |(block, content)| {
            let whole = next..next + content.tokens();
            next = whole.end;
            let (from, to) = (tokens.start.max(whole.start), tokens.end.min(whole.end));
            (from < to).then(|| Piece {
                block,
                content,
                tokens: from - whole.start..to - whole.start,
                starts: from == whole.start,
                ends: to == whole.end,
            })
        })
    }
}

impl Block {
    /// How many tokens it has, at least one.
    pub(crate) fn tokens(&self) -> u32 {
        match self {
            Self::Thinking(text) | Self::Text(text) => text.tokens(),
            Self::ToolCall(call) => call.tokens(),
        }
    }

    fn thinking_tokens(&self) -> u32 {
        match self {
            Self::Thinking(text) => text.tokens(),
            Self::Text(_) | Self::ToolCall(_) => 0,
        }
    }
}

impl ToolCall {
    /// A call of the tool `name` with `arguments` in JSON.
    pub(crate) fn new(id_bits: (u64, u64), name: impl Into<String>, arguments: impl Into<String>) -> Self {
        let (name, arguments) = (name.into(), arguments.into());
        let name_tokens = u32::try_from(tokens::count(&name)).unwrap_or(u32::MAX).max(1);
        let ends = tokens::ends(&arguments);
        Self { id_bits, name, arguments, name_tokens, ends }
    }

    /// Tokens of name and arguments.
    pub(crate) fn tokens(&self) -> u32 {
        self.name_tokens + self.ends.len() as u32
    }

    /// Appends the arguments, as far as these tokens carry them; those of the name carry none.
    pub(crate) fn write(&self, tokens: Range<u32>, out: &mut String) {
        let of_arguments = |token: u32| token.saturating_sub(self.name_tokens);
        let tokens = of_arguments(tokens.start)..of_arguments(tokens.end);
        out.push_str(text::slice(&self.arguments, &self.ends, tokens));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Reply {
        let call = |n| ToolCall::new((n, n), "get_weather", r#"{"city":"Paris","days":3}"#);
        Reply::new(
            vec![
                Block::Thinking(Text::words(1, 10, true)),
                Block::Text(Text::words(2, 5, true)),
                Block::ToolCall(call(1)),
                Block::ToolCall(call(2)),
            ],
            Stop::ToolUse,
        )
    }

    #[test]
    fn pieces_of_any_size_make_the_blocks() {
        let reply = reply();
        for step in [1, 2, 7, 1_000] {
            let mut written = vec![String::new(); 4];
            let (mut starts, mut ends) = (vec![0; 4], vec![0; 4]);
            for start in (0..reply.tokens()).step_by(step) {
                for piece in reply.pieces(start..start + step as u32) {
                    let out = &mut written[piece.block];
                    match piece.content {
                        Block::Thinking(text) | Block::Text(text) => text.write(piece.tokens, out),
                        Block::ToolCall(call) => call.write(piece.tokens, out),
                    }
                    starts[piece.block] += u32::from(piece.starts);
                    ends[piece.block] += u32::from(piece.ends);
                }
            }
            assert_eq!((starts, ends), (vec![1; 4], vec![1; 4]));
            assert_eq!(written[1], reply.text());
            assert_eq!(written[2], r#"{"city":"Paris","days":3}"#);
            assert_eq!(written[3], written[2]);
        }
    }

    #[test]
    fn tokens_are_those_of_all_blocks() {
        let reply = reply();
        assert_eq!(reply.tokens(), reply.blocks().iter().map(Block::tokens).sum::<u32>());
        assert_eq!(reply.thinking_tokens(), 10);
        let one = Reply::of_text(Text::words(2, 5, true), Stop::End);
        assert_eq!((one.tokens(), one.thinking_tokens(), one.blocks().len()), (5, 0, 1));
    }
}
