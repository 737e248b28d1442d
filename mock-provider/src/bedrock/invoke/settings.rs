//! What InvokeModel is told in headers: types of the bodies, tier and speed, a note for the log.

use http::{HeaderName, Response, header};
use serde_json::{Map, Value};
use wire::bedrock::headers::{self, PERFORMANCE_CONFIG_LATENCY, REQUEST_METADATA, SERVICE_TIER, TRACE};
use world::http::Body;

use super::super::failure::Failure;
use super::super::inference_profiles::one_of;
use crate::call::Call;

/// Request headers that a 200 repeats.
const ECHOED: [HeaderName; 2] = [PERFORMANCE_CONFIG_LATENCY, SERVICE_TIER];
/// Headers with few values, by their names in the service model.
const CHOICES: [(HeaderName, &str, &[&str]); 3] = [
    (PERFORMANCE_CONFIG_LATENCY, "performanceConfigLatency", &["optimized", "standard"]),
    (SERVICE_TIER, "serviceTier", &["priority", "default", "flex", "reserved"]),
    (TRACE, "trace", &["ENABLED", "DISABLED", "ENABLED_FULL"]),
];
/// Characters of a note for the log.
const METADATA_MAX: usize = 8_500;

/// Checks the headers of a call. The name of what is accepted differs between the whole answer and the stream.
pub(super) fn check(call: &Call<'_>, accept: &HeaderName) -> Result<(), Failure> {
    check_types(call, accept)?;
    for (header, member, accepted) in CHOICES {
        if let Some(value) = call.header(header) {
            one_of(value, member, accepted)?;
        }
    }
    call.header(REQUEST_METADATA).map_or(Ok(()), check_metadata)
}

/// Bodies are JSON both ways. Not even an encoding may be added to the type of a request.
fn check_types(call: &Call<'_>, accept: &HeaderName) -> Result<(), Failure> {
    if call.header(header::CONTENT_TYPE).is_some_and(|kind| !kind.eq_ignore_ascii_case("application/json")) {
        return Err(Failure::invalid("The provided Content Type is invalid or not supported for this model"));
    }
    let is_json = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.is_empty() || ["application/json", "*/*", "application/*"].contains(&kind)
    };
    // Some clients send `application/vnd.amazon.eventstream` in `Accept`, which says nothing of the chunks.
    if call.header(accept).is_some_and(|kinds| !kinds.split(',').any(is_json)) {
        return Err(Failure::invalid("The provided Accept Type is invalid or not supported for this model"));
    }
    Ok(())
}

fn check_metadata(text: &str) -> Result<(), Failure> {
    if text.len() > METADATA_MAX {
        return Err(Failure::invalid(format!(
            "1 validation error detected: Value at 'requestMetadata' failed to satisfy constraint: Member must have \
             length less than or equal to {METADATA_MAX}"
        )));
    }
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::invalid("The provided request metadata is not a JSON object.")),
    }
}

/// Repeats what the caller asked of the service's tiers.
pub(in crate::bedrock) fn echo(call: &Call<'_>, response: &mut Response<Body>) {
    for name in ECHOED {
        if let Some(value) = call.parts.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
}

/// The header that says which type the objects of a stream are to have.
pub(super) const STREAM_ACCEPT: HeaderName = headers::ACCEPT;
