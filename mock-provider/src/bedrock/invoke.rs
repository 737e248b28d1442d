//! InvokeModel and its stream: bodies in the model's own format.

use bytes::Bytes;
use http::{HeaderName, Response};
use wire::bedrock::headers::{self, InvocationCounts};
use wire::bedrock::model::Family;
use world::http::Body;

use super::failure::Failure;
use super::target::Target;
use super::{Bedrock, reply};
use crate::call::{Call, Engine};

/// Request headers that a 200 repeats.
const ECHOED: [HeaderName; 2] = [headers::PERFORMANCE_CONFIG_LATENCY, headers::SERVICE_TIER];

impl Bedrock {
    pub(super) async fn invoke(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        match target.family {
            Family::Claude => self.claude(engine, call, target).await,
            Family::TitanEmbeddings => self.titan_embeddings(engine, call, target).await,
            _ => Err(not_emulated(target)),
        }
    }

    pub(super) async fn invoke_stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        match target.family {
            Family::Claude => self.claude_stream(engine, call, target).await,
            Family::TitanEmbeddings => {
                Err(Failure::invalid("The model is unsupported for streaming invocation."))
            }
            _ => Err(not_emulated(target)),
        }
    }
}

/// Said openly, in the form of an error that no client retries.
fn not_emulated(target: &Target<'_>) -> Failure {
    let id = target.id.base();
    Failure::invalid(format!("The mock serves {id} through Converse only, not through InvokeModel."))
}

/// A 200 of InvokeModel, with its counts in headers.
pub(super) fn answered(
    engine: &Engine,
    call: &Call<'_>,
    body: impl Into<Bytes>,
    counts: InvocationCounts,
) -> Response<Body> {
    let mut response = reply::json(engine, call, body);
    response.headers_mut().extend(counts.headers());
    echo(call, &mut response);
    response
}

/// Repeats what the caller asked of the service's tiers.
pub(super) fn echo(call: &Call<'_>, response: &mut Response<Body>) {
    for name in ECHOED {
        if let Some(value) = call.parts.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
}
