//! Predictions of texts, side by side, whole or piece by piece.

use std::ops::Range;
use std::time::Duration;

use bytes::BytesMut;
use wire::vertex::error::Case;
use world::Instant;

use crate::call::{Call, Engine, Length};
use crate::engine::Timing;
use crate::engine::ask::Ask;
use crate::engine::paced::{Pace, Script};
use crate::engine::reply::{Block, Reply};
use crate::profile::{Kind, Profile};
use crate::surface::Surface;
use crate::vertex::Vertex;
use crate::vertex::front::{Counted, Failure, Request, Settlement};
use crate::vertex::models::own;

/// What is predicted, decided before the first token of it is due.
pub(super) struct Predicted<'e> {
    profile: &'e Profile,
    /// One for each input.
    replies: Vec<Reply>,
    timing: Timing,
    settlement: Settlement,
}

/// Plays predictions as messages that `M` writes.
pub(super) struct Pieces<M> {
    messages: M,
    pace: Pace,
    replies: Vec<Reply>,
    settlement: Settlement,
}

/// How a message of a stream is written.
pub(super) trait Messages: Send + Unpin + 'static {
    /// The next texts, one for each input.
    fn write(&mut self, texts: Vec<String>, out: &mut BytesMut);

    /// What follows the last message.
    fn end(&mut self, out: &mut BytesMut);
}

impl Vertex {
    /// Decides a text of at most `most` tokens for each of `inputs`, which come to `tokens`.
    pub(super) fn decide_predictions<'e>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (inputs, tokens, most): (usize, u64, u32),
    ) -> Result<Predicted<'e>, Failure> {
        if inputs == 0 {
            return Err(Failure::Case(Case::InvalidArgument));
        }
        let quota = (&self.quota, &self.pool);
        let settlement = Settlement::admit(quota, request, &call.identity, tokens, Counted::Predictions)?;
        let profile = engine.plan.profile_of(Surface::Vertex, Kind::Chat, own::TUNED);
        let reply = |candidate| {
            engine.reply(profile, &call.identity, &Ask { candidate, ..Ask::text(own::TUNED, most) })
        };
        let replies: Vec<Reply> = (0..inputs as u32).map(reply).collect();
        let timing = engine.timing_of(profile, &call.identity, tokens, longest(&replies));
        Ok(Predicted { profile, replies, timing, settlement })
    }
}

impl Predicted<'_> {
    /// How long after the request all of it is there.
    pub(super) fn complete(&self) -> Duration {
        self.timing.complete(longest(&self.replies))
    }

    /// How long after the request the first of it is there.
    pub(super) fn first(&self) -> Duration {
        self.timing.first()
    }

    /// Every text, whole.
    pub(super) fn whole(&mut self) -> Vec<String> {
        self.settlement.generated(self.tokens());
        self.replies.iter().map(Reply::text).collect()
    }

    /// The same piece by piece.
    pub(super) fn play<M>(self, call: &Call<'_>, messages: M) -> Pieces<M> {
        let pace = Pace::new(call.arrived, self.timing, self.profile.coalescing, longest(&self.replies));
        Pieces { messages, pace, replies: self.replies, settlement: self.settlement }
    }
}

impl Length for Predicted<'_> {
    fn tokens(&self) -> u32 {
        self.replies.iter().map(Reply::tokens).fold(0, u32::saturating_add)
    }
}

impl<M: Messages> Script for Pieces<M> {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        let made = self.replies.iter().map(|reply| reply.tokens().min(tokens.end));
        self.settlement.generated(made.fold(0, u32::saturating_add));
        let texts = self.replies.iter().map(|reply| text_of(reply, &tokens)).collect();
        self.messages.write(texts, out);
        if self.pace.due().is_none() {
            self.messages.end(out);
        }
    }
}

fn longest(replies: &[Reply]) -> u32 {
    replies.iter().map(Reply::tokens).max().unwrap_or(1)
}

/// The text of these tokens; none where the reply has ended before.
fn text_of(reply: &Reply, tokens: &Range<u32>) -> String {
    let mut said = String::new();
    for piece in reply.pieces(tokens.start..tokens.end.min(reply.tokens()).max(tokens.start)) {
        if let Block::Text(text) = piece.content {
            text.write(piece.tokens, &mut said);
        }
    }
    said
}
