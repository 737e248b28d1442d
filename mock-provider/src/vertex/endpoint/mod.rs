//! What an endpoint is asked at which the project's tuned model is deployed.
//!
//! The model plays every part that a deployed model may have: it generates content as a tuned Gemini does, predicts
//! texts from instances and tensors, and chats as model servers do whose own body and answer `:rawPredict` passes on.

mod explain;
mod instances;
mod pieces;
mod raw;
mod tensors;

use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use wire::json::Text;
use wire::vertex::path::Verb;
use world::http::Body;

use super::Vertex;
use super::chat::in_googles_words;
use super::front::{Failure, Request};
use super::generate::count_tokens;
use super::models::{endpoints, own};
use crate::call::{Call, Engine};
use crate::openai::chat;

impl Vertex {
    /// `endpoints/{endpoint}:{verb}`
    pub(super) async fn endpoint(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        (endpoint, verb): (&str, Verb),
    ) -> Result<Response<Body>, Failure> {
        endpoints::check(request, endpoint)?;
        match verb {
            Verb::GenerateContent => self.generate(engine, call, request, own::TUNED).await,
            Verb::StreamGenerateContent => self.stream(engine, call, request, own::TUNED).await,
            Verb::CountTokens => count_tokens::answer(engine, call).await,
            Verb::ComputeTokens => count_tokens::compute(engine, call).await,
            Verb::Predict => self.predict_instances(engine, call, request).await,
            Verb::ServerStreamingPredict => self.stream_tensors(engine, call, request).await,
            Verb::RawPredict => self.raw(engine, call, request, (endpoint, false)).await,
            Verb::StreamRawPredict => self.raw(engine, call, request, (endpoint, true)).await,
            Verb::Explain => Err(explain::refusal(call)),
            Verb::PredictLongRunning | Verb::FetchPredictOperation => {
                Err(Failure::unserved("long-running predictions"))
            }
            Verb::EmbedContent => Err(Failure::unserved("embeddings of deployed models")),
        }
    }

    /// `endpoints/{endpoint}/chat/completions`: streamed or not as the body says.
    pub(super) async fn deployed_chat(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        endpoint: &str,
    ) -> Result<Response<Body>, Failure> {
        endpoints::check(request, endpoint)?;
        self.chat_with_deployed(engine, call, request, None).await
    }

    /// A chat with the deployed model; `is_streamed` where the body has no say.
    async fn chat_with_deployed(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
        is_streamed: Option<bool>,
    ) -> Result<Response<Body>, Failure> {
        let completed = with_model(call.body);
        let body = chat::read(&completed).map_err(in_googles_words)?;
        let named = body.model.as_str();
        let served = if named.is_empty() { own::NAME.into() } else { Cow::Owned(named.to_owned()) };
        let is_streamed = is_streamed.unwrap_or_else(|| body.is_streamed());
        self.gemini_chat(engine, call, request, (own::TUNED, served), (body, is_streamed)).await
    }
}

/// The body of a chat, which need not name the model here: there is only one.
fn with_model(body: &Bytes) -> Cow<'_, [u8]> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        model: Option<Text<'a>>,
    }
    let is_named =
        |body: &[u8]| serde_json::from_slice::<Named<'_>>(body).is_ok_and(|named| named.model.is_some());
    match body.trim_ascii_start().strip_prefix(b"{") {
        Some(members) if !is_named(body) => {
            let comma: &[u8] = if members.trim_ascii_start().starts_with(b"}") { b"" } else { b"," };
            Cow::Owned([br#"{"model":"""#, comma, members].concat())
        }
        _ => Cow::Borrowed(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_model_need_not_be_named() {
        for (body, expected) in [
            (r#"{"messages":[]}"#, r#"{"model":"","messages":[]}"#),
            ("{}", r#"{"model":""}"#),
            (r#" {"model":"m"}"#, r#" {"model":"m"}"#),
            ("[]", "[]"),
            ("", ""),
        ] {
            assert_eq!(&*with_model(&Bytes::from(body)), expected.as_bytes());
        }
    }
}
