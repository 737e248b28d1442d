//! Mock Anthropic API, and Claude wherever else it is asked: [`messages`] serves Bedrock and Vertex AI too.

mod answer;
mod auth;
mod failure;
pub(crate) mod messages;
mod models;
mod reply;
mod settlement;

pub(crate) use wire::anthropic::id;

use std::collections::BTreeMap;

use http::{Method, Response};
use quota::Pools;
use quota::anthropic::Quota;
use wire::anthropic::error::Case;
use world::Clock;
use world::http::Body;

use crate::call::{Call, Engine};
use crate::plan::MockPlan;
use crate::surface::Surface;
use failure::Failure;

/// The largest request, in bytes: 32 MB, which the edge sees to.
pub(crate) const BODY_LIMIT: usize = 32 << 20;

/// The Anthropic surface of a mock.
#[derive(Debug)]
pub(crate) struct Anthropic {
    imposed: Quota,
    /// What the profiles allow: counted and told where nothing is imposed; by the profile's name.
    told: BTreeMap<String, Quota>,
}

impl Anthropic {
    pub(crate) fn new(plan: &MockPlan, pools: &Pools, clock: Clock) -> Self {
        let told = |(name, limits): (String, quota::Limits)| (name, Quota::new(limits.anthropic, clock));
        Self {
            imposed: pools.anthropic(&plan.limits, clock),
            told: plan.limits_of(Surface::Anthropic).map(told).collect(),
        }
    }

    /// Answers a request, as late as the model would.
    pub(crate) async fn answer(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        match self.route(engine, call).await {
            Ok(response) => response,
            Err(failure) => {
                engine.sleep(call, failure::DELAY).await;
                failure.respond(engine, call)
            }
        }
    }

    /// Answers a request whose body is beyond [`BODY_LIMIT`].
    pub(crate) fn too_large(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        Failure::from(Case::RequestTooLarge).respond(engine, call)
    }

    /// Answers a request that asks for a fault that there is not.
    pub(crate) fn refuse(&self, engine: &Engine, call: &Call<'_>, message: &str) -> Response<Body> {
        Failure::invalid(message).respond(engine, call)
    }

    async fn route(&self, engine: &Engine, call: &Call<'_>) -> Result<Response<Body>, Failure> {
        let resource = call.path.strip_prefix("/v1/").ok_or(Case::PathNotFound)?;
        match (resource, &call.parts.method) {
            ("messages", &Method::POST) => {
                auth::admit(engine, call)?;
                self.messages(engine, call).await
            }
            ("messages/count_tokens", &Method::POST) => {
                auth::admit(engine, call)?;
                self.count_tokens(engine, call).await
            }
            ("models", &Method::GET) => {
                auth::admit(engine, call)?;
                models::list(engine, call)
            }
            (model, &Method::GET) if model.starts_with("models/") => {
                auth::admit(engine, call)?;
                models::get(engine, call, &model["models/".len()..])
            }
            ("models" | "messages" | "messages/count_tokens", _) => Err(Case::MethodNotAllowed.into()),
            _ => Err(Case::PathNotFound.into()),
        }
    }
}
