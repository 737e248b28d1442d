//! An answer on its way: what is going to be said, the speech of it, what was said.

use bytes::BytesMut;
use wire::bedrock::converse::tool_use_id;
use wire::bedrock::sonic::{ContentKind, INTERRUPTED, Output, OutputAudio, SpeechTokens, Stage, StopReason};
use world::Instant;

use super::scribe::Scribe;
use super::voice;
use crate::engine::Timing;
use crate::engine::reply::{Block, Piece, Reply, ToolCall};
use crate::engine::text::Text;

/// Tokens that are announced, said and noted together, as the service does by the sentence: two of ours.
const PASSAGE: u32 = 24;
/// Tokens that a second of speech counts as. Our assumption.
const SPEECH_TOKENS_PER_SECOND: u64 = 25;

/// How many tokens so much speech counts as.
pub(super) fn speech_tokens(milliseconds: u64) -> u64 {
    (milliseconds * SPEECH_TOKENS_PER_SECOND).div_ceil(1_000)
}

/// An answer that is being given.
pub(super) struct Answer {
    reply: Reply,
    arrived: Instant,
    timing: Timing,
    rate_hertz: Option<u32>,
    /// The token that comes next.
    next: u32,
    passage: Option<Passage>,
    spoken_ms: u64,
}

/// Some tokens of a block that are being said.
struct Passage {
    /// The id of the speech's content.
    id: String,
    block: usize,
    first: u32,
    /// The token after its last.
    end: u32,
    /// The token after the last that was said.
    said: u32,
}

impl Answer {
    /// An answer to a turn that ended at `arrived`.
    pub(super) fn new(reply: Reply, arrived: Instant, timing: Timing, rate_hertz: Option<u32>) -> Self {
        Self { reply, arrived, timing, rate_hertz, next: 0, passage: None, spoken_ms: 0 }
    }

    /// When there is more to say; `None` when all is said.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.next < self.reply.tokens()).then(|| self.arrived + self.timing.token(self.next))
    }

    /// What it has come to so far.
    pub(super) fn tokens(&self) -> SpeechTokens {
        SpeechTokens { speech_tokens: speech_tokens(self.spoken_ms), text_tokens: u64::from(self.next) }
    }

    /// Says the next token. The id of the call, if that completes one.
    pub(super) fn speak(&mut self, scribe: &mut Scribe, out: &mut BytesMut) -> Option<String> {
        let token = self.next;
        self.next += 1;
        let is_last = self.next >= self.reply.tokens();
        let piece = self.reply.pieces(token..token + 1).next()?;
        match piece.content {
            Block::ToolCall(call) if piece.ends => Some(call_tool(call, scribe, out)),
            Block::ToolCall(_) => None,
            Block::Text(text) | Block::Thinking(text) => {
                let passage = self.passage.take().unwrap_or_else(|| {
                    begin(&piece, text, (self.rate_hertz, is_last_passage(&piece, &self.reply)), scribe, out)
                });
                let said = part(text, piece.tokens.start, piece.tokens.end);
                if let Some(rate) = self.rate_hertz {
                    self.spoken_ms += voice::duration_ms(&said);
                    let content = voice::speech(&said, rate);
                    scribe.say(&Output::Audio { id: &passage.id, content: &content }, out);
                }
                let passage = Passage { said: piece.tokens.end, ..passage };
                if passage.said >= passage.end {
                    let reason = if is_last { StopReason::EndTurn } else { StopReason::PartialTurn };
                    self.end_passage(&passage, (reason, reason), scribe, out);
                } else {
                    self.passage = Some(passage);
                }
                None
            }
        }
    }

    /// Stops, for the user speaks: what was said, and the mark that tells a client to stop playing.
    pub(super) fn interrupt(mut self, scribe: &mut Scribe, out: &mut BytesMut) {
        if let Some(passage) = self.passage.take() {
            self.end_passage(&passage, (StopReason::Interrupted, StopReason::PartialTurn), scribe, out);
        }
        let kind = ContentKind::Words(Stage::Final);
        scribe.text(kind, INTERRUPTED, StopReason::Interrupted, out);
    }

    fn end_passage(
        &self,
        passage: &Passage,
        (of_speech, of_words): (StopReason, StopReason),
        scribe: &mut Scribe,
        out: &mut BytesMut,
    ) {
        if let Some(kind) = speech_kind(self.rate_hertz) {
            scribe.say(&Output::ContentEnd { id: &passage.id, reason: of_speech, kind }, out);
        }
        if let Some(Block::Text(text) | Block::Thinking(text)) = self.reply.blocks().get(passage.block) {
            let said = part(text, passage.first, passage.said);
            scribe.text(ContentKind::Words(Stage::Final), &said, of_words, out);
        }
    }
}

/// A passage begins: its words come before its speech.
fn begin(
    piece: &Piece<'_>,
    text: &Text,
    (rate_hertz, is_last): (Option<u32>, bool),
    scribe: &mut Scribe,
    out: &mut BytesMut,
) -> Passage {
    let first = piece.tokens.start;
    let end = text.tokens().min(first.saturating_add(PASSAGE));
    let reason = if is_last && rate_hertz.is_none() { StopReason::EndTurn } else { StopReason::PartialTurn };
    scribe.text(ContentKind::Words(Stage::Speculative), &part(text, first, end), reason, out);
    let id = scribe.id();
    if let Some(kind) = speech_kind(rate_hertz) {
        scribe.say(&Output::ContentStart { id: &id, kind }, out);
    }
    Passage { id, block: piece.block, first, end, said: first }
}

fn speech_kind(rate_hertz: Option<u32>) -> Option<ContentKind> {
    rate_hertz.map(|sample_rate_hertz| ContentKind::Speech(OutputAudio { sample_rate_hertz }))
}

/// Whether the passage that begins with this piece is the answer's last.
fn is_last_passage(piece: &Piece<'_>, reply: &Reply) -> bool {
    piece.block + 1 == reply.blocks().len()
        && piece.tokens.start.saturating_add(PASSAGE) >= piece.content.tokens()
}

fn part(text: &Text, first: u32, end: u32) -> String {
    let mut part = String::new();
    text.write(first..end, &mut part);
    part
}

fn call_tool(call: &ToolCall, scribe: &mut Scribe, out: &mut BytesMut) -> String {
    let (id, tool_use) = (scribe.id(), tool_use_id(call.id_bits));
    let kind = ContentKind::ToolUse;
    scribe.say(&Output::ContentStart { id: &id, kind }, out);
    let (arguments, name) = (call.arguments.as_str(), call.name.as_str());
    scribe.say(&Output::ToolUse { id: &id, arguments, name, tool_use: &tool_use }, out);
    scribe.say(&Output::ContentEnd { id: &id, reason: StopReason::ToolUse, kind }, out);
    tool_use
}
