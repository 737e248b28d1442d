//! What a caller gets whose prompt the guardrail blocked: the guardrail's words, and no token of the model.

use std::time::Duration;

use bytes::BytesMut;
use http::{Response, StatusCode};
use wire::bedrock::converse::{
    ContentBlock, Metrics, Request, Response as Answered, Role, StopReason, Usage,
};
use wire::bedrock::converse_stream::{MetadataExtras, StreamEvent};
use wire::bedrock::headers::EVENT_STREAM;
use world::http::Body;

use super::super::decide::milliseconds;
use super::super::guardrail::{BLOCKED_MESSAGE, DELAY, Verdict};
use super::super::reply;
use super::raw;
use super::stream::Voice;
use crate::call::{Call, Engine};

const LATENCY: Duration = DELAY;

/// The answer of Converse.
pub(super) async fn whole(
    engine: &Engine,
    call: &Call<'_>,
    request: &Request<'_>,
    verdict: &Verdict,
) -> Response<Body> {
    engine.sleep(call, LATENCY).await;
    let content = vec![ContentBlock::Text(BLOCKED_MESSAGE.into())];
    let latency_ms = milliseconds(LATENCY);
    let mut answered = Answered::new(content, StopReason::GuardrailIntervened, Usage::default(), latency_ms);
    answered.performance_config = request.performance_config.clone();
    answered.service_tier = request.service_tier.clone();
    let trace = verdict.is_traced().then(|| verdict.trace("").to_json());
    answered.trace = raw(trace.as_deref());
    reply::json(engine, call, answered.to_bytes())
}

/// The answer of ConverseStream.
pub(super) async fn stream(
    engine: &Engine,
    call: &Call<'_>,
    request: &Request<'_>,
    verdict: &Verdict,
) -> Response<Body> {
    engine.sleep(call, LATENCY).await;
    let mut voice = Voice::of(engine, call);
    let mut out = BytesMut::new();
    let trace = verdict.is_traced().then(|| verdict.trace("").to_json());
    let extras = MetadataExtras {
        performance_config: request.performance_config.clone(),
        service_tier: request.service_tier.clone(),
        trace: raw(trace.as_deref()),
    };
    for event in [
        StreamEvent::MessageStart { role: Role::Assistant },
        StreamEvent::text(0, BLOCKED_MESSAGE),
        StreamEvent::ContentBlockStop { index: 0 },
        StreamEvent::MessageStop {
            additional_model_response_fields: None,
            stop_reason: StopReason::GuardrailIntervened,
        },
        StreamEvent::Metadata {
            metrics: Metrics { latency_ms: milliseconds(LATENCY) },
            usage: Usage::default(),
            extras,
        },
    ] {
        voice.say(&event, &mut out);
    }
    reply::base(engine, call, StatusCode::OK, EVENT_STREAM, Body::full(out))
}
