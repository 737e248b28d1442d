//! `:generateContent`: a whole answer.

use http::Response;
use wire::vertex::error::{Case, Code, Status};
use wire::vertex::generate_content::{
    Candidate, FinishReason, GenerateContentRequest, GenerateContentResponse, GenerationConfig, Part,
    TrafficType, UsageMetadata,
};
use world::http::Body;

use super::failure::Failure;
use super::prompt::Size;
use super::settlement::Settlement;
use super::{Request, Vertex, reply};
use crate::call::{Call, Engine};
use crate::engine::{Answer, Timing};
use crate::profile::{Kind, Profile};
use crate::surface::Surface;

/// The longest prompt, in tokens.
const CONTEXT_TOKENS: u64 = 1_048_576;

/// What is decided about an answer before the first token of it is due.
pub(super) struct Decided<'e> {
    pub(super) profile: &'e Profile,
    pub(super) answer: Answer,
    pub(super) timing: Timing,
    pub(super) usage: UsageMetadata,
    pub(super) traffic: TrafficType,
    pub(super) settlement: Settlement,
}

impl Decided<'_> {
    pub(super) fn finish_reason(&self) -> FinishReason {
        if self.answer.is_cut() { FinishReason::MaxTokens } else { FinishReason::Stop }
    }
}

impl Vertex {
    pub(super) async fn generate(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Failure> {
        let mut decided = self.decide(engine, call, request, model)?;
        engine.sleep(call, decided.timing.complete(decided.answer.tokens())).await;
        decided.settlement.generated(decided.answer.tokens());
        let parts = vec![Part::of_text(decided.answer.text())];
        let answered = GenerateContentResponse {
            candidates: vec![Candidate::of_parts(parts, Some(decided.finish_reason()))],
            usage_metadata: Some(decided.usage.clone()),
            model_version: Some(model.into()),
            create_time: Some(reply::create_time(engine, call).into()),
            response_id: Some(reply::response_id(engine, call).into()),
            prompt_feedback: None,
        };
        Ok(engine.announce(reply::json(engine, answered.to_bytes()), &decided.answer))
    }

    /// Checks a request and decides its answer; the same for both ways of delivery.
    pub(super) fn decide<'e>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Decided<'e>, Failure> {
        let body = GenerateContentRequest::parse(call.body).map_err(|error| Failure::payload(&error))?;
        check(&body, model)?;
        let prompt_tokens = Size::of_request(&body).tokens();
        if prompt_tokens > CONTEXT_TOKENS {
            return Err(Failure::TooLong { used: prompt_tokens, limit: CONTEXT_TOKENS });
        }
        let max_tokens = body.output_token_limit().unwrap_or(max_output_tokens(model));
        let settlement = Settlement::admit(
            (&self.quota, &self.pool),
            request,
            &call.identity,
            prompt_tokens,
            Case::GeminiQuota,
        )?;
        let profile = engine.plan.profile_of(Surface::Vertex, Kind::Chat, model);
        let answer = engine.answer(profile, &call.identity, model, max_tokens);
        let traffic = traffic_of(call);
        let prompt_count = u32::try_from(prompt_tokens).unwrap_or(u32::MAX);
        Ok(Decided {
            profile,
            answer,
            timing: engine.timing(profile, &call.identity, prompt_tokens),
            usage: UsageMetadata::of_text(prompt_count, answer.tokens(), traffic),
            traffic,
            settlement,
        })
    }
}

/// Whose capacity the caller asked for.
fn traffic_of(call: &Call<'_>) -> TrafficType {
    match call.header("x-vertex-ai-llm-shared-request-type") {
        Some("priority") => TrafficType::OnDemandPriority,
        Some("flex") => TrafficType::OnDemandFlex,
        _ => TrafficType::OnDemand,
    }
}

/// The longest answer of a model, in tokens.
fn max_output_tokens(model: &str) -> u32 {
    if model.starts_with("gemini-2.0") { 8_192 } else { 65_536 }
}

fn check(body: &GenerateContentRequest<'_>, model: &str) -> Result<(), Failure> {
    if body.contents.is_empty() {
        return Err(Failure::Parameter("at least one contents field is required.".to_owned()));
    }
    let is_role = |role: &str| matches!(role, "user" | "model" | "function");
    if body.contents.iter().filter_map(|content| content.role.as_deref()).any(|role| !is_role(role)) {
        let message = "Please use a valid role: user, model.";
        return Err(Failure::of(Status::new(Code::InvalidArgument, message)));
    }
    if body.contents.iter().any(|content| content.parts.is_empty()) {
        return Err(Failure::Parameter("it must include at least one parts field.".to_owned()));
    }
    body.generation_config.as_ref().map_or(Ok(()), |config| check_config(config, model))
}

fn check_config(config: &GenerationConfig<'_>, model: &str) -> Result<(), Failure> {
    let end = max_output_tokens(model) + 1;
    let out_of_range = |name: &str, value: &dyn std::fmt::Display, range: &str| {
        let reason = format!(
            "it has a {name} value of {value} but the supported range is {range}. Update the value and try again."
        );
        Err(Failure::Parameter(reason))
    };
    if let Some(tokens) = config.max_output_tokens.filter(|tokens| !(1..end).contains(tokens)) {
        let range = format!("from 1 (inclusive) to {end} (exclusive)");
        return out_of_range("maxOutputTokens", &tokens, &range);
    }
    if let Some(value) = config.temperature.filter(|value| !(0.0..=2.0).contains(value)) {
        return out_of_range("temperature", &value, "from 0 (inclusive) to 2.0 (inclusive)");
    }
    if let Some(value) = config.top_p.filter(|value| !(0.0..=1.0).contains(value)) {
        return out_of_range("topP", &value, "from 0 (inclusive) to 1.0 (inclusive)");
    }
    Ok(())
}
