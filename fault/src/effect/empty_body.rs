//! `empty_body`: a success that says nothing; nothing is forwarded.
//!
//! ```toml
//! empty_body = true           # 200, the usual content type, no byte
//! empty_body = "no-content"   # 204, which has neither type nor body
//! empty_body = "object"       # 200 and `{}`, as JSON even where a stream was asked for
//! ```

use std::str::FromStr;

use http::header::{CONTENT_TYPE, DATE, HeaderValue};
use http::{Response, StatusCode};
use world::http::Body;

use super::Scene;
use crate::asked::Shape;
use crate::grammar::Refused;
use crate::provider_error::date;

/// In which way an answer says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyBody {
    /// 200 and no byte.
    Nothing,
    /// 204.
    NoContent,
    /// 200 and an empty object.
    Object,
}

impl FromStr for EmptyBody {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "" | "true" => Ok(Self::Nothing),
            "no-content" => Ok(Self::NoContent),
            "object" => Ok(Self::Object),
            _ => Err(Refused::new(text, "`true`, `no-content` (204) or `object` (`{}`)")),
        }
    }
}

impl EmptyBody {
    pub(super) fn parameters(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Nothing => Vec::new(),
            Self::NoContent => vec![("says", "no-content".to_owned())],
            Self::Object => vec![("says", "object".to_owned())],
        }
    }

    pub(super) fn answer(self, scene: &Scene<'_>) -> Response<Body> {
        let (status, content_type, body) = match self {
            Self::Nothing => (StatusCode::OK, Some(usual_type(scene)), Body::empty()),
            Self::NoContent => (StatusCode::NO_CONTENT, None, Body::empty()),
            Self::Object => (StatusCode::OK, Some("application/json"), Body::full("{}")),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.insert(DATE, date(scene.clock));
        response
    }
}

fn usual_type(scene: &Scene<'_>) -> &'static str {
    match (scene.asked.streamed, scene.asked.dialect.shape) {
        (true, Shape::Converse | Shape::Invoke) => "application/vnd.amazon.eventstream",
        (true, Shape::OpenAi | Shape::Responses | Shape::Anthropic | Shape::Gemini) => "text/event-stream",
        _ => "application/json",
    }
}
