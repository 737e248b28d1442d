//! What an endpoint is asked at which the project's tuned model is deployed.

use http::Response;
use serde::{Deserialize, Serialize};
use wire::json::Raw;
use wire::vertex::error::{Case, Code, Status};
use wire::vertex::path::Verb;
use world::http::Body;

use super::Vertex;
use super::front::{Failure, Request, reply};
use super::generate::count_tokens;
use super::models::own;
use crate::call::{Call, Engine};
use crate::engine::ask::Ask;
use crate::profile::Kind;
use crate::surface::Surface;

/// Tokens of each prediction of a model that is no language model.
const PREDICTION_TOKENS: u32 = 16;

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

impl Vertex {
    /// What an endpoint is asked.
    pub(in crate::vertex) async fn endpoint(
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
            Verb::GenerateContent => self.generate(engine, call, request, own::TUNED).await,
            Verb::StreamGenerateContent => self.stream(engine, call, request, own::TUNED).await,
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
    let profile = engine.plan.profile_of(Surface::Vertex, Kind::Chat, own::TUNED);
    engine.sleep(call, engine.timing(profile, &call.identity, 0).complete(PREDICTION_TOKENS)).await;
    let prediction = |candidate| {
        let ask = Ask { candidate, ..Ask::text(own::TUNED, PREDICTION_TOKENS) };
        engine.reply(profile, &call.identity, &ask).text()
    };
    let answered = Predictions {
        predictions: (0..body.instances.len() as u32).map(prediction).collect(),
        deployed_model_id: own::DEPLOYED,
        model: own::named(request.path.scope.as_ref(), "models", own::MODEL),
        model_display_name: own::NAME,
        model_version_id: "1",
    };
    Ok(reply::json(engine, wire::json::to_bytes(&answered)))
}
