//! ConverseStream: the same answer, frame by frame.

use std::time::Duration;

use bytes::BytesMut;
use wire::bedrock::converse::{
    Metrics, PerformanceConfig, Role, ServiceTier, StopReason, Usage, tool_use_id,
};
use wire::bedrock::converse_stream::{
    BlockStart, Delta, MetadataExtras, ReasoningDelta, StreamEvent, ToolUseDelta, ToolUseStart,
};
use wire::bedrock::model::Family;
use wire::bedrock::stream_frame::Padding;
use wire::json::Text;
use world::{Draws, Instant};

use super::super::guardrail::BLOCKED_MESSAGE;
use super::super::settlement::Settlement;
use super::super::target::Target;
use super::content::Thoughts;
use super::{Conversation, raw};
use crate::call::{Call, Engine};
use crate::engine::paced::{Pace, Script};
use crate::engine::reply::{Block, Piece, Reply};

/// Writes events, each with its padding.
pub(super) struct Voice {
    paddings: Draws,
}

impl Voice {
    pub(super) fn of(engine: &Engine, call: &Call<'_>) -> Self {
        Self { paddings: Draws::from_hash(engine.request_bits(&call.identity).1) }
    }

    pub(super) fn say(&mut self, event: &StreamEvent<'_>, out: &mut BytesMut) {
        event.encode(Padding::drawn(self.paddings.next_u64()), out);
    }
}

/// Plays an answer.
pub(super) struct ConverseScript {
    pace: Pace,
    reply: Reply,
    pieces: Pieces,
    settlement: Settlement,
    ending: Ending,
}

/// What comes after the content.
struct Ending {
    stop_reason: StopReason<'static>,
    usage: Usage,
    metrics: Metrics,
    fields: Option<String>,
    trace: Option<String>,
    performance_config: Option<PerformanceConfig<'static>>,
    service_tier: Option<ServiceTier<'static>>,
    /// The guardrail's words in place of the model's: nothing is said before it has read all.
    replaced: bool,
}

/// Writes pieces of blocks.
struct Pieces {
    voice: Voice,
    /// How the model sends the arguments of a call.
    arguments: Arguments,
    /// How thinking is shown, where there is any.
    thoughts: Thoughts,
    text: String,
}

/// How a model sends the arguments of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arguments {
    /// An empty piece first, then piece by piece.
    Piecewise,
    /// In one piece.
    Whole,
}

impl ConverseScript {
    pub(super) fn new(
        conversation: Conversation<'_, '_>,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Self {
        let ending = Ending::of(&conversation);
        let Conversation { request, decided, .. } = conversation;
        let coalescing = decided.profile.coalescing;
        let thoughts = Thoughts::of(engine, call, &request, &decided.reply);
        Self {
            pace: Pace::new(call.arrived, decided.timing, coalescing, decided.reply.tokens()),
            reply: decided.reply,
            pieces: Pieces {
                voice: Voice::of(engine, call),
                arguments: if target.family == Family::Claude {
                    Arguments::Piecewise
                } else {
                    Arguments::Whole
                },
                thoughts,
                text: String::new(),
            },
            settlement: decided.settlement,
            ending,
        }
    }

    /// From the request to the first token.
    pub(super) fn first(&self) -> Duration {
        self.pace.first()
    }
}

impl Ending {
    fn of(conversation: &Conversation<'_, '_>) -> Self {
        let Conversation { request, decided, fields, .. } = conversation;
        let text = |text: &Text<'_>| text.clone().into_owned();
        Self {
            stop_reason: conversation.stop_reason(),
            usage: decided.usage,
            metrics: Metrics { latency_ms: decided.latency_ms() },
            fields: fields.clone(),
            trace: conversation.trace(),
            performance_config: request
                .performance_config
                .as_ref()
                .map(|config| PerformanceConfig { latency: config.latency.as_ref().map(text) }),
            service_tier: request
                .service_tier
                .as_ref()
                .map(|tier| ServiceTier { r#type: text(&tier.r#type) }),
            replaced: conversation.intervention().is_some() && !conversation.is_asynchronous(),
        }
    }

    fn write(&self, voice: &mut Voice, out: &mut BytesMut) {
        if self.replaced {
            voice.say(&StreamEvent::text(0, BLOCKED_MESSAGE), out);
            voice.say(&StreamEvent::ContentBlockStop { index: 0 }, out);
        }
        let stop = StreamEvent::MessageStop {
            additional_model_response_fields: raw(self.fields.as_deref()),
            stop_reason: self.stop_reason.clone(),
        };
        voice.say(&stop, out);
        let extras = MetadataExtras {
            performance_config: self.performance_config.clone(),
            service_tier: self.service_tier.clone(),
            trace: raw(self.trace.as_deref()),
        };
        voice.say(&StreamEvent::Metadata { metrics: self.metrics, usage: self.usage, extras }, out);
    }
}

impl Conversation<'_, '_> {
    /// Whether the guardrail reads along while the answer is sent.
    fn is_asynchronous(&self) -> bool {
        let mode = self.request.guardrail_config.as_ref();
        mode.and_then(|config| config.stream_processing_mode.as_ref()).is_some_and(|mode| mode == "async")
    }
}

impl Script for ConverseScript {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let Self { pace, reply, pieces, settlement, ending } = self;
        let tokens = pace.advance();
        if tokens.start == 0 {
            pieces.voice.say(&StreamEvent::MessageStart { role: Role::Assistant }, out);
        }
        settlement.generated(tokens.end);
        if !ending.replaced {
            for piece in reply.pieces(tokens) {
                pieces.write(&piece, out);
            }
        }
        if pace.due().is_none() {
            ending.write(&mut pieces.voice, out);
        }
    }
}

impl Pieces {
    fn write(&mut self, piece: &Piece<'_>, out: &mut BytesMut) {
        let index = piece.block as u32;
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        match piece.content {
            Block::Text(content) => {
                content.write(piece.tokens.clone(), &mut text);
                self.text_piece(index, piece, &text, out);
            }
            Block::Thinking(content) => {
                content.write(piece.tokens.clone(), &mut text);
                self.thinking_piece(index, piece, &text, out);
            }
            Block::ToolCall(call) => {
                if piece.starts {
                    let start = ToolUseStart {
                        name: call.name.as_str().into(),
                        tool_use_id: tool_use_id(call.id_bits).into(),
                    };
                    let start = StreamEvent::ContentBlockStart { index, start: BlockStart::ToolUse(start) };
                    self.voice.say(&start, out);
                }
                match self.arguments {
                    Arguments::Piecewise => call.write(piece.tokens.clone(), &mut text),
                    Arguments::Whole if piece.ends => text.push_str(&call.arguments),
                    Arguments::Whole => {}
                }
                self.call_piece(index, piece, &text, out);
            }
        }
        self.text = text;
    }

    /// A text that a stop sequence cut to nothing is not sent.
    fn text_piece(&mut self, index: u32, piece: &Piece<'_>, text: &str, out: &mut BytesMut) {
        if !text.is_empty() {
            self.voice.say(&StreamEvent::text(index, text), out);
        }
        if piece.ends && !(piece.starts && text.is_empty()) {
            self.voice.say(&StreamEvent::ContentBlockStop { index }, out);
        }
    }

    fn thinking_piece(&mut self, index: u32, piece: &Piece<'_>, text: &str, out: &mut BytesMut) {
        let mut say = |delta: ReasoningDelta<'_>, out: &mut BytesMut| {
            let delta = Delta::ReasoningContent(delta);
            self.voice.say(&StreamEvent::ContentBlockDelta { index, delta }, out);
        };
        match &self.thoughts {
            Thoughts::Open { signature } => {
                say(ReasoningDelta::Text(text.into()), out);
                if piece.ends {
                    say(ReasoningDelta::Signature(signature.as_str().into()), out);
                }
            }
            Thoughts::Sealed(data) if piece.starts => {
                say(ReasoningDelta::RedactedContent(data.as_str().into()), out);
            }
            Thoughts::Sealed(_) => {}
        }
        if piece.ends {
            self.voice.say(&StreamEvent::ContentBlockStop { index }, out);
        }
    }

    fn call_piece(&mut self, index: u32, piece: &Piece<'_>, input: &str, out: &mut BytesMut) {
        let mut delta = |input: &str, out: &mut BytesMut| {
            let delta = Delta::ToolUse(ToolUseDelta { input: input.into() });
            self.voice.say(&StreamEvent::ContentBlockDelta { index, delta }, out);
        };
        if piece.starts && self.arguments == Arguments::Piecewise {
            delta("", out);
        }
        if !input.is_empty() {
            delta(input, out);
        }
        if piece.ends {
            self.voice.say(&StreamEvent::ContentBlockStop { index }, out);
        }
    }
}
