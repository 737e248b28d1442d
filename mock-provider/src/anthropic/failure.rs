//! Why a request gets no answer, in Anthropic's words.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Response, StatusCode};
use quota::anthropic::{Limit, Refusal};
use wire::anthropic::error::{Case, Particulars};
use world::http::Body;

use super::{messages, reply, settlement};
use crate::call::{Call, Engine};

/// How long the service takes to refuse. Our assumption; nothing that is retried is free.
pub(super) const DELAY: Duration = Duration::from_millis(10);

/// A request that is refused.
#[derive(Debug)]
pub(super) struct Failure {
    case: Case,
    /// The model, or why it is refused: what the words mention.
    subject: String,
    /// The limit that refuses, where one does.
    limit: Option<Box<Refusal>>,
}

impl Failure {
    /// A 400 with this text.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { subject: message.into(), ..Case::InvalidRequest.into() }
    }

    /// A 404 for a model that there is not.
    pub(super) fn no_model(model: &str) -> Self {
        Self { subject: model.to_owned(), ..Case::NotFound.into() }
    }

    /// A 429 of a limit.
    pub(super) fn limit(refusal: Box<Refusal>) -> Self {
        let case = match refusal.limit {
            Limit::Requests => Case::RequestsRateLimit,
            Limit::InputTokens => Case::InputTokensRateLimit,
            Limit::OutputTokens => Case::OutputTokensRateLimit,
        };
        Self { limit: Some(refusal), ..case.into() }
    }

    /// The whole answer.
    pub(super) fn respond(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        let request_id = reply::request_id(engine, call);
        let usual = Particulars::default();
        let sent = self.case.respond(&Particulars {
            model: &self.subject,
            reason: &self.subject,
            request_id: &request_id,
            limit: self.limit.as_ref().map_or(usual.limit, |limit| clamped(limit.allowed)),
            wait: self.limit.as_ref().map_or(usual.wait, |limit| limit.retry_after),
            ..usual
        });
        let status = StatusCode::from_u16(sent.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = HeaderValue::from_static(sent.content_type);
        let mut response = reply::base(engine, call, status, content_type, Body::full(sent.body));
        for (name, value) in sent.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        if let Some(limit) = &self.limit {
            settlement::tell(&limit.standing, engine, call, response.headers_mut());
        }
        response
    }
}

fn clamped(limit: u64) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

impl From<messages::Refusal> for Failure {
    fn from(messages::Refusal(message): messages::Refusal) -> Self {
        Self::invalid(message)
    }
}

impl From<Case> for Failure {
    fn from(case: Case) -> Self {
        Self { case, subject: String::new(), limit: None }
    }
}
