//! Claude on Vertex AI: `:rawPredict` and `:streamRawPredict` with the body and the answer of Anthropic's own API.
//!
//! The platform's errors (no credentials, no quota, no such model) are Google's; the model's are Anthropic's.

use http::Response;
use wire::vertex::error::Case;
use world::http::Body;

use super::failure::Failure;
use super::{Request, Vertex};
use crate::call::{Call, Engine};

/// What is asked of Claude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClaudeCall<'a> {
    /// `models/{model}:rawPredict`: a whole message.
    Message(&'a str),
    /// `models/{model}:streamRawPredict`: its events.
    Stream(&'a str),
    /// `models/count-tokens:rawPredict`: the body names the model, which nobody has checked.
    CountTokens,
}

impl Vertex {
    /// Answers for a model that is listed; `Err` where the platform refuses in Google's words.
    pub(super) async fn claude(
        &self,
        _engine: &Engine,
        _call: &Call<'_>,
        _request: &Request<'_>,
        _asked: ClaudeCall<'_>,
    ) -> Result<Response<Body>, Failure> {
        Err(Failure::Case(Case::ModelNotEnabled))
    }
}
