//! What a project has of its own: one tuned model, deployed at every endpoint whose id is a number.

use http::Response;
use serde::Serialize;
use wire::vertex::error::{Code, Status};
use wire::vertex::path::Scope;
use world::http::Body;

use crate::call::Engine;
use crate::vertex::front::{Failure, Request, reply};

/// The tuned model, and an endpoint that it is deployed at.
pub(in crate::vertex) const MODEL: &str = "4193520786934661120";
const ENDPOINT: &str = "2817641528093278208";
pub(in crate::vertex) const DEPLOYED: &str = "6180786943526862848";
pub(in crate::vertex) const NAME: &str = "mock-tuned-model";
/// The model that was tuned.
pub(in crate::vertex) const TUNED: &str = "gemini-2.5-flash";

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

/// The project's models.
pub(in crate::vertex) fn list(engine: &Engine, request: &Request<'_>) -> Response<Body> {
    let models = Models { models: vec![model(request.path.scope.as_ref())] };
    reply::json(engine, wire::json::to_bytes(&models))
}

/// One of them.
pub(in crate::vertex) fn get(
    engine: &Engine,
    request: &Request<'_>,
    id: &str,
) -> Result<Response<Body>, Failure> {
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

pub(in crate::vertex) fn named(scope: Option<&Scope<'_>>, kind: &str, id: &str) -> String {
    scope.map_or_else(String::new, |scope| {
        format!("projects/{}/locations/{}/{kind}/{id}", scope.project, scope.location)
    })
}
