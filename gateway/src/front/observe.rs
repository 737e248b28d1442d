//! What operators and samplers read: `/health`, `/metrics` and `/debug/state`. None of them passes the
//! admission, so that they answer when nothing else does.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use world::http::Body;

use crate::core::Core;
use crate::response::json;

pub(super) fn health() -> Response<Body> {
    json(StatusCode::OK, Bytes::from_static(br#"{"status":"ok"}"#))
}

pub(super) fn metrics(core: &Core) -> Response<Body> {
    let mut response = Response::new(Body::full(core.metrics.exposition(&core.state())));
    let text = HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

pub(super) fn debug_state(core: &Core) -> Response<Body> {
    json(StatusCode::OK, wire::json::to_bytes(&core.state()))
}
