//! Converse and ConverseStream: one request, one answer, two ways of delivery.

mod ask;
mod blocked;
mod content;
mod fields;
mod stream;

use http::{Response, StatusCode};
use wire::bedrock::converse::{Request, Response as Answered, StopReason};
use wire::bedrock::error::text;
use wire::bedrock::headers::EVENT_STREAM;
use wire::bedrock::model::Family;
use wire::json::Raw;
use world::http::Body;

use super::decide::Decided;
use super::failure::Failure;
use super::guardrail::Verdict;
use super::target::Target;
use super::{Bedrock, guardrail, prompt, reply};
use crate::call::{Call, Engine};
use crate::engine::ask::Ask;
use crate::engine::reply::Stop;
use stream::ConverseScript;

/// A checked request and what is decided about its answer.
struct Conversation<'e, 'c> {
    request: Request<'c>,
    decided: Decided<'e>,
    /// What the guardrail makes of it, where the request names one.
    verdict: Option<Verdict>,
    /// The members of the model's own answer that the request asked for, in JSON.
    fields: Option<String>,
    /// An answer that is cut is cut because nothing more fits into the model's window.
    ends_at_window: bool,
}

/// What comes of a request whose words the guardrail has read.
enum Outcome<'e, 'c> {
    Answered(Box<Conversation<'e, 'c>>),
    /// The model never saw it.
    Blocked(Box<(Request<'c>, Verdict)>),
}

impl Bedrock {
    pub(super) async fn converse(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut conversation = match self.decide_converse(engine, call, target)? {
            Outcome::Answered(conversation) => conversation,
            Outcome::Blocked(blocked) => {
                return Ok(blocked::whole(engine, call, &blocked.0, &blocked.1).await);
            }
        };
        let decided = &mut conversation.decided;
        engine.sleep(call, decided.timing.complete(decided.reply.tokens())).await;
        decided.settlement.generated(decided.reply.tokens());
        let body = conversation.answered(engine, call);
        Ok(engine.announce(reply::json(engine, call, body), &conversation.decided.reply))
    }

    pub(super) async fn converse_stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let conversation = match self.decide_converse(engine, call, target)? {
            Outcome::Answered(conversation) => conversation,
            Outcome::Blocked(blocked) => {
                return Ok(blocked::stream(engine, call, &blocked.0, &blocked.1).await);
            }
        };
        let tokens = conversation.decided.reply.tokens();
        let script = ConverseScript::new(*conversation, engine, call, target);
        // The head comes with the first token, as from the service.
        let mut timer = engine.sleep(call, script.first());
        (&mut timer).await;
        let body = engine.play(script, timer);
        Ok(engine.announce(reply::base(engine, call, StatusCode::OK, EVENT_STREAM, body), &tokens))
    }

    /// Checks a request and decides its answer; the same for both ways of delivery.
    fn decide_converse<'e, 'c>(
        &self,
        engine: &'e Engine,
        call: &Call<'c>,
        target: &Target<'_>,
    ) -> Result<Outcome<'e, 'c>, Failure> {
        if !target.family.converses() {
            return Err(Failure::invalid(text::UNSUPPORTED_ACTION));
        }
        let request = Request::parse(call.body)
            .map_err(|error| Failure::invalid(text::malformed_input(&error.to_string())))?;
        if let Some(problem) = request.problem().or_else(|| request.unsupported(target.abilities())) {
            return Err(Failure::invalid(problem));
        }
        let prompt = prompt::of(&request, target, &engine.prompt_cache, call.arrived);
        let allowed = Allowed::of(target, prompt.tokens, request.max_tokens())?;
        let verdict = guardrail::judge(&request);
        if let Some(verdict) = verdict.as_ref().filter(|verdict| verdict.blocks_prompt()) {
            let verdict = verdict.clone();
            return Ok(Outcome::Blocked(Box::new((request, verdict))));
        }
        let asked = request.max_tokens();
        let mut decided =
            self.decide(engine, call, target, (&prompt, asked), &ask(&request, target, allowed.tokens))?;
        if target.family == Family::Nova {
            decided.usage = decided.usage.of_nova();
        }
        let fields = fields::of(&request, target, &decided);
        let ends_at_window = allowed.by_window;
        Ok(Outcome::Answered(Box::new(Conversation { request, decided, verdict, fields, ends_at_window })))
    }
}

/// The length that holds for an answer.
struct Allowed {
    tokens: u32,
    /// It is what the prompt leaves of the model's window.
    by_window: bool,
}

impl Allowed {
    fn of(target: &Target<'_>, prompt: u64, asked: Option<u32>) -> Result<Self, Failure> {
        let limit = target.max_output_tokens();
        let tokens = asked.unwrap_or(limit);
        if tokens > limit {
            return Err(Failure::invalid(format!(
                "The maximum tokens you requested exceeds the model limit of {limit}. Try again with a maximum tokens \
                 value that is lower than {limit}."
            )));
        }
        let window = target.id.context_tokens();
        if prompt > window {
            return Err(Failure::invalid(text::INPUT_TOO_LONG));
        }
        let room = window - prompt;
        if u64::from(tokens) <= room {
            return Ok(Self { tokens, by_window: false });
        }
        // Claude minds what was asked for; the others end where their window ends.
        if target.family == Family::Claude && asked.is_some() {
            return Err(Failure::invalid(text::model_returned(&format!(
                "input length and `max_tokens` exceed context limit: {prompt} + {tokens} > {window}, decrease input \
                 length or `max_tokens` and try again"
            ))));
        }
        Ok(Self { tokens: u32::try_from(room).unwrap_or(tokens).max(1), by_window: true })
    }
}

impl Conversation<'_, '_> {
    /// The verdict that replaces the model's answer, if one does.
    fn intervention(&self) -> Option<&Verdict> {
        self.verdict.as_ref().filter(|verdict| verdict.blocks_answer())
    }

    fn stop_reason(&self) -> StopReason<'static> {
        match self.intervention() {
            Some(_) => StopReason::GuardrailIntervened,
            None if self.ends_at_window && *self.decided.reply.stop() == Stop::MaxTokens => {
                StopReason::ModelContextWindowExceeded
            }
            None => stop_reason(self.decided.reply.stop()),
        }
    }

    fn answered(&self, engine: &Engine, call: &Call<'_>) -> bytes::Bytes {
        let Decided { reply, usage, .. } = &self.decided;
        let content = match self.intervention() {
            Some(_) => vec![guardrail::BLOCKED_MESSAGE.into()],
            None => content::owned(reply, &content::Thoughts::of(engine, call, &self.request, reply)),
        };
        let blocks = content.iter().map(content::Said::block).collect();
        let mut answered = Answered::new(blocks, self.stop_reason(), *usage, self.decided.latency_ms());
        answered.performance_config = self.request.performance_config.clone();
        answered.service_tier = self.request.service_tier.clone();
        let trace = self.trace();
        answered.trace = raw(trace.as_deref());
        answered.additional_model_response_fields = raw(self.fields.as_deref());
        answered.to_bytes()
    }

    fn trace(&self) -> Option<String> {
        let verdict = self.verdict.as_ref().filter(|verdict| verdict.is_traced())?;
        Some(verdict.trace(&self.decided.reply.text()).to_json())
    }
}

/// What a conversation asks, for an answer of at most `allowed` tokens.
pub(super) fn ask<'r>(request: &'r Request<'_>, target: &Target<'r>, allowed: u32) -> Ask<'r> {
    ask::of(request, target, allowed, ask::schema(request))
}

/// Why an answer ends, in Converse's words.
pub(super) fn stop_reason(stop: &Stop) -> StopReason<'static> {
    match stop {
        Stop::End => StopReason::EndTurn,
        Stop::MaxTokens => StopReason::MaxTokens,
        Stop::StopSequence(_) => StopReason::StopSequence,
        Stop::ToolUse => StopReason::ToolUse,
    }
}

/// JSON of our own making.
fn raw(json: Option<&str>) -> Option<Raw<'_>> {
    json.and_then(|json| Raw::parse(json).ok())
}
