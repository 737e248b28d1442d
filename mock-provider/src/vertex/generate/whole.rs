//! `:generateContent`: a whole answer.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Response;
use wire::vertex::cached_contents::CachedContent;
use wire::vertex::generate_content::{
    BlockReason, GenerateContentRequest, GenerateContentResponse, Modality, ModalityTokenCount, TrafficType,
    UsageMetadata,
};
use world::Instant;
use world::http::Body;

use super::ask::Schemas;
use super::blocking::{self, Blocked};
use super::caches::Cache;
use super::checks::{self, max_output_tokens};
use super::logprobs::Logprobs;
use super::manner::{Delivery, Manner};
use super::pictures;
use super::prompt::{self, Size, reader, saturated};
use crate::call::{Call, Engine, Length};
use crate::engine::prompt::{Cached, PromptCache, Reader};
use crate::engine::reply::Reply;
use crate::engine::{Timing, latency};
use crate::profile::{Kind, Profile};
use crate::surface::Surface;
use crate::vertex::Vertex;
use crate::vertex::front::{Counted, Failure, Request, Settlement, reply, traffic_of};

/// The longest prompt, in tokens.
const CONTEXT_TOKENS: u64 = 1_048_576;

/// What is decided about an answer before the first token of it is due.
pub(super) struct Decided<'e> {
    pub(super) profile: &'e Profile,
    /// One for each candidate.
    pub(super) replies: Vec<Reply>,
    pub(super) manner: Manner,
    pub(super) blocked: Blocked,
    pub(super) timing: Timing,
    pub(super) usage: UsageMetadata,
    pub(super) traffic: TrafficType,
    pub(super) settlement: Settlement,
}

impl Decided<'_> {
    /// Tokens of the longest candidate: they are made side by side.
    pub(super) fn longest(&self) -> u32 {
        self.replies.iter().map(Reply::tokens).max().unwrap_or(1)
    }
}

impl Length for Decided<'_> {
    fn tokens(&self) -> u32 {
        self.replies.iter().map(Reply::tokens).fold(0, u32::saturating_add)
    }
}

impl Vertex {
    pub(in crate::vertex) async fn generate(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Failure> {
        let mut decided = self.decide(engine, call, request, model)?;
        if let Blocked::Prompt(reason) = decided.blocked {
            engine.sleep(call, decided.timing.first()).await;
            let head = Head::of(engine, call, model);
            let body = blocked_prompt(reason, &decided.usage, &head).to_bytes();
            return Ok(reply::json(engine, body));
        }
        let drawn = if decided.manner.pictures.is_empty() { 0 } else { pictures::PICTURE_TOKENS };
        engine.sleep(call, decided.timing.complete(decided.longest().saturating_add(drawn))).await;
        decided.settlement.generated(decided.tokens());
        let body = whole(&decided, &Head::of(engine, call, model));
        Ok(engine.announce(reply::json(engine, body), &decided))
    }

    /// Checks a request and decides its answer; the same for both ways of delivery.
    pub(super) fn decide<'e>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Decided<'e>, Failure> {
        let body = GenerateContentRequest::parse(call.body)
            .map_err(|_| Failure::payload::<GenerateContentRequest<'_>>(call.body))?;
        checks::check(&body, model)?;
        let cache = self.cache_of(engine, request, &body, model)?;
        let cached = cache.as_deref().and_then(Cache::content);
        let size = cache.as_deref().map(Cache::size);
        let reader = reader(engine, request, call, (model, size.is_some()));
        let prompt = Prompt::of(&body, size, reader, (&engine.prompt_cache, call.arrived));
        if prompt.size.tokens() > CONTEXT_TOKENS {
            return Err(Failure::TooLong { used: prompt.size.tokens(), limit: CONTEXT_TOKENS });
        }
        let schemas = Schemas::read(&body, cached.as_ref())?;
        let mut manner = Manner::of(&body);
        self.draw_pictures(call, &body, model, &mut manner)?;
        let settlement = Settlement::admit(
            (&self.quota, &self.pool),
            request,
            &call.identity,
            prompt.size.tokens(),
            Counted::of_gemini(call),
        )?;
        let profile = engine.plan.profile_of(Surface::Vertex, Kind::Chat, model);
        let replies =
            self.replies(engine, call, (&body, cached.as_ref(), &schemas), (profile, model), &mut manner);
        let longest = replies.iter().map(Reply::tokens).max().unwrap_or(0);
        let blocked = Blocked::of(&body);
        let traffic = traffic_of(call);
        let timing = engine.timing_of(profile, &call.identity, prompt.to_read(), longest);
        engine.prompt_cache.keep(&prompt.reader, call.arrived, timing.first());
        Ok(Decided {
            profile,
            timing,
            usage: prompt.usage(&replies, blocked, (&manner, traffic)),
            replies,
            manner,
            blocked,
            traffic,
            settlement,
        })
    }

    /// An answer for each candidate, and what is shown beside their texts.
    fn replies(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        (body, cached, schemas): (&GenerateContentRequest<'_>, Option<&CachedContent<'_>>, &Schemas<'_>),
        (profile, model): (&Profile, &str),
        manner: &mut Manner,
    ) -> Vec<Reply> {
        let max_tokens = body.output_token_limit().unwrap_or(max_output_tokens(model));
        let mut ask = schemas.ask(body, cached, (model, max_tokens));
        if ask.thinking.is_some() || (model.starts_with("gemini-3") && !ask.tools.is_empty()) {
            manner.signature = Some(signature(engine, call));
        }
        let config = body.generation_config.as_ref();
        if config.is_some_and(|config| config.response_logprobs == Some(true)) {
            let top = config.and_then(|config| config.logprobs).unwrap_or(0) as usize;
            manner.logprobs = Some(Logprobs { domain: self.logprobs, key: call.identity.content, top });
        }
        let candidates = config.and_then(|config| config.candidate_count).unwrap_or(1);
        let mut reply = |candidate| {
            ask.candidate = candidate;
            engine.reply(profile, &call.identity, &ask)
        };
        (0..candidates).map(&mut reply).collect()
    }

    /// Draws the pictures that are asked for, before the quota is touched: a model that cannot refuses.
    fn draw_pictures(
        &self,
        call: &Call<'_>,
        body: &GenerateContentRequest<'_>,
        model: &str,
        manner: &mut Manner,
    ) -> Result<(), Failure> {
        let config = body.generation_config.as_ref();
        let Some(size) = pictures::asked_for(config, model)? else { return Ok(()) };
        let seed =
            |index: u32| self.pictures.hash(&[&call.identity.content.to_le_bytes(), &index.to_le_bytes()]);
        let candidates = config.and_then(|config| config.candidate_count).unwrap_or(1);
        manner.pictures = (0..candidates).map(|index| pictures::png_base64(size, seed(index))).collect();
        Ok(())
    }

    /// The cache that a request goes on from.
    fn cache_of(
        &self,
        engine: &Engine,
        request: &Request<'_>,
        body: &GenerateContentRequest<'_>,
        model: &str,
    ) -> Result<Option<Arc<Cache>>, Failure> {
        let Some(name) = body.cached_content.as_deref() else { return Ok(None) };
        self.caches.use_of(engine.clock.unix_micros(), request, name, (body, model)).map(Some)
    }
}

/// What a request brings to the model.
struct Prompt {
    /// All of it.
    size: Size,
    /// What came out of a cache that the request names.
    named: Option<Size>,
    /// What the model has read lately, where it keeps that by itself.
    implicit: Cached,
    reader: Reader,
}

impl Prompt {
    /// The prompt of a request that arrived at `now`, to be read by `reader`.
    fn of(
        body: &GenerateContentRequest<'_>,
        named: Option<Size>,
        mut reader: Reader,
        (cache, now): (&PromptCache, Instant),
    ) -> Self {
        let own = Size::of_request(body, &mut reader);
        let size = named.map_or(own, |named| named.with(own));
        Self { size, named, implicit: cache.look_up(&reader, now), reader }
    }

    /// What the model has to read; what a cache keeps it has read already.
    fn to_read(&self) -> latency::Prompt {
        let cached = self.named.map_or(self.implicit.read, |named| named.tokens());
        latency::Prompt { tokens: self.size.tokens(), cached }
    }

    fn usage(
        &self,
        replies: &[Reply],
        blocked: Blocked,
        (manner, traffic): (&Manner, TrafficType),
    ) -> UsageMetadata {
        let prompt = saturated(self.size.tokens());
        if matches!(blocked, Blocked::Prompt(_)) {
            return UsageMetadata {
                prompt_token_count: prompt,
                total_token_count: prompt,
                traffic_type: Some(traffic),
                ..UsageMetadata::default()
            };
        }
        let thoughts = replies.iter().map(Reply::thinking_tokens).fold(0, u32::saturating_add);
        let said = replies.iter().map(Reply::tokens).fold(0, u32::saturating_add) - thoughts;
        let mut usage = UsageMetadata::of_text(prompt, said, traffic).with_thoughts(thoughts);
        usage.prompt_tokens_details = self.size.details();
        let token_count = manner.pictures.len() as u32 * pictures::PICTURE_TOKENS;
        if token_count > 0 {
            usage.candidates_token_count += token_count;
            usage.total_token_count += token_count;
            let drawn = ModalityTokenCount { modality: Modality::Image, token_count };
            usage.candidates_tokens_details.push(drawn);
        }
        if let Some(named) = self.named {
            usage.cached_content_token_count = saturated(named.tokens());
            usage.cache_tokens_details = named.details();
        } else if self.implicit.read > 0 {
            usage.cached_content_token_count = saturated(self.implicit.read);
            usage.cache_tokens_details = vec![prompt::count(Modality::Text, self.implicit.read)];
        }
        usage
    }
}

/// What every body of one answer says of it.
pub(super) struct Head<'a> {
    pub(super) model: &'a str,
    pub(super) create_time: String,
    pub(super) response_id: String,
}

impl<'a> Head<'a> {
    pub(super) fn of(engine: &Engine, call: &Call<'_>, model: &'a str) -> Self {
        Self {
            model,
            create_time: reply::create_time(engine, call),
            response_id: reply::response_id(engine, call),
        }
    }

    /// An answer with nothing in it yet.
    fn response(&self, usage: UsageMetadata) -> GenerateContentResponse<'_> {
        GenerateContentResponse {
            usage_metadata: Some(usage),
            model_version: Some(self.model.into()),
            create_time: Some(self.create_time.as_str().into()),
            response_id: Some(self.response_id.as_str().into()),
            ..GenerateContentResponse::default()
        }
    }
}

/// The answer to a prompt that is blocked.
pub(super) fn blocked_prompt<'h>(
    reason: BlockReason,
    usage: &UsageMetadata,
    head: &'h Head<'_>,
) -> GenerateContentResponse<'h> {
    let prompt_feedback = Some(blocking::feedback(reason));
    GenerateContentResponse { prompt_feedback, ..head.response(usage.clone()) }
}

fn whole(decided: &Decided<'_>, head: &Head<'_>) -> bytes::Bytes {
    if let Some(reason) = decided.blocked.finish_reason() {
        let mut usage = decided.usage.clone();
        usage.total_token_count -= usage.candidates_token_count;
        (usage.candidates_token_count, usage.candidates_tokens_details) = (0, Vec::new());
        let withheld = |index| blocking::withheld(index as u32, reason);
        let candidates = (0..decided.replies.len()).map(withheld).collect();
        return GenerateContentResponse { candidates, ..head.response(usage) }.to_bytes();
    }
    let replies = decided.replies.iter().enumerate();
    let candidates = replies
        .map(|(index, reply)| decided.manner.candidate((index, reply), 0..reply.tokens(), Delivery::Whole))
        .collect();
    GenerateContentResponse { candidates, ..head.response(decided.usage.clone()) }.to_bytes()
}

/// Opaque to everybody: base64 of 48 bytes.
fn signature(engine: &Engine, call: &Call<'_>) -> String {
    let (high, low) = engine.request_bits(&call.identity);
    let words = [high, low, high ^ low, high.rotate_left(17), low.rotate_left(29), high.wrapping_add(low)];
    BASE64_STANDARD.encode(words.map(u64::to_be_bytes).concat())
}
