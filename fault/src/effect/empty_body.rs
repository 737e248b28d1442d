//! `empty_body`: 200, the usual content type, no byte; nothing is forwarded.
//!
//! ```toml
//! empty_body = true
//! ```

use http::Response;
use http::header::{CONTENT_TYPE, DATE, HeaderValue};
use world::http::Body;

use super::Scene;
use crate::asked::Shape;
use crate::provider_error::date;

pub(super) fn answer(scene: &Scene<'_>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let content_type = match (scene.asked.streamed, scene.asked.dialect.shape) {
        (true, Shape::Converse | Shape::Invoke) => "application/vnd.amazon.eventstream",
        (true, Shape::OpenAi | Shape::Responses | Shape::Anthropic | Shape::Gemini) => "text/event-stream",
        _ => "application/json",
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(DATE, date(scene.clock));
    response
}
