//! Chat in OpenAI's shape, `endpoints/openapi/chat/completions`.
//!
//! What is said and how it is streamed is the OpenAI surface's own; the platform's checks and errors are Google's.

use std::borrow::Cow;

use http::{HeaderValue, Response, StatusCode};
use wire::openai::chat::ChatRequest;
use wire::openai::error::ErrorDetail;
use wire::vertex::error::{Case, Particulars};
use world::http::Body;

use super::Vertex;
use super::front::{Counted, Failure, Request, Settlement, reply, traffic_of};
use super::generate::prompt;
use super::models::garden;
use crate::call::{Call, Engine, Length};
use crate::openai::chat::{self, Answer, Meter, Terms, UsageForm};
use crate::openai::model::Model;
use crate::openai::prompt::Prompt;
use crate::profile::Kind;
use crate::surface::Surface;

/// Prompt and answer together, and an answer alone, in tokens.
const GEMINI_SIZE: (u32, u32) = (1_048_576, 65_536);
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// Who answers, and how the answer names it.
pub(super) struct Speaker<'a> {
    /// In the platform's list.
    pub(super) model: &'a str,
    /// In the answer.
    pub(super) served: Cow<'a, str>,
    pub(super) size: (u32, u32),
    pub(super) system_fingerprint: Option<String>,
    pub(super) counted: Counted,
    pub(super) prompt: Prompt,
    pub(super) usage: UsageForm,
}

impl Meter for Settlement {
    fn generated(&mut self, tokens: u32) {
        Self::generated(self, tokens);
    }
}

impl Vertex {
    /// `endpoints/openapi/chat/completions`, where the body names the model.
    pub(super) async fn open_chat(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let body = chat::read(call.body).map_err(in_googles_words)?;
        let named = body.model.as_str().to_owned();
        let model = model_of(engine, request, &named)?;
        let is_streamed = body.is_streamed();
        self.gemini_chat(engine, call, request, (model, named.as_str().into()), (body, is_streamed)).await
    }

    /// A chat with a Gemini model that answers by the name `served`.
    pub(super) async fn gemini_chat(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (model, served): (&str, Cow<'_, str>),
        body: (ChatRequest<'_>, bool),
    ) -> Result<Response<Body>, Failure> {
        let speaker = Speaker {
            model,
            served,
            size: GEMINI_SIZE,
            system_fingerprint: Some(String::new()),
            counted: Counted::of_gemini(call),
            prompt: prompt::of_chat(engine, request, call, (&body.0, model)),
            usage: UsageForm::Google(traffic_of(call)),
        };
        self.speak(engine, call, request, body, speaker).await.map_err(|refused| match refused {
            Refused::Platform(failure) => failure.of_model(model),
            Refused::Model(detail) => in_googles_words(detail),
        })
    }

    pub(super) async fn speak(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (mut body, is_streamed): (ChatRequest<'_>, bool),
        speaker: Speaker<'_>,
    ) -> Result<Response<Body>, Refused> {
        // Models that think take every other setting here, so what thinks is not what is checked.
        let effort = body.reasoning_effort.take();
        let (context, output) = speaker.size;
        chat::check(&body, &Model::elsewhere(context, output, false)).map_err(Refused::Model)?;
        body.reasoning_effort = effort;
        let model = Model::elsewhere(context, output, body.reasoning_effort.is_some());
        let profile = engine.plan.profile_of(Surface::Vertex, Kind::Chat, speaker.model);
        let terms = Terms {
            name: speaker.model,
            model,
            served: speaker.served,
            id: reply::response_id(engine, call),
            created: engine.arrived_unix_micros(call) / 1_000_000,
            service_tier: None,
            system_fingerprint: speaker.system_fingerprint,
            usage: speaker.usage,
            is_obfuscated: false,
            is_filtered: false,
        };
        let prompt = speaker.prompt;
        let used = prompt.tokens();
        if used > u64::from(context) {
            return Err(Refused::Platform(Failure::TooLong { used, limit: u64::from(context) }));
        }
        let quota = (&self.quota, &self.pool);
        let scope = request.quota_scope_of(speaker.model);
        let mut settlement = Settlement::admit_to(quota, scope, &call.identity, used, speaker.counted)
            .map_err(Refused::Platform)?;
        let of = (&call.identity, call.arrived);
        let answer = Answer::decide(engine, profile, of, (&body, prompt), terms);
        if !is_streamed {
            engine.sleep(call, answer.complete()).await;
            Settlement::generated(&mut settlement, answer.tokens());
            return Ok(engine.announce(reply::json(engine, answer.to_bytes()), &answer));
        }
        let planned = Planned(answer.tokens());
        let script = answer.into_stream(settlement);
        let mut timer = engine.sleep(call, script.first());
        (&mut timer).await;
        let response = reply::base(engine, StatusCode::OK, EVENTS, engine.play(script, timer));
        Ok(engine.announce(response, &planned))
    }
}

/// Who refuses.
pub(super) enum Refused {
    Platform(Failure),
    Model(ErrorDetail<'static>),
}

struct Planned(u32);

impl Length for Planned {
    fn tokens(&self) -> u32 {
        self.0
    }
}

/// The model that a body names as `publisher/model`.
fn model_of<'n>(engine: &Engine, request: &Request<'_>, named: &'n str) -> Result<&'n str, Failure> {
    let Some((publisher, model)) = named.split_once('/') else {
        let message = format!("Malformed publisher model `{named}`. Expected format is `publisher/model`.");
        return Err(Failure::invalid(message));
    };
    if garden::is_served(engine, publisher, model, Kind::Chat) {
        return Ok(model);
    }
    let scope = request.path.scope.as_ref();
    let within = scope.map_or_else(String::new, |scope| {
        format!("projects/{}/locations/{}/", scope.project, scope.location)
    });
    let resource = format!("{within}publishers/{publisher}/models/{model}");
    let of = Particulars { resource: &resource, ..Particulars::default() };
    Err(Case::ModelNotFound.error(&of).map_or(Failure::Case(Case::ModelNotFound), Failure::of))
}

pub(super) fn in_googles_words(detail: ErrorDetail<'static>) -> Failure {
    Failure::invalid(detail.message)
}
