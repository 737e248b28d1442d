//! How an answer is shown: which of its blocks become parts, and what else a candidate says.

use std::ops::Range;

use wire::json::Raw;
use wire::vertex::generate_content::{
    Blob, Candidate, Content, FinishReason, FunctionCall, GenerateContentRequest, GenerationConfig,
    LogprobsResult, Part, PartData,
};

use super::logprobs::Logprobs;
use super::{blocking, partial_args};
use crate::engine::reply::{Block, Piece, Reply, Stop, ToolCall};
use crate::engine::text::Text;

/// How an answer is shown.
#[derive(Debug, Default)]
pub(super) struct Manner {
    /// Thoughts are parts too.
    pub(super) shows_thoughts: bool,
    /// What the first part after the thoughts carries.
    pub(super) signature: Option<String>,
    /// The text is one of a schema's values, without quotes.
    pub(super) is_enum: bool,
    /// Arguments of calls come in pieces where the answer does.
    pub(super) streams_arguments: bool,
    /// How sure the model was.
    pub(super) logprobs: Option<Logprobs>,
    /// Pictures at the end of each answer, PNG in base64.
    pub(super) pictures: Vec<String>,
    /// Whether answers are rated for harm.
    pub(super) rates: bool,
}

/// Whether a piece is all there will be of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    Chunk,
}

impl Manner {
    /// What the caller asks to see.
    pub(super) fn of(body: &GenerateContentRequest<'_>) -> Self {
        let config = body.generation_config.as_ref();
        let calling = body.tool_config.as_ref().and_then(|config| config.function_calling_config.as_ref());
        Self {
            shows_thoughts: config.is_some_and(shows_thoughts),
            is_enum: config.is_some_and(|config| config.response_mime_type.as_deref() == Some("text/x.enum")),
            streams_arguments: calling
                .is_some_and(|calling| calling.stream_function_call_arguments == Some(true)),
            rates: !body.safety_settings.is_empty(),
            ..Self::default()
        }
    }

    /// Whether an answer of one text is shown as just that.
    pub(super) fn is_plain(&self) -> bool {
        self.signature.is_none()
            && !self.is_enum
            && self.logprobs.is_none()
            && self.pictures.is_empty()
            && !self.rates
    }

    /// Candidate `index`, of which these tokens are shown; without parts where none of them is to be seen.
    pub(super) fn candidate<'r>(
        &'r self,
        (index, reply): (usize, &'r Reply),
        tokens: Range<u32>,
        delivery: Delivery,
    ) -> Candidate<'r> {
        let ends = tokens.end >= reply.tokens();
        let sure = self.logprobs.as_ref().map(|logprobs| logprobs.of(index, reply, tokens.clone()));
        let mut parts = Vec::new();
        for piece in reply.pieces(tokens) {
            self.show(reply, piece, delivery, &mut parts);
        }
        if ends {
            parts.extend(self.pictures.get(index).map(|picture| picture_part(picture)));
        }
        if ends && parts.is_empty() {
            parts.push(Part::of_text(""));
        }
        Candidate {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            content: Some(Content { role: Some("model".into()), parts }),
            finish_reason: ends.then(|| finish_reason(reply)),
            safety_ratings: if ends && self.rates { blocking::ratings(None) } else { Vec::new() },
            avg_logprobs: sure.as_ref().map(|sure| sure.average),
            logprobs_result: sure.map(LogprobsResult::from),
            ..Candidate::default()
        }
    }

    fn show<'r>(&'r self, reply: &Reply, piece: Piece<'r>, delivery: Delivery, parts: &mut Vec<Part<'r>>) {
        let said_from = reply.blocks().iter().take_while(|block| is_thinking(block)).count();
        let signature = self.signature.as_deref().filter(|_| piece.block == said_from);
        match piece.content {
            Block::Thinking(text) if self.shows_thoughts => {
                parts.push(Part::of_thought(written(text, piece.tokens)));
            }
            Block::Thinking(_) => {}
            Block::Text(text) => {
                let mut text = written(text, piece.tokens);
                if self.is_enum {
                    text.retain(|c| c != '"');
                }
                parts.push(signed(Part::of_text(text), signature.filter(|_| piece.starts)));
            }
            Block::ToolCall(call) if self.streams_arguments && delivery == Delivery::Chunk => {
                show_arguments(call, &piece, signature, parts);
            }
            // A call comes whole, with its last token.
            Block::ToolCall(call) if piece.ends => parts.push(signed(whole_call(call), signature)),
            Block::ToolCall(_) => {}
        }
    }
}

/// A call piece by piece: its name, its arguments, and an empty call that says it is complete.
fn show_arguments<'r>(
    call: &'r ToolCall,
    piece: &Piece<'r>,
    signature: Option<&'r str>,
    parts: &mut Vec<Part<'r>>,
) {
    if piece.starts {
        let name = call.name.as_str().into();
        let begun = FunctionCall { name, will_continue: true, ..FunctionCall::default() };
        parts.push(signed(PartData::FunctionCall(begun).into(), signature));
    }
    let mut all = partial_args::pieces(&call.arguments);
    let place = |token: u32| all.len() * token as usize / piece.content.tokens().max(1) as usize;
    let now = place(piece.tokens.start)..place(piece.tokens.end);
    let partial_args: Vec<_> = all.drain(now).collect();
    if !partial_args.is_empty() {
        let goes_on = FunctionCall { partial_args, will_continue: true, ..FunctionCall::default() };
        parts.push(PartData::FunctionCall(goes_on).into());
    }
    if piece.ends {
        parts.push(PartData::FunctionCall(FunctionCall::default()).into());
    }
}

fn is_thinking(block: &Block) -> bool {
    matches!(block, Block::Thinking(_))
}

fn shows_thoughts(config: &GenerationConfig<'_>) -> bool {
    config.thinking_config.as_ref().is_some_and(|thinking| thinking.include_thoughts == Some(true))
}

fn written(text: &Text, tokens: Range<u32>) -> String {
    let mut out = String::new();
    text.write(tokens, &mut out);
    out
}

fn signed<'r>(part: Part<'r>, signature: Option<&'r str>) -> Part<'r> {
    Part { thought_signature: signature.map(Into::into), ..part }
}

fn whole_call(call: &ToolCall) -> Part<'_> {
    let args = Raw::parse(&call.arguments).ok();
    let name = call.name.as_str().into();
    PartData::FunctionCall(FunctionCall { name, args, ..FunctionCall::default() }).into()
}

fn picture_part(base64: &str) -> Part<'_> {
    PartData::InlineData(Blob { mime_type: "image/png".into(), data: base64.into() }).into()
}

/// Why an answer ends. Calls of functions end in `STOP`, as do stop sequences.
pub(super) fn finish_reason(reply: &Reply) -> FinishReason {
    match reply.stop() {
        Stop::MaxTokens => FinishReason::MaxTokens,
        Stop::End | Stop::StopSequence(_) | Stop::ToolUse => FinishReason::Stop,
    }
}
