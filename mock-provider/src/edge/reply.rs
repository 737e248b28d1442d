//! Answers of the control API: JSON, errors too.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use notation::Problems;
use serde::Serialize;
use serde_json::{Value, json};
use world::http::Body;

/// An answer in JSON, ended by a line feed for people with a terminal.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    with_type(status, HeaderValue::from_static("application/json"), text)
}

/// An answer in the exposition format of Prometheus.
pub(crate) fn exposition(text: String) -> Response<Body> {
    with_type(StatusCode::OK, HeaderValue::from_static(prometheus::TEXT_FORMAT), text)
}

fn with_type(status: StatusCode, content_type: HeaderValue, text: String) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    // What is so now is not so later.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A refusal: what is wrong, and what would be accepted.
pub(crate) fn refusal(status: StatusCode, message: &str, accepted: &str) -> Response<Body> {
    json(status, &json!({ "error": { "message": message, "accepted": accepted } }))
}

/// A refusal with every problem of what was sent, each with its place.
pub(crate) fn problems(problems: &Problems) -> Response<Body> {
    let list: Vec<Value> = problems
        .as_slice()
        .iter()
        .map(|one| json!({ "key": one.path, "message": one.message, "accepted": one.accepted }))
        .collect();
    json(StatusCode::BAD_REQUEST, &json!({ "error": { "message": problems.to_string(), "problems": list } }))
}
