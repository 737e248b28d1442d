//! Why a request gets no answer, in the service's words or in Azure's.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Response, StatusCode};
use wire::openai::error::{AzureCase, Case, ErrorDetail, Particulars};
use world::http::Body;

use super::limits::Left;
use super::reply;
use crate::call::{Call, Engine};

/// How long the front end takes to refuse. Our assumption; nothing that is retried is free.
pub(super) const DELAY: Duration = Duration::from_millis(10);

/// A request that is refused.
#[derive(Debug)]
pub(super) struct Failure(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    detail: ErrorDetail<'static>,
    /// What Azure's front end would say in its place.
    at_azure: Option<Bytes>,
    left: Option<Left>,
}

impl Failure {
    /// One of the service's own.
    pub(super) fn case(case: Case, of: &Particulars<'_>) -> Self {
        let detail = case.detail(of).unwrap_or_default();
        let Self(mut refusal) = Self::new(status(case.status()), detail);
        refusal.headers = case.headers(of);
        refusal.at_azure = AzureCase::instead_of(case).map(|case| case.body("", "", 0));
        Self(refusal)
    }

    /// One of Azure's own; a limit that refuses does so for `seconds`.
    pub(super) fn azure(case: AzureCase, operation: &str, api_version: &str, seconds: u64) -> Self {
        let Self(mut refusal) = Self::new(status(case.status()), ErrorDetail::default());
        refusal.headers = case.headers(seconds);
        refusal.at_azure = Some(case.body(operation, api_version, seconds));
        Self(refusal)
    }

    /// In other words.
    pub(super) fn new(status: StatusCode, detail: ErrorDetail<'static>) -> Self {
        Self(Box::new(Refusal { status, headers: Vec::new(), detail, at_azure: None, left: None }))
    }

    /// A 400 that says no more than `message`.
    pub(super) fn message(message: impl Into<String>) -> Self {
        ErrorDetail::new(message.into(), "invalid_request_error").into()
    }

    /// There is no such model.
    pub(super) fn no_model(model: &str) -> Self {
        Self::case(Case::ModelNotFound, &Particulars { model, ..Particulars::default() })
    }

    /// What is asked for is refused for what it says.
    pub(super) fn unsafe_prompt() -> Self {
        Self::case(Case::ContentPolicyViolation, &Particulars::default())
    }

    /// The prompt is longer than the model takes.
    pub(super) fn too_long(limit: u32, requested: u64) -> Self {
        let requested = u32::try_from(requested).unwrap_or(u32::MAX);
        Self::case(Case::ContextLengthExceeded, &Particulars { limit, requested, ..Particulars::default() })
    }

    /// The same in the words of responses.
    pub(super) fn input_too_long() -> Self {
        const WORDS: &str =
            "Your input exceeds the context window of this model. Please adjust your input and try again.";
        let detail = ErrorDetail::new(WORDS, "invalid_request_error");
        detail.with_code("context_length_exceeded").with_param("input").into()
    }

    /// The same, saying what is left of the limits.
    pub(super) fn leaving(mut self, left: Left) -> Self {
        self.0.left = Some(left);
        self
    }

    /// The whole answer.
    pub(super) fn respond(&self, engine: &Engine, call: &Call<'_>) -> Response<Body> {
        let Refusal { status, headers, detail, at_azure, left } = &*self.0;
        let instead = at_azure.as_ref().filter(|_| reply::is_azure(call));
        let body = instead.cloned().unwrap_or_else(|| detail.to_bytes());
        let mut response = reply::base(engine, call, *status, reply::JSON, Body::full(body));
        // What is left is told by who counts it.
        let own = headers.iter().filter(|(name, _)| left.is_none() || !name.starts_with("x-ratelimit-"));
        for (name, value) in own {
            response.headers_mut().insert(HeaderName::from_static(name), crate::head::text(value));
        }
        if let Some(left) = left {
            left.write(response.headers_mut());
        }
        response
    }
}

/// A 400.
impl From<ErrorDetail<'static>> for Failure {
    fn from(detail: ErrorDetail<'static>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
