//! The head that every Anthropic answer has.

use http::header::SERVER;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use world::http::Body;

use super::id;
use crate::call::{Call, Engine};
use crate::head;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const ORGANIZATION: HeaderName = HeaderName::from_static("anthropic-organization-id");
const CF_RAY: HeaderName = HeaderName::from_static("cf-ray");
/// Whose keys all callers have.
const ORGANIZATION_ID: HeaderValue = HeaderValue::from_static("b0b0ca11-0000-4000-8000-000000000001");

/// An answer with date, type, the ids of request and organisation, and the edge's own two headers.
pub(super) fn base(
    engine: &Engine,
    call: &Call<'_>,
    status: StatusCode,
    content_type: HeaderValue,
    body: Body,
) -> Response<Body> {
    let mut response = engine.response(status, content_type, body);
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, head::text(&request_id(engine, call)));
    headers.insert(ORGANIZATION, ORGANIZATION_ID);
    headers.insert(SERVER, HeaderValue::from_static("cloudflare"));
    headers.insert(CF_RAY, head::ray(engine.request_bits(&call.identity).0, b"-IAD"));
    response
}

/// A 200 with a JSON body.
pub(super) fn json(engine: &Engine, call: &Call<'_>, body: impl Into<bytes::Bytes>) -> Response<Body> {
    base(engine, call, StatusCode::OK, JSON, Body::full(body))
}

/// `req_01…`, the same in header and body.
pub(super) fn request_id(engine: &Engine, call: &Call<'_>) -> String {
    id::of("req_01", engine.request_bits(&call.identity))
}
