//! Titan text embeddings: one text a call.

use bytes::BytesMut;
use http::Response;
use wire::bedrock::headers::InvocationCounts;
use wire::bedrock::titan_embeddings::{Embedding, EmbeddingType, Request, Version, write_response};
use world::http::Body;

use super::super::Bedrock;
use super::super::failure::Failure;
use super::super::settlement::Settlement;
use super::super::target::Target;
use super::answered;
use crate::call::{Call, Engine};
use crate::engine::tokens;
use crate::profile::Kind;

impl Bedrock {
    pub(in crate::bedrock) async fn titan_embeddings(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let version = Version::of_model(target.id.base()).unwrap_or(Version::V2);
        let request = Request::parse(call.body, version).map_err(Failure::invalid)?;
        let input_tokens = tokens::count(&request.input_text);
        let _settlement = Settlement::reserve_input(&self.quota, target, input_tokens)?;
        let profile = target.profile(&engine.plan, Kind::Embeddings);
        let latency = engine.timing(profile, &call.identity, input_tokens).first();
        engine.sleep(call, latency).await;

        let dimension = request.dimension(version) as usize;
        let embedding = engine.embedder.embed(target.id.base(), request.input_text.as_bytes(), dimension);
        let is_binary = request.embedding_types.contains(&EmbeddingType::Binary);
        let floats = if is_binary { embedding.values() } else { Vec::new() };
        let list = embedding.json();
        let mut out = BytesMut::new();
        write_response(&request, version, Embedding { floats: &floats, list: &list }, input_tokens, &mut out);
        let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        let counts = InvocationCounts { input_tokens, latency_ms, ..InvocationCounts::default() };
        Ok(answered(engine, call, out, counts))
    }
}
