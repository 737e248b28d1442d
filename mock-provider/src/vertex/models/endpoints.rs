//! The project's endpoints: one is listed, and every one whose id is a number has the tuned model deployed.

use std::collections::BTreeMap;

use http::Response;
use serde::Serialize;
use wire::vertex::filter::{Comparator, Restriction};
use world::http::Body;

use super::own::{self, named};
use crate::call::Engine;
use crate::vertex::front::{Failure, Paging, Request, reply};

/// Endpoints on a page when the caller does not say.
const PAGE_SIZE: usize = 100;
/// The endpoint that is listed.
pub(in crate::vertex) const LISTED: &str = "2817641528093278208";
/// The model that is deployed, where it is.
pub(in crate::vertex) const DEPLOYED: &str = "6180786943526862848";
const NAME: &str = "mock-endpoint";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    endpoints: Vec<Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    name: String,
    display_name: &'static str,
    deployed_models: [DeployedModel; 1],
    /// In percent, by deployed model.
    traffic_split: BTreeMap<&'static str, u32>,
    etag: &'static str,
    create_time: &'static str,
    update_time: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeployedModel {
    id: &'static str,
    model: String,
    model_version_id: &'static str,
    display_name: &'static str,
    create_time: &'static str,
}

/// One page of the project's endpoints.
pub(in crate::vertex) fn list(engine: &Engine, request: &Request<'_>) -> Result<Response<Body>, Failure> {
    let paging = Paging::of(request, PAGE_SIZE)?;
    paging.check_filter(&is_known)?;
    let mut endpoints = vec![endpoint(request, LISTED)];
    endpoints.retain(|_| paging.wants(&holds));
    let (endpoints, next_page_token) = paging.cut(endpoints, |endpoint| &endpoint.name);
    Ok(reply::json(engine, wire::json::to_bytes(&Page { endpoints, next_page_token })))
}

/// One of them.
pub(in crate::vertex) fn get(
    engine: &Engine,
    request: &Request<'_>,
    id: &str,
) -> Result<Response<Body>, Failure> {
    check(request, id)?;
    Ok(reply::json(engine, wire::json::to_bytes(&endpoint(request, id))))
}

/// Refuses what is asked of an endpoint that there is not.
pub(in crate::vertex) fn check(request: &Request<'_>, id: &str) -> Result<(), Failure> {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Failure::not_found(format!("ENDPOINT_NOT_FOUND: {}", request.path.resource())))
}

/// What a filter may compare.
fn is_known(restriction: &Restriction) -> bool {
    let field = &*restriction.field;
    matches!(field, "endpoint" | "display_name" | "base_model_name" | "labels")
        || field.starts_with("labels.")
}

/// Whether a comparison holds of the endpoint that is listed; it has no labels.
fn holds(restriction: &Restriction) -> bool {
    match &*restriction.field {
        "endpoint" => restriction.holds_of(LISTED),
        "display_name" => restriction.holds_of(NAME),
        "base_model_name" => restriction.holds_of(own::TUNED),
        _ => restriction.comparator == Comparator::Differs,
    }
}

fn endpoint(request: &Request<'_>, id: &str) -> Endpoint {
    let scope = request.path.scope.as_ref();
    Endpoint {
        name: named(scope, "endpoints", id),
        display_name: NAME,
        deployed_models: [DeployedModel {
            id: DEPLOYED,
            model: named(scope, "models", own::MODEL),
            model_version_id: own::VERSION,
            display_name: own::NAME,
            create_time: own::UPDATED,
        }],
        traffic_split: BTreeMap::from([(DEPLOYED, 100)]),
        etag: "AMEw9yPm3kT8o",
        create_time: own::UPDATED,
        update_time: own::UPDATED,
    }
}
