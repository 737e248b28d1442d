//! `html`: a page instead of JSON, as captive portals and broken proxies send it; nothing is forwarded.
//!
//! ```toml
//! html = true        # under 200; or a status: html = 502
//! ```

use std::str::FromStr;

use http::header::{CONTENT_TYPE, DATE, HeaderValue};
use http::{Response, StatusCode};
use world::http::Body;

use super::Scene;
use crate::grammar::Refused;
use crate::provider_error::date;

const PAGE: &str = "<!DOCTYPE html>\n<html>\n<head><title>Please wait</title></head>\n\
                    <body>\n<h1>One moment</h1>\n<p>The page that you asked for is on its way.</p>\n</body>\n</html>\n";

/// A page, and the status it comes under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Html(StatusCode);

impl FromStr for Html {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        if matches!(text, "" | "true") {
            return Ok(Self(StatusCode::OK));
        }
        let status = text
            .parse()
            .ok()
            .filter(|status| (200..600).contains(status) && *status != 204 && *status != 304);
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        status.map(Self).ok_or_else(|| Refused::new(text, "`true`, or a status that has a body"))
    }
}

impl Html {
    pub(super) fn parameters(self) -> Vec<(&'static str, String)> {
        vec![("status", self.0.as_u16().to_string())]
    }

    pub(super) fn answer(self, scene: &Scene<'_>) -> Response<Body> {
        let mut response = Response::new(Body::full(PAGE));
        *response.status_mut() = self.0;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response.headers_mut().insert(DATE, date(scene.clock));
        response
    }
}
