//! The head that every Vertex AI answer has, and the names and times in its body.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use wire::vertex::error::RESPONSE_HEADERS;
use world::http::Body;

use super::moment;
use crate::call::{Call, Engine};

/// `Content-Type` of everything but streams of events and pages.
pub(in crate::vertex) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

/// An answer with the front end's headers. What is absent matters too: no request id, no rate limits.
pub(in crate::vertex) fn base(
    engine: &Engine,
    status: StatusCode,
    content_type: HeaderValue,
    body: Body,
) -> Response<Body> {
    let mut response = engine.response(status, content_type, body);
    let headers = response.headers_mut();
    for (name, value) in RESPONSE_HEADERS {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// A 200 with a JSON body.
pub(in crate::vertex) fn json(engine: &Engine, body: impl Into<bytes::Bytes>) -> Response<Body> {
    base(engine, StatusCode::OK, JSON, Body::full(body))
}

/// The name of an answer: 22 characters.
pub(in crate::vertex) fn response_id(engine: &Engine, call: &Call<'_>) -> String {
    let (high, low) = engine.request_bits(&call.identity);
    let mut bits = [0; 16];
    bits[..8].copy_from_slice(&high.to_be_bytes());
    bits[8..].copy_from_slice(&low.to_be_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bits)
}

/// When the answer was begun, RFC 3339 with microseconds.
pub(in crate::vertex) fn create_time(engine: &Engine, call: &Call<'_>) -> String {
    moment::rfc3339(engine.arrived_unix_micros(call))
}
