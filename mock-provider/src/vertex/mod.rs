//! Mock Vertex AI, with the token endpoint and the metadata server that its clients ask first.
//!
//! This file says who answers what. Those who answer know each other in one direction only, from the bottom up:
//! `front`, `models`, `generate`, `predict`, `chat`, `partners`, `endpoint`.

mod chat;
mod endpoint;
mod front;
mod generate;
mod models;
mod partners;
mod predict;

use http::Response;
use wire::vertex::error::Case;
use wire::vertex::path::{Operation, Path, Query, Verb};
use world::http::Body;
use world::{Domain, Seed};

use crate::call::{Call, Engine};
use crate::plan::MockPlan;
use crate::profile::Kind;
use front::{Failure, Place, Request, auth, grpc, tokens};
use generate::caches::Caches;
use generate::count_tokens;
use models::{endpoints, garden, own};
use partners::claude::ClaudeCall;

/// The largest request, in bytes.
pub(crate) const BODY_LIMIT: usize = 32 << 20;

/// The Vertex AI surface of a mock.
#[derive(Debug)]
pub(crate) struct Vertex {
    quota: quota::vertex::Quota,
    /// Decides what the shared pool leaves to chance.
    pool: Domain,
    /// How sure models are of their words.
    logprobs: Domain,
    /// What pictures look like.
    pictures: Domain,
    caches: Caches,
}

impl Vertex {
    pub(crate) fn new(plan: &MockPlan, seed: Seed, quota: quota::vertex::Quota) -> Self {
        Self {
            quota,
            pool: seed.domain(&format!("mock-provider/{}/pool", plan.name)),
            logprobs: seed.domain("mock-provider/vertex/logprobs"),
            pictures: seed.domain("mock-provider/vertex/pictures"),
            caches: Caches::default(),
        }
    }

    /// Answers a request, as late as the model would.
    pub(crate) async fn answer(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        if let Some(response) = tokens::answer(engine, call).or_else(|| grpc::answer(engine, call)) {
            return response;
        }
        let query = Query::parse(call.parts.uri.query().unwrap_or_default());
        let Ok(path) = Path::parse(call.path) else { return self.nowhere(engine, call).await };
        if !path.operation.methods().contains(&call.parts.method.as_str()) {
            return self.nowhere(engine, call).await;
        }
        let request = Request { path, query };
        match self.route(engine, call, &request).await {
            Ok(response) => response,
            Err(failure) => {
                engine.sleep(call, failure.delay()).await;
                failure.respond(engine, &Place::of(&request.path, &request.query))
            }
        }
    }

    /// Answers a request whose body is beyond [`BODY_LIMIT`].
    pub(crate) fn too_large(&self, engine: &Engine, _call: &Call<'_>) -> Response<Body> {
        let message = format!("Request payload size exceeds the limit: {BODY_LIMIT} bytes.");
        Failure::invalid(message).respond(engine, &Place::default())
    }

    /// Answers a request that asks for a fault that there is not.
    pub(crate) fn refuse(&self, engine: &Engine, message: &str) -> Response<Body> {
        Failure::invalid(message.to_owned()).respond(engine, &Place::default())
    }

    async fn nowhere(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        let failure = Failure::Case(Case::PathNotFound);
        engine.sleep(call, failure.delay()).await;
        failure.respond(engine, &Place::default())
    }

    async fn route(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        auth::admit(engine, call, &request.query)?;
        if let Some(alt) = &request.query.foreign_alt {
            return Err(Failure::unserved(&format!(
                "answers in any other form than JSON, alt={alt} among them"
            )));
        }
        match &request.path.operation {
            operation if operation.is_anthropic_token_count() => {
                Box::pin(self.claude(engine, call, request, ClaudeCall::CountTokens)).await
            }
            Operation::Model { publisher, model, verb } => {
                check_served(engine, publisher, (model, *verb))?;
                match &**publisher {
                    "google" => self.operate(engine, call, request, (model, *verb)).await,
                    "anthropic" => Box::pin(self.operate_claude(engine, call, request, (model, *verb))).await,
                    "mistralai" => {
                        Box::pin(self.operate_mistral(engine, call, request, (model, *verb))).await
                    }
                    _ => Err(Failure::Case(Case::InvalidArgument)),
                }
            }
            Operation::PublisherModels { publisher } => garden::list(engine, request, publisher),
            Operation::PublisherModel { publisher, model } => {
                garden::get(engine, request, (publisher, model))
            }
            Operation::CachedContents => self.cached_contents(engine, call, request),
            Operation::CachedContent { id } => self.cached_content(engine, call, request, id),
            Operation::Endpoint { endpoint, verb } => {
                Box::pin(self.endpoint(engine, call, request, (endpoint, *verb))).await
            }
            Operation::ChatCompletions { endpoint } if endpoint == "openapi" => {
                Box::pin(self.open_chat(engine, call, request)).await
            }
            Operation::ChatCompletions { endpoint } => {
                Box::pin(self.deployed_chat(engine, call, request, endpoint)).await
            }
            Operation::Endpoints => endpoints::list(engine, request),
            Operation::OwnEndpoint { endpoint } => endpoints::get(engine, request, endpoint),
            Operation::Models => own::list(engine, request),
            Operation::OwnModel { model } => own::get(engine, request, model),
        }
    }

    async fn operate(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (model, verb): (&str, Verb),
    ) -> Result<Response<Body>, Failure> {
        match verb {
            Verb::GenerateContent => self.generate(engine, call, request, model).await,
            Verb::StreamGenerateContent => self.stream(engine, call, request, model).await,
            Verb::CountTokens => count_tokens::answer(engine, call).await,
            Verb::ComputeTokens => count_tokens::compute(engine, call).await,
            Verb::Predict if is_imagen(model) => Box::pin(self.draw(engine, call, request, model)).await,
            Verb::Predict if model.starts_with("multimodal") => {
                self.predict_multimodal(engine, call, request, model).await
            }
            Verb::Predict => self.predict(engine, call, request, model).await,
            Verb::EmbedContent => self.embed_content(engine, call, request, model).await,
            _ if verb.is_predict() && model.starts_with("gemini") => Err(Failure::gemini_predict()),
            _ => Err(Failure::Case(Case::InvalidArgument)),
        }
    }

    async fn operate_mistral(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (model, verb): (&str, Verb),
    ) -> Result<Response<Body>, Failure> {
        match verb {
            Verb::RawPredict | Verb::StreamRawPredict => {
                self.mistral(engine, call, request, (model, verb == Verb::StreamRawPredict)).await
            }
            _ => Err(Failure::Case(Case::InvalidArgument)),
        }
    }

    async fn operate_claude(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (model, verb): (&str, Verb),
    ) -> Result<Response<Body>, Failure> {
        let asked = match verb {
            Verb::RawPredict => ClaudeCall::Message(model),
            Verb::StreamRawPredict => ClaudeCall::Stream(model),
            _ => return Err(Failure::Case(Case::InvalidArgument)),
        };
        self.claude(engine, call, request, asked).await
    }
}

/// Refuses what is asked of a model that there is not, or that does not do this.
fn check_served(engine: &Engine, publisher: &str, (model, verb): (&str, Verb)) -> Result<(), Failure> {
    if matches!(verb, Verb::PredictLongRunning | Verb::FetchPredictOperation) {
        return Err(Failure::unserved("long-running predictions, films among them"));
    }
    if garden::is_served(engine, publisher, model, kind_of(model, verb)) {
        return Ok(());
    }
    let is_gemini = model.starts_with("gemini") && garden::is_served(engine, publisher, model, Kind::Chat);
    Err(if is_gemini && verb.is_predict() {
        Failure::gemini_predict()
    } else {
        Failure::Case(Case::ModelNotFound)
    })
}

fn is_imagen(model: &str) -> bool {
    model.starts_with("imagen")
}

/// What a model must do to be asked this.
fn kind_of(model: &str, verb: Verb) -> Kind {
    match verb {
        Verb::Predict if is_imagen(model) => Kind::Images,
        Verb::Predict | Verb::EmbedContent => Kind::Embeddings,
        _ => Kind::Chat,
    }
}
