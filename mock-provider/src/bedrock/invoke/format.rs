//! One way to deliver the texts of all families: what differs between them is a [`Format`].

use std::ops::Range;

use bytes::BytesMut;
use http::{Response, StatusCode};
use wire::bedrock::converse::Usage;
use wire::bedrock::error::text;
use wire::bedrock::headers::{self, EVENT_STREAM};
use wire::bedrock::invoke::schema::with_metrics;
use wire::bedrock::invoke_stream::{InvocationMetrics, encode_chunk};
use wire::bedrock::stream_frame::Padding;
use world::http::Body;
use world::{Draws, Instant};

use super::super::decide::{Decided, Prompt};
use super::super::failure::Failure;
use super::super::guardrail::Guard;
use super::super::settlement::Settlement;
use super::super::target::Target;
use super::super::{Bedrock, reply};
use super::{answered, echo};
use crate::call::{Call, Engine};
use crate::engine::ask::Ask;
use crate::engine::paced::{Pace, Script};
use crate::engine::prompt::PromptCache;
use crate::engine::reply::{Block, Piece, Reply};
use crate::head;
use crate::profile::Kind;

/// Whether an answer comes as a whole or in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    Streamed,
}

/// What a family's bodies look like.
pub(super) trait Format: Sized + Send + Unpin + 'static {
    /// A body that fits the model's schema.
    type Request<'c>;

    /// Reads a body; the error is the text of a `ValidationException`.
    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<Self::Request<'c>, String>;

    /// How many tokens the prompt has.
    fn prompt_tokens(request: &Self::Request<'_>, target: &Target<'_>) -> u64;

    /// The prompt, as far as a cache has a say.
    fn prompt(
        request: &Self::Request<'_>,
        target: &Target<'_>,
        _cache: &PromptCache,
        _now: Instant,
    ) -> Prompt {
        Self::prompt_tokens(request, target).into()
    }

    /// What it asks of the model.
    fn ask<'r>(request: &'r Self::Request<'_>, target: &Target<'r>) -> Ask<'r>;

    /// What the answer needs to know of the request.
    fn new(origin: &Origin<'_>, request: &Self::Request<'_>) -> Self;

    /// The whole answer.
    fn whole(&self, reply: &Reply, usage: &Usage) -> Vec<u8>;

    /// Adds the objects of one moment of a stream.
    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>);
}

/// Where an answer comes from.
pub(super) struct Origin<'o> {
    pub(super) engine: &'o Engine,
    pub(super) call: &'o Call<'o>,
    pub(super) target: &'o Target<'o>,
}

impl Origin<'_> {
    /// A UUID of this answer's, one for each `ordinal`.
    pub(super) fn uuid(&self, ordinal: u64) -> String {
        let (high, low) = self.engine.request_bits(&self.call.identity);
        let mut draws = Draws::from_hash(high ^ low.rotate_left(32) ^ ordinal);
        head::uuid((draws.next_u64(), draws.next_u64()))
    }
}

/// The tokens of one frame.
pub(super) struct Moment<'m> {
    pub(super) reply: &'m Reply,
    pub(super) usage: &'m Usage,
    tokens: Range<u32>,
}

impl Moment<'_> {
    pub(super) fn is_first(&self) -> bool {
        self.tokens.start == 0
    }

    pub(super) fn is_last(&self) -> bool {
        self.tokens.end == self.reply.tokens()
    }

    /// Tokens up to the end of this frame.
    pub(super) fn so_far(&self) -> u64 {
        self.tokens.end.into()
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.reply.pieces(self.tokens.clone())
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for piece in self.pieces() {
            if let Block::Text(text) = piece.content {
                text.write(piece.tokens.clone(), &mut out);
            }
        }
        out
    }
}

/// How many tokens the prompt of a body has.
pub(super) fn prompt_tokens<F: Format>(body: &[u8], target: &Target<'_>) -> Result<u64, String> {
    F::read(body, target).map(|request| F::prompt_tokens(&request, target))
}

impl Bedrock {
    /// Answers a call in the format `F`.
    pub(super) async fn deliver<F: Format>(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        (delivery, mut guard): (Delivery, Option<Guard>),
    ) -> Result<Response<Body>, Failure> {
        let (decided, format) = self.prepare::<F>(engine, call, target, (delivery, guard.as_mut()))?;
        match delivery {
            Delivery::Whole => Ok(whole(engine, call, decided, (&format, guard)).await),
            Delivery::Streamed => Ok(streamed(engine, call, decided, (format, guard)).await),
        }
    }

    fn prepare<'e, F: Format>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        (delivery, guard): (Delivery, Option<&mut Guard>),
    ) -> Result<(Decided<'e>, F), Failure> {
        let request = F::read(call.body, target).map_err(Failure::invalid)?;
        let prompt = F::prompt(&request, target, &engine.prompt_cache, call.arrived);
        if prompt.tokens > target.id.context_tokens() {
            return Err(Failure::invalid(text::INPUT_TOO_LONG));
        }
        let format = F::new(&Origin { engine, call, target }, &request);
        if guard.as_ref().is_some_and(|guard| guard.blocks_prompt()) {
            return Ok((Decided::blocked(target.profile(&engine.plan, Kind::Chat)), format));
        }
        let ask = F::ask(&request, target);
        let mut decided = self.decide(engine, call, target, (&prompt, Some(ask.max_tokens)), &ask)?;
        let is_streamed = delivery == Delivery::Streamed;
        if let Some(instead) = guard.and_then(|guard| guard.review(&decided.reply, is_streamed)) {
            decided.reply = instead;
        }
        Ok((decided, format))
    }
}

async fn whole<F: Format>(
    engine: &Engine,
    call: &Call<'_>,
    mut decided: Decided<'_>,
    (format, guard): (&F, Option<Guard>),
) -> Response<Body> {
    engine.sleep(call, decided.timing.complete(decided.reply.tokens())).await;
    decided.settlement.generated(decided.usage.output_tokens as u32);
    let body = sign(guard.as_ref(), format.whole(&decided.reply, &decided.usage));
    engine.announce(answered(engine, call, body, decided.counts()), &decided.reply)
}

async fn streamed<F: Format>(
    engine: &Engine,
    call: &Call<'_>,
    decided: Decided<'_>,
    (format, guard): (F, Option<Guard>),
) -> Response<Body> {
    let tokens = decided.reply.tokens();
    let script = FormatScript::new(decided, engine, call, (format, guard));
    let mut timer = engine.sleep(call, script.pace.first());
    (&mut timer).await;
    let mut response = reply::base(engine, call, StatusCode::OK, EVENT_STREAM, engine.play(script, timer));
    response.headers_mut().insert(headers::CONTENT_TYPE, headers::JSON);
    echo(call, &mut response);
    engine.announce(response, &tokens)
}

/// Plays an answer.
struct FormatScript<F> {
    pace: Pace,
    reply: Reply,
    usage: Usage,
    metrics: InvocationMetrics,
    paddings: Draws,
    settlement: Settlement,
    format: F,
    guard: Option<Guard>,
    objects: Vec<Vec<u8>>,
}

impl<F: Format> FormatScript<F> {
    fn new(
        decided: Decided<'_>,
        engine: &Engine,
        call: &Call<'_>,
        (format, guard): (F, Option<Guard>),
    ) -> Self {
        let metrics = decided.metrics();
        let coalescing = decided.profile.coalescing;
        Self {
            pace: Pace::new(call.arrived, decided.timing, coalescing, decided.reply.tokens()),
            reply: decided.reply,
            usage: decided.usage,
            metrics,
            paddings: Draws::from_hash(engine.request_bits(&call.identity).1),
            settlement: decided.settlement,
            format,
            guard,
            objects: Vec::new(),
        }
    }
}

impl<F: Format> Script for FormatScript<F> {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        let moment = Moment { reply: &self.reply, usage: &self.usage, tokens };
        self.format.objects(&moment, &mut self.objects);
        if moment.is_last() {
            self.settlement.generated(self.usage.output_tokens as u32);
            let last = self.objects.pop().map(|last| sign(self.guard.as_ref(), last));
            self.objects.extend(last.map(|last| with_metrics(last, &self.metrics)));
        } else {
            self.settlement.generated(moment.tokens.end);
        }
        for object in self.objects.drain(..) {
            encode_chunk(&object, Padding::drawn(self.paddings.next_u64()), out);
        }
    }
}

/// An answer with what a guardrail did, where one was at work.
fn sign(guard: Option<&Guard>, object: Vec<u8>) -> Vec<u8> {
    match guard {
        Some(guard) => guard.sign(object),
        None => object,
    }
}

/// A JSON object.
pub(super) fn object(value: &impl serde::Serialize) -> Vec<u8> {
    wire::json::to_bytes(value).into()
}
