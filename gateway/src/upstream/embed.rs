//! Embeddings of Bedrock's Titan models and of Vertex AI's text models in terms of the OpenAI dialect.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use wire::bedrock::titan_embeddings as titan;
use wire::json::FloatList;
use wire::openai::embeddings::{
    Embedding, EmbeddingResponse, EmbeddingUsage, EncodingFormat, Vector, encode_base64,
};
use wire::vertex::embeddings::{Instance, Parameters, PredictRequest, PredictResponse};

use super::Upstream;
use crate::failure::{Cause, Failure};
use crate::fleet::{Speaker, Target};

/// Calls of one batch that are open at the same time.
const CALLS_AT_ONCE: usize = 16;

/// Texts to embed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts<'a> {
    pub(crate) texts: &'a [&'a str],
    pub(crate) dimensions: Option<u32>,
    pub(crate) format: EncodingFormat,
}

/// The vectors in the client's terms.
#[derive(Debug)]
pub(crate) struct EmbeddingAnswer {
    pub(crate) body: Bytes,
    /// Of all texts.
    pub(crate) tokens: u32,
}

impl Upstream {
    /// A vector for each text, all from one target.
    pub(crate) async fn embed(&self, target: &Target, texts: Texts<'_>) -> Result<EmbeddingAnswer, Failure> {
        match &target.provider.speaker {
            Speaker::Bedrock(_) => self.embed_titan(target, texts).await,
            Speaker::Vertex { .. } => self.embed_predict(target, texts).await,
        }
    }

    /// Titan takes one text a call.
    async fn embed_titan(&self, target: &Target, texts: Texts<'_>) -> Result<EmbeddingAnswer, Failure> {
        let call = |text: &&str| {
            let request = titan::Request { dimensions: texts.dimensions, ..titan::Request::new(*text) };
            self.post_whole(target, &target.endpoint.embed, request.to_bytes())
        };
        let calls = stream::iter(texts.texts.iter().map(call));
        let bodies: Vec<Bytes> = calls.buffered(CALLS_AT_ONCE).try_collect().await?;
        let mut tokens = 0_u32;
        let mut vectors = Vec::with_capacity(bodies.len());
        for body in &bodies {
            let answer = titan::Response::parse(body).map_err(|error| malformed(&error))?;
            tokens = tokens.saturating_add(u32::try_from(answer.input_text_token_count).unwrap_or(u32::MAX));
            vectors.push(answer.embedding);
        }
        answer(vectors, texts.format, tokens, &target.model)
    }

    async fn embed_predict(&self, target: &Target, texts: Texts<'_>) -> Result<EmbeddingAnswer, Failure> {
        let instances =
            texts.texts.iter().map(|text| Instance { content: (*text).into(), ..Instance::default() });
        let parameters = Parameters { auto_truncate: Some(true), output_dimensionality: texts.dimensions };
        let request = PredictRequest { instances: instances.collect(), parameters: Some(parameters) };
        let body = self.post_whole(target, &target.endpoint.embed, request.to_bytes()).await?;
        let response = PredictResponse::parse(&body).map_err(|error| malformed(&error))?;
        if response.predictions.len() != texts.texts.len() {
            return Err(Failure::new(Cause::Malformed, "the answer has another number of vectors"));
        }
        let tokens = response.token_count();
        let vectors = response.predictions.into_iter().map(|prediction| prediction.embeddings.values);
        answer(vectors.collect(), texts.format, tokens, &target.model)
    }
}

fn answer(
    vectors: Vec<FloatList<'_>>,
    format: EncodingFormat,
    tokens: u32,
    model: &str,
) -> Result<EmbeddingAnswer, Failure> {
    let mut data = Vec::with_capacity(vectors.len());
    for (index, vector) in (0..).zip(vectors) {
        // A list of floats goes on unread.
        let embedding = match format {
            EncodingFormat::Float => Vector::Floats(vector),
            EncodingFormat::Base64 => {
                let floats = vector.floats().map_err(|error| malformed(&error))?;
                Vector::Base64(encode_base64(&floats).into())
            }
        };
        data.push(Embedding { index, embedding, ..Embedding::default() });
    }
    let usage = EmbeddingUsage { prompt_tokens: tokens, total_tokens: tokens };
    let response = EmbeddingResponse { data, model: model.into(), usage, ..EmbeddingResponse::default() };
    Ok(EmbeddingAnswer { body: response.to_bytes(), tokens })
}

fn malformed(error: &wire::json::Error) -> Failure {
    Failure::new(Cause::Malformed, error.to_string())
}
