//! The head that every answer has.

use http::header::{self, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use world::http::Body;

use super::ids;
use super::limits::Left;
use crate::call::{Call, Engine};
use crate::head;

/// `Content-Type` of everything but streams: without a character set.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// `Content-Type` of streams.
pub(super) const EVENTS: HeaderValue = HeaderValue::from_static(wire::openai::chat_stream::CONTENT_TYPE);

/// An answer with the headers that the service and the network before it set.
pub(super) fn base(
    engine: &Engine,
    call: &Call<'_>,
    status: StatusCode,
    content_type: HeaderValue,
    body: Body,
) -> Response<Body> {
    let mut response = engine.response(status, content_type, body);
    let headers = response.headers_mut();
    headers.reserve(16);
    let bits = engine.request_bits(&call.identity);
    let fixed = HeaderValue::from_static;
    let mut set = |name: &'static str, value| headers.insert(HeaderName::from_static(name), value);
    if is_azure(call) {
        set("apim-request-id", head::uuid_value(bits));
        set("x-request-id", head::uuid_value((bits.1, bits.0)));
        set("x-ms-region", fixed("East US"));
        set("x-ms-rai-invoked", fixed("true"));
    } else {
        let elapsed = engine.clock.now().saturating_since(call.arrived).as_millis() as u64;
        set("openai-organization", fixed("mock-organization"));
        set("openai-processing-ms", elapsed.into());
        set("openai-version", fixed("2020-10-01"));
        set("x-request-id", head::text(&ids::hexadecimal("req_", bits, 32)));
        set("cf-ray", head::ray(bits.1, b"-FRA"));
        headers.insert(header::SERVER, fixed("cloudflare"));
    }
    headers.insert(header::STRICT_TRANSPORT_SECURITY, fixed("max-age=31536000; includeSubDomains; preload"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    response
}

/// Whether the path is one of Azure's. A fault that a request asks for stands before it and is taken away.
pub(super) fn is_azure(call: &Call<'_>) -> bool {
    call.path.starts_with("/openai/")
}

/// A 200 with a JSON body.
pub(super) fn json(engine: &Engine, call: &Call<'_>, body: impl Into<bytes::Bytes>) -> Response<Body> {
    base(engine, call, StatusCode::OK, JSON, Body::full(body))
}

/// A 200 with a JSON body, and what is left of the limits.
pub(super) fn counted(
    engine: &Engine,
    call: &Call<'_>,
    left: &Left,
    body: impl Into<bytes::Bytes>,
) -> Response<Body> {
    let mut response = json(engine, call, body);
    left.write(response.headers_mut());
    response
}

/// A 200 with a stream of events, and what is left of the limits.
pub(super) fn events(engine: &Engine, call: &Call<'_>, left: &Left, body: Body) -> Response<Body> {
    let mut response = base(engine, call, StatusCode::OK, EVENTS, body);
    left.write(response.headers_mut());
    response
}

/// Seconds since 1970 when the request had arrived.
pub(super) fn created(engine: &Engine, call: &Call<'_>) -> u64 {
    engine.arrived_unix_micros(call) / 1_000_000
}
