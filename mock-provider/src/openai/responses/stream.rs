//! A response event by event.

use std::time::Duration;

use bytes::BytesMut;
use wire::openai::responses::{EventWriter, OutputPart, Place, Status};
use world::Instant;

use super::draft::{Draft, Stage};
use super::store::{Kept, Store};
use crate::engine::paced::{Pace, Script};
use crate::engine::reply::{Block, Piece};
use crate::openai::chat::Padding;
use crate::openai::withheld::Withheld;

/// Plays a response as events.
pub(super) struct Events {
    draft: Draft,
    pace: Pace,
    writer: EventWriter,
    padding: Option<Padding>,
    is_begun: bool,
    text: String,
    /// Where it is kept once it is whole.
    keep: Option<(Store, Kept)>,
}

impl Events {
    pub(super) fn new(draft: Draft, pace: Pace, is_obfuscated: bool, keep: Option<(Store, Kept)>) -> Self {
        let padding = is_obfuscated.then(|| Padding::new(&draft.id));
        let writer = EventWriter::new();
        Self { draft, pace, writer, padding, is_begun: false, text: String::new(), keep }
    }

    /// Whether nothing follows although there are tokens left: a response that fails is over at once.
    fn is_over(&self) -> bool {
        self.is_begun && self.draft.end() == Status::Failed
    }

    /// From the request to the first event.
    pub(super) fn first(&self) -> Duration {
        self.pace.first()
    }
}

impl Script for Events {
    fn due(&self) -> Option<Instant> {
        self.pace.due().filter(|_| !self.is_over())
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        let has_failed = self.draft.end() == Status::Failed;
        let is_last = has_failed || self.pace.due().is_none();
        let Self { draft, writer, .. } = self;
        if !std::mem::replace(&mut self.is_begun, true) {
            for name in ["response.created", "response.in_progress"] {
                draft.with(Stage::Begun(Status::InProgress), |response| writer.response(name, response, out));
            }
        }
        let mut frame = Frame { draft, writer, padding: self.padding.as_mut(), text: &mut self.text };
        for piece in draft.reply.pieces(tokens).filter(|_| !has_failed) {
            frame.piece(&piece, out);
        }
        if is_last {
            draft.with(Stage::Ended(draft.items()), |response| writer.end(response, out));
            if let Some((store, kept)) = self.keep.take() {
                store.keep(kept);
            }
        }
    }
}

/// What is at hand while the events of one frame are written.
struct Frame<'a> {
    draft: &'a Draft,
    writer: &'a mut EventWriter,
    padding: Option<&'a mut Padding>,
    text: &'a mut String,
}

impl Frame<'_> {
    fn piece(&mut self, piece: &Piece<'_>, out: &mut BytesMut) {
        let item_id = self.draft.item_id(piece.block);
        let place = Place { item_id: &item_id, output_index: piece.block };
        if piece.starts
            && let Some(item) = self.draft.begun(piece.block)
        {
            self.writer.item_added(piece.block, &item, out);
        }
        self.text.clear();
        match piece.content {
            Block::Thinking(text) if self.draft.has_summary => {
                text.write(piece.tokens.clone(), self.text);
                self.summary(place, piece, out);
            }
            Block::Thinking(_) => {}
            Block::Text(text) => {
                text.write(piece.tokens.clone(), self.text);
                if self.draft.withheld == Withheld::Refusal {
                    self.refusal(place, piece, out);
                } else {
                    let logprobs = self.draft.logprobs(text, piece.tokens.clone());
                    self.message(place, piece, &logprobs, out);
                }
            }
            Block::ToolCall(call) => {
                call.write(piece.tokens.clone(), self.text);
                if !self.text.is_empty() {
                    let padding = self.padding.as_mut().map(|padding| padding.next());
                    self.writer.arguments_delta(place, self.text, padding, out);
                }
                if piece.ends {
                    self.writer.arguments_done(place, &call.name, &call.arguments, out);
                }
            }
        }
        if piece.ends
            && let Some(item) = self.draft.item(piece.block)
        {
            self.writer.item_done(piece.block, &item, out);
        }
    }

    fn message(
        &mut self,
        place: Place<'_>,
        piece: &Piece<'_>,
        logprobs: &[wire::openai::chat::TokenLogprob<'_>],
        out: &mut BytesMut,
    ) {
        if piece.starts {
            self.writer.part_added(place, &self.draft.empty_part(), out);
        }
        let padding = self.padding.as_mut().map(|padding| padding.next());
        self.writer.text_delta(place, self.text, logprobs, padding, out);
        if piece.ends {
            let part = self.draft.part(piece.block);
            if let OutputPart::Text(said) = &part {
                self.writer.text_done(place, &said.text, &said.logprobs, out);
            }
            self.writer.part_done(place, &part, out);
        }
    }

    fn refusal(&mut self, place: Place<'_>, piece: &Piece<'_>, out: &mut BytesMut) {
        if piece.starts {
            self.writer.part_added(place, &self.draft.empty_part(), out);
        }
        self.writer.refusal_delta(place, self.text, out);
        if piece.ends {
            let part = self.draft.part(piece.block);
            if let OutputPart::Refusal { refusal } = &part {
                self.writer.refusal_done(place, refusal, out);
            }
            self.writer.part_done(place, &part, out);
        }
    }

    fn summary(&mut self, place: Place<'_>, piece: &Piece<'_>, out: &mut BytesMut) {
        if piece.starts {
            self.writer.summary_added(place, out);
        }
        self.writer.summary_delta(place, self.text, out);
        if piece.ends {
            let text = self.draft.summary(piece.block).unwrap_or_default();
            self.writer.summary_done(place, &text, out);
        }
    }
}
