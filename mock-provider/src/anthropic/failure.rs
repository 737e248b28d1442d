//! Why a request gets no answer, in Anthropic's words.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Response, StatusCode};
use wire::anthropic::error::{Case, Particulars};
use world::http::Body;

use super::reply;
use crate::call::{Call, Engine};

/// How long the service takes to refuse. Our assumption; nothing that is retried is free.
pub(super) const DELAY: Duration = Duration::from_millis(10);

/// A request that is refused.
#[derive(Debug)]
pub(super) struct Failure {
    case: Case,
    /// The model, or why it is refused: what the words mention.
    subject: String,
}

impl Failure {
    /// A 400 with this text.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { case: Case::InvalidRequest, subject: message.into() }
    }

    /// A 404 for a model that there is not.
    pub(super) fn no_model(model: &str) -> Self {
        Self { case: Case::NotFound, subject: model.to_owned() }
    }

    /// The whole answer.
    pub(super) fn respond(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        let request_id = reply::request_id(engine, call);
        let sent = self.case.respond(&Particulars {
            model: &self.subject,
            reason: &self.subject,
            request_id: &request_id,
            ..Particulars::default()
        });
        let status = StatusCode::from_u16(sent.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = HeaderValue::from_static(sent.content_type);
        let mut response = reply::base(engine, call, status, content_type, Body::full(sent.body));
        for (name, value) in sent.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

impl From<Case> for Failure {
    fn from(case: Case) -> Self {
        Self { case, subject: String::new() }
    }
}
