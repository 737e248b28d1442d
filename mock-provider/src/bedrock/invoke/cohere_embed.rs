//! Cohere Embed: up to 96 inputs a call.

use http::Response;
use serde::Deserialize;
use wire::bedrock::headers::InvocationCounts;
use wire::bedrock::invoke::cohere_embed::{EmbeddingType, Request, response};
use wire::json::{Raw, Text};
use world::http::Body;

use super::super::Bedrock;
use super::super::decide::milliseconds;
use super::super::failure::Failure;
use super::super::settlement::Settlement;
use super::super::target::Target;
use super::answered;
use crate::call::{Call, Engine};
use crate::engine::embedding::Embedding;
use crate::engine::encoding::Encoding;
use crate::engine::tokens;
use crate::head;
use crate::profile::Kind;

/// What a picture counts as, in tokens. Our assumption.
const PICTURE_TOKENS: u64 = 1_000;

impl Bedrock {
    pub(in crate::bedrock) async fn cohere_embed(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let model = target.id.base();
        let request = Request::parse(call.body, model).map_err(Failure::invalid)?;
        let input_tokens = input_tokens(&request);
        let _settlement = Settlement::reserve_input(&self.quota, target, input_tokens)?;
        let profile = target.profile(&engine.plan, Kind::Embeddings);
        let latency = engine.timing(profile, &call.identity, input_tokens).first();
        engine.sleep(call, latency).await;

        let dimension = request.dimension(model);
        let embed = |input: &str| engine.embedder.embed(model, input.as_bytes(), dimension);
        let vectors: Vec<Embedding> = request.inputs().into_iter().map(embed).collect();
        let id = head::uuid(engine.request_bits(&call.identity));
        let body = response(&request, &id, |input, form| vectors[input].encoded(encoding(form)));
        let latency_ms = milliseconds(latency);
        let counts = InvocationCounts { input_tokens, latency_ms, ..InvocationCounts::default() };
        Ok(answered(engine, call, body, counts))
    }
}

fn encoding(form: EmbeddingType) -> Encoding {
    match form {
        EmbeddingType::Float => Encoding::Float,
        EmbeddingType::Int8 => Encoding::Int8,
        EmbeddingType::Uint8 => Encoding::Uint8,
        EmbeddingType::Binary => Encoding::Binary,
        EmbeddingType::Ubinary => Encoding::Ubinary,
    }
}

fn input_tokens(request: &Request<'_>) -> u64 {
    let texts = request.texts.iter().flatten().map(|text| tokens::count(text));
    let mixed = request.inputs.iter().flatten().map(mixed_tokens);
    let pictures = request.images.as_ref().map_or(0, Vec::len) as u64;
    texts.chain(mixed).sum::<u64>() + pictures * PICTURE_TOKENS
}

/// Tokens of an input of texts and pictures: what has no text is a picture.
fn mixed_tokens(input: &Raw<'_>) -> u64 {
    #[derive(Default, Deserialize)]
    struct Mixed<'a> {
        #[serde(borrow, default)]
        content: Vec<Part<'a>>,
    }
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow, default)]
        text: Option<Text<'a>>,
    }
    let mixed: Mixed<'_> = input.read().unwrap_or_default();
    let tokens = |part: &Part<'_>| part.text.as_ref().map_or(PICTURE_TOKENS, |text| tokens::count(text));
    mixed.content.iter().map(tokens).sum()
}
