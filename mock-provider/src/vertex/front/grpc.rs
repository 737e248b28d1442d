//! gRPC, which the generated clients speak unless told otherwise and this mock does not: it says so in gRPC's own way.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use world::http::Body;

use crate::call::{Call, Engine};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// `UNIMPLEMENTED`.
const STATUS: HeaderValue = HeaderValue::from_static("12");
const MESSAGE: HeaderValue = HeaderValue::from_static(
    "Operation is not implemented: this mock does not serve gRPC. Use the REST transport.",
);

/// The refusal of a call by gRPC: a head that is the trailers as well.
pub(in crate::vertex) fn answer(engine: &Engine, call: &Call<'_>) -> Option<Response<Body>> {
    let is_grpc = call.header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/grpc"));
    is_grpc.then(|| {
        let mut response = engine.response(StatusCode::OK, GRPC, Body::empty());
        response.headers_mut().insert("grpc-status", STATUS);
        response.headers_mut().insert("grpc-message", MESSAGE);
        response
    })
}
