//! What a project has of its own: one tuned model.

use std::collections::BTreeMap;

use http::Response;
use serde::Serialize;
use wire::vertex::filter::{Comparator, Restriction};
use wire::vertex::path::Scope;
use world::http::Body;

use super::endpoints;
use crate::call::Engine;
use crate::vertex::front::{Failure, Paging, Request, reply};

/// Models on a page when the caller does not say.
const PAGE_SIZE: usize = 100;
/// The tuned model.
pub(in crate::vertex) const MODEL: &str = "4193520786934661120";
pub(in crate::vertex) const NAME: &str = "mock-tuned-model";
pub(in crate::vertex) const VERSION: &str = "1";
/// The model that was tuned.
pub(in crate::vertex) const TUNED: &str = "gemini-2.5-flash";
const CREATED: &str = "2025-11-03T08:00:00.000000Z";
pub(in crate::vertex) const UPDATED: &str = "2025-11-03T08:30:00.000000Z";
const LABEL: (&str, &str) = ("tune-type", "sft");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Models {
    models: Vec<Model>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
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
    labels: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeployedModel {
    endpoint: String,
    deployed_model_id: &'static str,
}

/// One page of the project's models.
pub(in crate::vertex) fn list(engine: &Engine, request: &Request<'_>) -> Result<Response<Body>, Failure> {
    let paging = Paging::of(request, PAGE_SIZE)?;
    paging.check_filter(&is_known)?;
    let mut models = vec![model(request.path.scope.as_ref())];
    models.retain(|_| paging.wants(&holds));
    let (models, next_page_token) = paging.cut(models, |model| &model.name);
    Ok(reply::json(engine, wire::json::to_bytes(&Models { models, next_page_token })))
}

/// What a filter may compare.
fn is_known(restriction: &Restriction) -> bool {
    let field = &*restriction.field;
    matches!(field, "model" | "display_name" | "base_model_name" | "labels") || field.starts_with("labels.")
}

/// Whether a comparison holds of the tuned model.
fn holds(restriction: &Restriction) -> bool {
    let (label, of_label) = LABEL;
    match &*restriction.field {
        "model" => restriction.holds_of(MODEL),
        "display_name" => restriction.holds_of(NAME),
        "base_model_name" => restriction.holds_of(TUNED),
        "labels" => restriction.holds_of(label),
        field if field.strip_prefix("labels.") == Some(label) => restriction.holds_of(of_label),
        _ => restriction.comparator == Comparator::Differs,
    }
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
        return Err(Failure::not_found(message));
    }
    Ok(reply::json(engine, wire::json::to_bytes(&model(request.path.scope.as_ref()))))
}

fn model(scope: Option<&Scope<'_>>) -> Model {
    Model {
        name: named(scope, "models", MODEL),
        version_id: VERSION,
        version_aliases: ["default"],
        display_name: NAME,
        deployed_models: [DeployedModel {
            endpoint: named(scope, "endpoints", endpoints::LISTED),
            deployed_model_id: endpoints::DEPLOYED,
        }],
        create_time: CREATED,
        update_time: UPDATED,
        labels: BTreeMap::from([LABEL]),
    }
}

pub(in crate::vertex) fn named(scope: Option<&Scope<'_>>, kind: &str, id: &str) -> String {
    scope.map_or_else(String::new, |scope| {
        format!("projects/{}/locations/{}/{kind}/{id}", scope.project, scope.location)
    })
}
