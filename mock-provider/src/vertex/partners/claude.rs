//! Claude on Vertex AI: `:rawPredict` and `:streamRawPredict` with the body and the answer of Anthropic's own API.
//!
//! The platform's errors (no credentials, no quota, no such model) are Google's; the model's are Anthropic's.

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode};
use wire::anthropic::error::{Case as ModelCase, Particulars};
use wire::anthropic::messages::TokenCount;
use wire::anthropic::stream;
use wire::vertex::error::Case;
use world::http::Body;

use crate::anthropic::id;
use crate::anthropic::messages::{Asked, Home, Meter, Model, Refusal, Sse, Turn};
use crate::call::{Call, Engine};
use crate::profile::Kind;
use crate::surface::Surface;
use crate::vertex::Vertex;
use crate::vertex::front::{Counted, Failure, Request, Settlement, reply};
use crate::vertex::models::garden;

/// How long a count takes: no model is asked. Our assumption.
const COUNT_DELAY: Duration = Duration::from_millis(30);
/// How long the model takes to refuse. Our assumption.
const REFUSAL_DELAY: Duration = Duration::from_millis(10);
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What is asked of Claude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vertex) enum ClaudeCall<'a> {
    /// `models/{model}:rawPredict`: a whole message.
    Message(&'a str),
    /// `models/{model}:streamRawPredict`: its events.
    Stream(&'a str),
    /// `models/count-tokens:rawPredict`: the body names the model, which nobody has checked.
    CountTokens,
}

/// Why Claude does not answer.
enum Refused {
    /// The platform refuses.
    Platform(Failure),
    /// The model does.
    Model(Refusal),
}

impl Vertex {
    /// Answers for a model that is listed; `Err` where the platform refuses in Google's words.
    pub(in crate::vertex) async fn claude(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        asked: ClaudeCall<'_>,
    ) -> Result<Response<Body>, Failure> {
        let answered = match asked {
            ClaudeCall::Message(model) => self.claude_message(engine, call, request, model).await,
            ClaudeCall::Stream(model) => self.claude_stream(engine, call, request, model).await,
            ClaudeCall::CountTokens => count_tokens(engine, call).await,
        };
        match answered {
            Ok(response) => Ok(response),
            Err(Refused::Platform(failure)) => Err(failure),
            Err(Refused::Model(refusal)) => {
                engine.sleep(call, REFUSAL_DELAY).await;
                Ok(refused(engine, call, &refusal))
            }
        }
    }

    async fn claude_message(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Refused> {
        let mut turn = self.decide_claude(engine, call, request, model)?;
        engine.sleep(call, turn.complete()).await;
        let response = reply::base(engine, StatusCode::OK, JSON, Body::full(turn.message()));
        Ok(engine.announce(response, &turn))
    }

    async fn claude_stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        model: &str,
    ) -> Result<Response<Body>, Refused> {
        const EVENTS: HeaderValue = HeaderValue::from_static(stream::CONTENT_TYPE);
        let turn = self.decide_claude(engine, call, request, model)?;
        let mut timer = engine.sleep(call, turn.first());
        (&mut timer).await;
        let response = reply::base(engine, StatusCode::OK, EVENTS, Body::empty());
        let mut response = engine.announce(response, &turn);
        *response.body_mut() = turn.play(engine, Sse, timer);
        Ok(response)
    }

    fn decide_claude(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        id: &str,
    ) -> Result<Turn<Settlement>, Refused> {
        let name = vendor_name(id);
        let model = Model::named(&name);
        let location = request.path.scope.as_ref().map_or("", |scope| &scope.location);
        let cache = (&engine.prompt_cache, location);
        let asked = Asked::parse(Home::Vertex, call.body)?.check(&model, cache, call.arrived)?;
        let settlement = Settlement::admit(
            (&self.quota, &self.pool),
            request,
            &call.identity,
            asked.prompt_tokens() - asked.cached.read,
            Counted::Claude,
        )?;
        let profile = engine.plan.profile_of(Surface::Vertex, Kind::Chat, id);
        let of = (Home::Vertex, &model, id);
        Ok(Turn::decide((engine, call, profile), of, &asked, settlement))
    }
}

async fn count_tokens(engine: &Engine, call: &Call<'_>) -> Result<Response<Body>, Refused> {
    let asked = Asked::parse(Home::Vertex, call.body)?;
    let id = asked.model().ok_or_else(|| Refusal("model: Field required".to_owned()))?;
    if !garden::is_served(engine, "anthropic", id, Kind::Chat) {
        return Err(Failure::Case(Case::ModelNotFound).into());
    }
    let name = vendor_name(id);
    asked.check_prompt(&Model::named(&name))?;
    engine.sleep(call, COUNT_DELAY).await;
    let input_tokens = u32::try_from(asked.count(&name)).unwrap_or(u32::MAX);
    Ok(reply::base(engine, StatusCode::OK, JSON, Body::full(TokenCount { input_tokens }.to_bytes())))
}

/// What Anthropic calls a model of Google's catalogue: `claude-sonnet-4-5-20250929`.
fn vendor_name(id: &str) -> String {
    id.replace("-v2@", "@").replace('@', "-")
}

/// The model's own error.
fn refused(engine: &Engine, call: &Call<'_>, Refusal(reason): &Refusal) -> Response<Body> {
    let request_id = id::of("req_vrtx_01", engine.request_bits(&call.identity));
    let of = Particulars { reason, request_id: &request_id, ..Particulars::default() };
    let body = ModelCase::InvalidRequest.error(&of).to_bytes();
    reply::base(engine, StatusCode::BAD_REQUEST, JSON, Body::full(body))
}

impl Meter for Settlement {
    fn generated(&mut self, tokens: u32) {
        Self::generated(self, tokens);
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Model(refusal)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Platform(failure)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_model_has_anthropics_name_in_its_answers() {
        for (id, name) in [
            ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929"),
            ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet-20241022"),
            ("claude-opus-4-6", "claude-opus-4-6"),
        ] {
            assert_eq!(super::vendor_name(id), name);
        }
    }
}
