//! Titan multimodal embeddings: one vector for a text, a picture or both.

use http::Response;
use wire::bedrock::headers::InvocationCounts;
use wire::bedrock::invoke::titan_multimodal::{Request, response};
use world::http::Body;

use super::super::Bedrock;
use super::super::decide::milliseconds;
use super::super::failure::Failure;
use super::super::settlement::Settlement;
use super::super::target::Target;
use super::answered;
use crate::call::{Call, Engine};
use crate::engine::tokens;
use crate::profile::Kind;

impl Bedrock {
    pub(in crate::bedrock) async fn titan_multimodal(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let request = Request::parse(call.body).map_err(Failure::invalid)?;
        let text = request.input_text.as_deref().unwrap_or_default();
        let image = request.input_image.as_deref().unwrap_or_default();
        let input_tokens = tokens::count(text);
        let _settlement = Settlement::reserve_input(&self.quota, target, input_tokens)?;
        let profile = target.profile(&engine.plan, Kind::Embeddings);
        let latency = engine.timing(profile, &call.identity, input_tokens).first();
        engine.sleep(call, latency).await;

        let input = format!("{text}\0{image}");
        let embedding = engine.embedder.embed(target.id.base(), input.as_bytes(), request.dimension());
        let body = response(&embedding.json(), input_tokens);
        let latency_ms = milliseconds(latency);
        let counts = InvocationCounts { input_tokens, latency_ms, ..InvocationCounts::default() };
        Ok(answered(engine, call, body, counts))
    }
}
