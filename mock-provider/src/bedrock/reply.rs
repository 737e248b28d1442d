//! The head that every Bedrock answer has.

use http::{HeaderValue, Response, StatusCode, header};
use wire::bedrock::headers;
use world::http::Body;

use crate::call::{Call, Engine};
use crate::head;

/// An answer with date, type, connection and request id.
pub(super) fn base(
    engine: &Engine,
    call: &Call<'_>,
    status: StatusCode,
    content_type: HeaderValue,
    body: Body,
) -> Response<Body> {
    let mut response = engine.response(status, content_type, body);
    let map = response.headers_mut();
    map.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
    map.insert(headers::REQUEST_ID, head::uuid_value(engine.request_bits(&call.identity)));
    response
}

/// A 200 with a JSON body.
pub(super) fn json(engine: &Engine, call: &Call<'_>, body: impl Into<bytes::Bytes>) -> Response<Body> {
    base(engine, call, StatusCode::OK, headers::JSON, Body::full(body))
}
