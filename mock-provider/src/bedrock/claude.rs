//! Claude through InvokeModel, whole or as events in frames: the Messages API behind Bedrock's door.

use bytes::BytesMut;
use http::{Response, StatusCode};
use wire::anthropic::messages::Usage;
use wire::anthropic::stream::EventWriter;
use wire::bedrock::headers::{self, EVENT_STREAM, InvocationCounts};
use wire::bedrock::invoke_stream::{InvocationMetrics, encode_chunk};
use wire::bedrock::model::claude_name;
use wire::bedrock::stream_frame::Padding;
use world::Draws;
use world::http::Body;

use super::decide::milliseconds;
use super::failure::Failure;
use super::guardrail::{self, Guard};
use super::settlement::Settlement;
use super::target::Target;
use super::{Bedrock, invoke, reply};
use crate::anthropic::messages::{Asked, Carrier, Home, Meter, Model, Refusal, Turn};
use crate::call::{Call, Engine};
use crate::profile::Kind;

impl Bedrock {
    pub(super) async fn claude(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        mut guard: Option<Guard>,
    ) -> Result<Response<Body>, Failure> {
        let mut turn = self.decide_claude(engine, call, target, (guard.as_mut(), false))?;
        engine.sleep(call, turn.complete()).await;
        let counts = InvocationCounts {
            input_tokens: turn.usage().input_tokens.into(),
            output_tokens: Some(turn.usage().output_tokens.into()),
            cache: cache_counts(turn.usage()),
            latency_ms: milliseconds(turn.complete()),
        };
        let message = match &guard {
            Some(guard) => guard.sign(turn.message().into()).into(),
            None => turn.message(),
        };
        let response = invoke::answered(engine, call, message, counts);
        Ok(engine.announce(response, &turn))
    }

    pub(super) async fn claude_stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        mut guard: Option<Guard>,
    ) -> Result<Response<Body>, Failure> {
        let turn = self.decide_claude(engine, call, target, (guard.as_mut(), true))?;
        let mut timer = engine.sleep(call, turn.first());
        (&mut timer).await;
        let response = reply::base(engine, call, StatusCode::OK, EVENT_STREAM, Body::empty());
        let mut response = engine.announce(response, &turn);
        response.headers_mut().insert(headers::CONTENT_TYPE, headers::JSON);
        invoke::echo(call, &mut response);
        let chunks = Chunks::of(&turn, engine, call, guard);
        *response.body_mut() = turn.play(engine, chunks, timer);
        Ok(response)
    }

    /// Checks a request and decides its answer; the same for both ways of delivery.
    fn decide_claude(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        (guard, is_streamed): (Option<&mut Guard>, bool),
    ) -> Result<Turn<Settlement>, Failure> {
        let model = model_of(target);
        let asked = Asked::parse(Home::Bedrock, call.body)?;
        let request = asked.check(&model, (&engine.prompt_cache, target.region), call.arrived)?;
        let profile = target.profile(&engine.plan, Kind::Chat);
        if guard.as_ref().is_some_and(|guard| guard.blocks_prompt()) {
            let (of, said) = ((Home::Bedrock, &model), (Guard::blocked(), guardrail::DELAY));
            return Ok(Turn::unasked((engine, call, profile), of, &request, said, Settlement::free()));
        }
        let held = (request.prompt_tokens(), request.cached);
        let settlement = Settlement::reserve(&self.quota, target, held, Some(request.max_tokens()))?;
        let of = (Home::Bedrock, &model, target.id.base());
        let mut turn = Turn::decide((engine, call, profile), of, &request, settlement);
        if let Some(instead) = guard.and_then(|guard| guard.review(turn.reply(), is_streamed)) {
            turn.replace(instead);
        }
        Ok(turn)
    }
}

/// The model by the vendor's name, within the lengths that Bedrock allows.
fn model_of<'t>(target: &Target<'t>) -> Model<'t> {
    let name = claude_name(target.id.base());
    Model { name, max_tokens: target.max_output_tokens(), ..Model::named(name) }
}

/// The tokens of a prompt for Claude, in the vendor's format.
pub(super) fn prompt_tokens(body: &[u8], target: &Target<'_>) -> Result<u64, Failure> {
    Ok(Asked::parse(Home::Bedrock, body)?.count(model_of(target).name))
}

impl Meter for Settlement {
    fn generated(&mut self, tokens: u32) {
        Self::generated(self, tokens);
    }
}

impl From<Refusal> for Failure {
    fn from(Refusal(message): Refusal) -> Self {
        Self::invalid(message)
    }
}

/// Events, base64 in frames; the last one says what the invocation took.
struct Chunks {
    metrics: InvocationMetrics,
    guard: Option<Guard>,
    paddings: Draws,
    scratch: BytesMut,
}

impl Chunks {
    fn of(turn: &Turn<Settlement>, engine: &Engine, call: &Call<'_>, guard: Option<Guard>) -> Self {
        Self {
            guard,
            metrics: InvocationMetrics {
                input_token_count: turn.usage().input_tokens.into(),
                output_token_count: turn.usage().output_tokens.into(),
                invocation_latency: milliseconds(turn.complete()),
                first_byte_latency: milliseconds(turn.first()),
                cache_read_input_token_count: turn.usage().cache_read_input_tokens.map(Into::into),
                cache_write_input_token_count: turn.usage().cache_creation_input_tokens.map(Into::into),
            },
            paddings: Draws::from_hash(engine.request_bits(&call.identity).1),
            scratch: BytesMut::new(),
        }
    }

    fn send(&mut self, object: &[u8], out: &mut BytesMut) {
        encode_chunk(object, Padding::drawn(self.paddings.next_u64()), out);
    }
}

impl Carrier for Chunks {
    const PINGS: bool = false;

    fn say(&mut self, out: &mut BytesMut, write: impl FnOnce(EventWriter, &mut BytesMut)) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        write(EventWriter::Bare, &mut scratch);
        self.send(&scratch, out);
        self.scratch = scratch;
    }

    fn stop(&mut self, out: &mut BytesMut) {
        let mut last = BytesMut::new();
        EventWriter::Bare.measured_message_stop(&self.metrics, &mut last);
        match &self.guard {
            Some(guard) => {
                let signed = guard.sign(last.into());
                self.send(&signed, out);
            }
            None => self.send(&last, out),
        }
    }
}

/// Tokens read and written; Bedrock tells them where a request had to do with the cache.
fn cache_counts(usage: &Usage<'_>) -> Option<(u64, u64)> {
    let (read, written) = (usage.cache_read_input_tokens?, usage.cache_creation_input_tokens?);
    Some((read.into(), written.into()))
}
