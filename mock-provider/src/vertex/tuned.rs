//! What a project has of its own: one tuned model, deployed at every endpoint whose id is a number.

use http::Response;
use serde::{Deserialize, Serialize};
use wire::json::Raw;
use wire::vertex::error::{Case, Code, Status};
use wire::vertex::path::{Scope, Verb};
use world::http::Body;

use super::failure::Failure;
use super::open_chat::TUNED;
use super::{Request, Vertex, count_tokens, reply};
use crate::call::{Call, Engine};
use crate::engine::ask::Ask;
use crate::profile::Kind;
use crate::surface::Surface;

/// The tuned model, and an endpoint that it is deployed at.
const MODEL: &str = "4193520786934661120";
const ENDPOINT: &str = "2817641528093278208";
const DEPLOYED: &str = "6180786943526862848";
const NAME: &str = "mock-tuned-model";
/// Tokens of each prediction of a model that is no language model.
const PREDICTION_TOKENS: u32 = 16;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Models {
    models: Vec<Model>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    name: String,
    version_id: &'static str,
    version_aliases: [&'static str; 1],
    display_name: &'static str,
    deployed_models: [DeployedModel; 1],
    create_time: &'static str,
    update_time: &'static str,
    labels: Labels,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeployedModel {
    endpoint: String,
    deployed_model_id: &'static str,
}

#[derive(Serialize)]
struct Labels {
    #[serde(rename = "tune-type")]
    tune_type: &'static str,
}

#[derive(Deserialize)]
struct Instances<'a> {
    #[serde(borrow)]
    instances: Vec<Raw<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Predictions {
    predictions: Vec<String>,
    deployed_model_id: &'static str,
    model: String,
    model_display_name: &'static str,
    model_version_id: &'static str,
}

/// The project's models.
pub(super) fn list(engine: &Engine, request: &Request<'_>) -> Response<Body> {
    let models = Models { models: vec![model(request.path.scope.as_ref())] };
    reply::json(engine, wire::json::to_bytes(&models))
}

/// One of them.
pub(super) fn get(engine: &Engine, request: &Request<'_>, id: &str) -> Result<Response<Body>, Failure> {
    // An id may end in a version, `@1`.
    if id.split('@').next() != Some(MODEL) {
        let message = format!("The Model does not exist: {}", request.path.resource());
        return Err(Failure::of(Status::new(Code::NotFound, message)));
    }
    Ok(reply::json(engine, wire::json::to_bytes(&model(request.path.scope.as_ref()))))
}

fn model(scope: Option<&Scope<'_>>) -> Model {
    Model {
        name: named(scope, "models", MODEL),
        version_id: "1",
        version_aliases: ["default"],
        display_name: NAME,
        deployed_models: [DeployedModel {
            endpoint: named(scope, "endpoints", ENDPOINT),
            deployed_model_id: DEPLOYED,
        }],
        create_time: "2025-11-03T08:00:00.000000Z",
        update_time: "2025-11-03T08:30:00.000000Z",
        labels: Labels { tune_type: "sft" },
    }
}

fn named(scope: Option<&Scope<'_>>, kind: &str, id: &str) -> String {
    scope.map_or_else(String::new, |scope| {
        format!("projects/{}/locations/{}/{kind}/{id}", scope.project, scope.location)
    })
}

impl Vertex {
    /// What an endpoint is asked.
    pub(super) async fn endpoint(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (endpoint, verb): (&str, Verb),
    ) -> Result<Response<Body>, Failure> {
        if endpoint.is_empty() || !endpoint.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("ENDPOINT_NOT_FOUND: {}", request.path.resource());
            return Err(Failure::of(Status::new(Code::NotFound, message)));
        }
        match verb {
            Verb::GenerateContent => self.generate(engine, call, request, TUNED).await,
            Verb::StreamGenerateContent => self.stream(engine, call, request, TUNED).await,
            Verb::CountTokens => count_tokens::answer(engine, call).await,
            Verb::ComputeTokens => count_tokens::compute(engine, call).await,
            Verb::Predict => predict(engine, call, request).await,
            Verb::RawPredict | Verb::StreamRawPredict => {
                self.chat_completions(engine, call, request, endpoint).await
            }
            _ => Err(Failure::Case(Case::InvalidArgument)),
        }
    }
}

/// A text for each instance, whatever that is.
async fn predict(engine: &Engine, call: &Call<'_>, request: &Request<'_>) -> Result<Response<Body>, Failure> {
    let body: Instances<'_> = Raw::parse(std::str::from_utf8(call.body).unwrap_or_default())
        .and_then(|raw| raw.read())
        .map_err(|_| Failure::payload::<Instances<'_>>(call.body))?;
    let profile = engine.plan.profile_of(Surface::Vertex, Kind::Chat, TUNED);
    engine.sleep(call, engine.timing(profile, &call.identity, 0).complete(PREDICTION_TOKENS)).await;
    let prediction = |candidate| {
        let ask = Ask { candidate, ..Ask::text(TUNED, PREDICTION_TOKENS) };
        engine.reply(profile, &call.identity, &ask).text()
    };
    let answered = Predictions {
        predictions: (0..body.instances.len() as u32).map(prediction).collect(),
        deployed_model_id: DEPLOYED,
        model: named(request.path.scope.as_ref(), "models", MODEL),
        model_display_name: NAME,
        model_version_id: "1",
    };
    Ok(reply::json(engine, wire::json::to_bytes(&answered)))
}
