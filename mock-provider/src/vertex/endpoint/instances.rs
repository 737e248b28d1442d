//! `:predict`: a text for each instance, whatever that is.

use http::Response;
use serde::{Deserialize, Serialize};
use wire::json::Raw;
use world::http::Body;

use super::pieces::Predicted;
use crate::call::{Call, Engine};
use crate::engine::tokens;
use crate::vertex::Vertex;
use crate::vertex::front::{Failure, Request, reply};
use crate::vertex::models::{endpoints, own};

/// Tokens of each prediction of a model that is no language model.
const PREDICTION_TOKENS: u32 = 16;

/// What predictions are made of.
#[derive(Deserialize)]
pub(super) struct Instances<'a> {
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

impl<'a> Instances<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        Self::parse_as(body)
    }

    /// Reads a body with instances and what else there may be.
    pub(super) fn parse_as<T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
        let is_list = body.trim_ascii_start().starts_with(b"[");
        let text = std::str::from_utf8(body).unwrap_or_default();
        let read = Raw::parse(text).and_then(|raw| raw.read()).ok().filter(|_| !is_list);
        read.ok_or_else(|| Failure::payload::<T>(body))
    }

    /// Tokens of all of them.
    fn tokens(&self) -> u64 {
        self.instances.iter().map(|instance| tokens::count(instance.get())).sum()
    }
}

impl Vertex {
    pub(super) async fn predict_instances(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut predicted = self.decide_instances(engine, call, request)?;
        engine.sleep(call, predicted.complete()).await;
        let answered = Predictions {
            predictions: predicted.whole(),
            deployed_model_id: endpoints::DEPLOYED,
            model: own::named(request.path.scope.as_ref(), "models", own::MODEL),
            model_display_name: own::NAME,
            model_version_id: own::VERSION,
        };
        Ok(engine.announce(reply::json(engine, wire::json::to_bytes(&answered)), &predicted))
    }

    pub(super) fn decide_instances<'e>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Predicted<'e>, Failure> {
        let body = Instances::parse(call.body)?;
        self.decide_predictions(
            engine,
            call,
            request,
            (body.instances.len(), body.tokens(), PREDICTION_TOKENS),
        )
    }
}
