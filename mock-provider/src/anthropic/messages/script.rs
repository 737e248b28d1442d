//! An answer as a stream: the events of each frame, in whatever carries them.

use bytes::BytesMut;
use wire::anthropic::messages::{MessagesResponse, Usage};
use wire::anthropic::stream::EventWriter;
use world::http::Body;
use world::{Instant, Sleep};

use super::layout::Shown;
use super::turn::{Meter, Turn};
use crate::call::Engine;
use crate::engine::paced::{Pace, Script};
use crate::engine::reply::{Block, Piece};

/// What carries events.
pub(crate) trait Carrier: Send + Unpin + 'static {
    /// Whether there are signs of life among them.
    const PINGS: bool;

    /// Appends the event that `write` writes.
    fn say(&mut self, out: &mut BytesMut, write: impl FnOnce(EventWriter, &mut BytesMut));

    /// Appends the last event.
    fn stop(&mut self, out: &mut BytesMut) {
        self.say(out, EventWriter::message_stop);
    }
}

/// Server-sent events.
pub(crate) struct Sse;

impl Carrier for Sse {
    const PINGS: bool = true;

    fn say(&mut self, out: &mut BytesMut, write: impl FnOnce(EventWriter, &mut BytesMut)) {
        write(EventWriter::Sse, out);
    }
}

impl<M: Meter> Turn<M> {
    /// The answer as a stream; `timer` is one that is at hand.
    pub(crate) fn play(self, engine: &Engine, carrier: impl Carrier, timer: Sleep) -> Body {
        let pace = Pace::new(self.arrived, self.timing, self.coalescing, self.reply.tokens());
        engine.play(TurnScript { pace, turn: self, carrier, is_begun: false, text: String::new() }, timer)
    }
}

struct TurnScript<C, M> {
    pace: Pace,
    turn: Turn<M>,
    carrier: C,
    is_begun: bool,
    /// Where texts are put together.
    text: String,
}

impl<C: Carrier, M: Meter> TurnScript<C, M> {
    fn begin(&mut self, out: &mut BytesMut) {
        let whole = self.turn.started();
        // At the start of the output the service counts a token or two.
        let usage =
            Usage { output_tokens: 1, output_tokens_details: None, server_tool_use: None, ..whole.usage };
        let message = MessagesResponse { usage, ..whole };
        self.carrier.say(out, |writer, out| writer.message_start(&message, out));
    }

    fn end(&mut self, out: &mut BytesMut) {
        let usage = self.turn.usage().at_end();
        let (reason, sequence) = self.turn.stop();
        let container = self.turn.served().container.as_ref();
        self.carrier.say(out, |writer, out| {
            writer.contained_message_delta(reason, sequence, container, &usage, out);
        });
        self.carrier.stop(out);
    }
}

impl<C: Carrier, M: Meter> Script for TurnScript<C, M> {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        if !self.is_begun {
            self.begin(out);
        }
        self.turn.meter.generated(tokens.end);
        for piece in self.turn.reply.pieces(tokens) {
            let mut teller =
                Teller { turn: &self.turn, carrier: &mut self.carrier, text: &mut self.text, out };
            match self.turn.layout() {
                None => teller.tell(u32::try_from(piece.block).unwrap_or(u32::MAX), &piece, &Shown::Plain),
                Some(layout) => {
                    layout
                        .pieces(&piece)
                        .for_each(|(part, piece)| teller.tell(part.index, &piece, &part.shown));
                }
            }
            if C::PINGS && !self.is_begun {
                self.carrier.say(out, EventWriter::ping);
            }
            self.is_begun = true;
        }
        if self.pace.due().is_none() {
            self.end(out);
        }
    }
}

/// Tells one piece.
struct Teller<'t, C, M> {
    turn: &'t Turn<M>,
    carrier: &'t mut C,
    text: &'t mut String,
    out: &'t mut BytesMut,
}

impl<C: Carrier, M: Meter> Teller<'_, C, M> {
    fn tell(&mut self, index: u32, piece: &Piece<'_>, shown: &Shown) {
        if piece.starts {
            self.start(index, piece.content, shown);
        }
        self.more(index, piece);
        if piece.ends {
            self.finish(index, piece.content);
            if let Shown::Use(ordinal) = shown {
                self.bring(index + 1, *ordinal);
            }
        }
    }

    fn start(&mut self, index: u32, block: &Block, shown: &Shown) {
        let turn = self.turn;
        self.carrier.say(self.out, |writer, out| match block {
            Block::Text(_) if matches!(shown, Shown::Cited(_)) => writer.cited_text_start(index, out),
            Block::Text(_) => writer.text_start(index, out),
            Block::Thinking(_) => match turn.thoughts().redacted() {
                Some(redacted) => writer.block_start(index, &redacted, out),
                None => writer.thinking_start(index, out),
            },
            Block::ToolCall(call) => match shown {
                Shown::Use(ordinal) => {
                    writer.server_tool_use_start(index, &turn.use_id(*ordinal), &call.name, out);
                }
                _ => writer.tool_use_start(index, &turn.tool_id(call), &call.name, out),
            },
        });
        if let Shown::Cited(place) = shown {
            self.carrier.say(self.out, |writer, out| writer.citations_delta(index, place, out));
        }
        if let Block::ToolCall(_) = block {
            self.carrier.say(self.out, |writer, out| writer.input_json_delta(index, "", out));
        }
    }

    /// What a use of one of the service's tools has brought, whole.
    fn bring(&mut self, index: u32, ordinal: usize) {
        let id = self.turn.use_id(ordinal);
        let result = self.turn.served().uses[ordinal].result(&id);
        self.carrier.say(self.out, |writer, out| writer.block_start(index, &result, out));
        self.carrier.say(self.out, |writer, out| writer.block_stop(index, out));
    }

    fn more(&mut self, index: u32, piece: &Piece<'_>) {
        let text = &mut *self.text;
        text.clear();
        let tokens = piece.tokens.clone();
        match piece.content {
            Block::Text(said) => said.write(tokens, text),
            Block::Thinking(thought) if self.turn.thoughts().are_shown() => thought.write(tokens, text),
            Block::Thinking(_) => {}
            Block::ToolCall(call) => call.write(tokens, text),
        }
        if text.is_empty() {
            return;
        }
        self.carrier.say(self.out, |writer, out| match piece.content {
            Block::Text(_) => writer.text_delta(index, text, out),
            Block::Thinking(_) => writer.thinking_delta(index, text, out),
            Block::ToolCall(_) => writer.input_json_delta(index, text, out),
        });
    }

    fn finish(&mut self, index: u32, block: &Block) {
        let thoughts = self.turn.thoughts();
        if matches!(block, Block::Thinking(_)) && thoughts.redacted().is_none() {
            let signature = thoughts.signature();
            self.carrier.say(self.out, |writer, out| writer.signature_delta(index, &signature, out));
        }
        self.carrier.say(self.out, |writer, out| writer.block_stop(index, out));
    }
}
