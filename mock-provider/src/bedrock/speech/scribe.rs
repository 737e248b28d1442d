//! Writes the model's events, with the ids that they carry.

use bytes::BytesMut;
use wire::bedrock::sonic::{ContentKind, Output, OutputIds, StopReason};
use wire::bedrock::stream_frame::Padding;
use world::Draws;

use crate::call::{Call, Engine};
use crate::head;

/// Who writes down what the model says.
pub(super) struct Scribe {
    draws: Draws,
    session: String,
    prompt: String,
    completion: String,
}

impl Scribe {
    pub(super) fn of(engine: &Engine, call: &Call<'_>) -> Self {
        let mut draws = Draws::from_hash(engine.request_bits(&call.identity).1);
        let session = uuid(&mut draws);
        Self { draws, session, prompt: String::new(), completion: String::new() }
    }

    /// Turns to a prompt, which has one completion.
    pub(super) fn turn_to(&mut self, prompt: &str) {
        prompt.clone_into(&mut self.prompt);
        self.completion = self.id();
    }

    /// An id that no other has.
    pub(super) fn id(&mut self) -> String {
        uuid(&mut self.draws)
    }

    pub(super) fn say(&mut self, event: &Output<'_>, out: &mut BytesMut) {
        let ids = OutputIds { completion: &self.completion, prompt: &self.prompt, session: &self.session };
        event.encode(ids, Padding::drawn(self.draws.next_u64()), out);
    }

    /// A content of one text.
    pub(super) fn text(&mut self, kind: ContentKind, content: &str, reason: StopReason, out: &mut BytesMut) {
        let id = self.id();
        let of_user = kind == ContentKind::Transcript;
        self.say(&Output::ContentStart { id: &id, kind }, out);
        self.say(&Output::Text { id: &id, of_user, content }, out);
        self.say(&Output::ContentEnd { id: &id, reason, kind }, out);
    }
}

fn uuid(draws: &mut Draws) -> String {
    head::uuid((draws.next_u64(), draws.next_u64()))
}
