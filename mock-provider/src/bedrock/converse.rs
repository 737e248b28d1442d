//! Converse: a whole answer.

use http::Response;
use wire::bedrock::converse::{ContentBlock, Request, Response as Answered, StopReason, Usage};
use wire::bedrock::error::text;
use world::http::Body;

use super::failure::Failure;
use super::settlement::Settlement;
use super::target::Target;
use super::{Bedrock, prompt, reply};
use crate::call::{Call, Engine};
use crate::engine::{Answer, Timing};
use crate::profile::{Kind, Profile};

/// The longest prompt of the models served, in tokens.
const CONTEXT_TOKENS: u64 = 200_000;

/// What is decided about an answer before the first token of it is due.
pub(super) struct Decided<'p> {
    pub(super) profile: &'p Profile,
    pub(super) answer: Answer,
    pub(super) timing: Timing,
    pub(super) usage: Usage,
    pub(super) settlement: Settlement,
}

impl Decided<'_> {
    /// Milliseconds from the request to the end of the answer.
    pub(super) fn latency_ms(&self) -> u64 {
        u64::try_from(self.timing.complete(self.answer.tokens()).as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn stop_reason(&self) -> StopReason<'static> {
        if self.answer.is_cut() { StopReason::MaxTokens } else { StopReason::EndTurn }
    }
}

impl Bedrock {
    pub(super) async fn converse(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut decided = self.decide_converse(engine, call, target)?;
        engine.sleep(call, decided.timing.complete(decided.answer.tokens())).await;
        decided.settlement.generated(decided.answer.tokens());
        let content = vec![ContentBlock::Text(decided.answer.text().into())];
        let answered = Answered::new(content, decided.stop_reason(), decided.usage, decided.latency_ms());
        Ok(engine.announce(reply::json(engine, call, answered.to_bytes()), &decided.answer))
    }

    /// Checks a Converse request and decides its answer; the same for both ways of delivery.
    pub(super) fn decide_converse<'e>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Decided<'e>, Failure> {
        if !target.family.converses() {
            return Err(Failure::invalid(text::UNSUPPORTED_ACTION));
        }
        let request = Request::parse(call.body)
            .map_err(|error| Failure::invalid(text::malformed_input(&error.to_string())))?;
        if let Some(problem) = request.problem() {
            return Err(Failure::invalid(problem));
        }
        let prompt_tokens = prompt::tokens_of(&request);
        let max_tokens = self.check_lengths(target, prompt_tokens, request.max_tokens())?;
        self.decide(engine, call, target, prompt_tokens, (request.max_tokens(), max_tokens))
    }

    fn check_lengths(
        &self,
        target: &Target<'_>,
        prompt_tokens: u64,
        asked: Option<u32>,
    ) -> Result<u32, Failure> {
        let limit = target.max_output_tokens();
        let max_tokens = asked.unwrap_or(limit);
        if max_tokens > limit {
            return Err(Failure::invalid(format!(
                "The maximum tokens you requested exceeds the model limit of {limit}. Try again with a maximum tokens \
                 value that is lower than {limit}."
            )));
        }
        if prompt_tokens > CONTEXT_TOKENS {
            return Err(Failure::invalid(text::INPUT_TOO_LONG));
        }
        Ok(max_tokens)
    }

    /// Reserves the quota and decides the answer of a chat. `asked` is what the caller said of the length,
    /// `allowed` what holds.
    pub(super) fn decide<'e>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        prompt_tokens: u64,
        (asked, allowed): (Option<u32>, u32),
    ) -> Result<Decided<'e>, Failure> {
        let settlement = Settlement::reserve(&self.quota, target, prompt_tokens, asked)?;
        let profile = target.profile(&engine.plan, Kind::Chat);
        let answer = engine.answer(profile, &call.identity, target.id.base(), allowed);
        Ok(Decided {
            profile,
            answer,
            timing: engine.timing(profile, &call.identity, prompt_tokens),
            usage: Usage::new(prompt_tokens, u64::from(answer.tokens())),
            settlement,
        })
    }
}
