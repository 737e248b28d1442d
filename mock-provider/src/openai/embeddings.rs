//! `POST /v1/embeddings`.

use http::Response;
use quota::openai::Demand;
use wire::json::FloatList;
use wire::openai::diagnosis::{EMBEDDING, diagnose, first_unknown, invalid, too_long, unknown};
use wire::openai::embeddings::{
    EmbeddingRequest, EmbeddingResponse, EncodingFormat, Input, Vector, encode_base64,
};
use world::http::Body;

use super::failure::Failure;
use super::target::Target;
use super::{OpenAi, Request, reply};
use crate::call::{Call, Engine};
use crate::engine::embedding::Embedding;
use crate::engine::tokens;
use crate::profile::Kind;

/// Most inputs of a request.
const INPUTS_MAX: usize = 2_048;
/// Most tokens of all inputs together.
const REQUEST_TOKENS_MAX: u64 = 300_000;

impl OpenAi {
    pub(super) async fn embeddings(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let body = read(&request.body)?;
        let target = Target::find(engine, &request.path.host, &body.model, Kind::Embeddings)?;
        let lengths = check(&body.input, &target)?;
        let dimension = dimension(target.name, body.dimensions)?;
        let tokens = lengths.iter().sum();
        let demand = Demand { prompt: tokens, max_tokens: Some(0), ..Demand::default() };
        let left = self.accounts.admit(&request.path, &request.api_version, &target, demand)?;
        engine.sleep(call, engine.timing(target.profile, &call.identity, tokens).first()).await;

        let embeddings = embed(engine, target.name, &body.input, dimension);
        let format = body.encoding_format.unwrap_or_default();
        let texts: Vec<String> = embeddings.iter().map(|embedding| written(embedding, format)).collect();
        let vectors = texts.iter().map(|text| match format {
            EncodingFormat::Float => Vector::Floats(FloatList::Rendered(text)),
            EncodingFormat::Base64 => Vector::Base64(text.as_str().into()),
        });
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        let answered = EmbeddingResponse::new(target.served().into(), vectors, tokens);
        Ok(reply::counted(engine, call, &left, answered.to_bytes()))
    }
}

fn read(body: &[u8]) -> Result<EmbeddingRequest<'_>, Failure> {
    let request = EmbeddingRequest::parse(body).map_err(|error| {
        diagnose(body, EMBEDDING)
            .map_or_else(|| Failure::message(format!("Invalid request body: {error}")), Failure::from)
    })?;
    match first_unknown(body, EMBEDDING) {
        Some(name) => Err(unknown(&name).into()),
        None => Ok(request),
    }
}

fn written(embedding: &Embedding, format: EncodingFormat) -> String {
    match format {
        EncodingFormat::Float => embedding.json(),
        EncodingFormat::Base64 => encode_base64(&embedding.values()),
    }
}

fn embed(engine: &Engine, model: &str, input: &Input<'_>, dimension: usize) -> Vec<Embedding> {
    let of_text = |text: &str| engine.embedder.embed(model, text.as_bytes(), dimension);
    let of_tokens = |tokens: &Vec<u32>| {
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.to_le_bytes()).collect();
        engine.embedder.embed(model, &bytes, dimension)
    };
    match input {
        Input::Text(text) => vec![of_text(text)],
        Input::Texts(texts) => texts.iter().map(|text| of_text(text)).collect(),
        Input::Tokens(tokens) => vec![of_tokens(tokens)],
        Input::TokenLists(lists) => lists.iter().map(of_tokens).collect(),
    }
}

/// Tokens of each input.
fn lengths(input: &Input<'_>) -> Vec<u64> {
    match input {
        Input::Text(_) | Input::Texts(_) => input.texts().iter().map(|text| tokens::count(text)).collect(),
        Input::Tokens(tokens) => vec![tokens.len() as u64],
        Input::TokenLists(lists) => lists.iter().map(|tokens| tokens.len() as u64).collect(),
    }
}

/// Refuses input that cannot be embedded, or says how many tokens each has.
fn check(input: &Input<'_>, target: &Target<'_>) -> Result<Vec<u64>, Failure> {
    let lengths = lengths(input);
    if lengths.is_empty() || lengths.contains(&0) {
        let message = "'$.input' is invalid. Please check the API reference: \
                       https://platform.openai.com/docs/api-reference.";
        return Err(Failure::message(message));
    }
    if lengths.len() > INPUTS_MAX {
        return Err(too_long("input", "array", INPUTS_MAX, lengths.len()).into());
    }
    let context = target.model.context;
    if let Some(longest) = lengths.iter().copied().max().filter(|longest| *longest > u64::from(context)) {
        let message = format!(
            "This model's maximum context length is {context} tokens, however you requested {longest} tokens \
             ({longest} in your prompt; 0 for the completion). Please reduce your prompt; or completion length."
        );
        return Err(Failure::message(message));
    }
    let total: u64 = lengths.iter().sum();
    if total > REQUEST_TOKENS_MAX {
        let message = format!(
            "Invalid 'input': maximum request size is {REQUEST_TOKENS_MAX} tokens per request, requested {total} tokens."
        );
        return Err(invalid("input", "max_tokens_per_request", message).into());
    }
    Ok(lengths)
}

/// How long vectors are: as asked, at most what the model makes.
fn dimension(model: &str, asked: Option<u32>) -> Result<usize, Failure> {
    let full: u32 = if model.starts_with("text-embedding-3-large") { 3_072 } else { 1_536 };
    let Some(asked) = asked else { return Ok(full as usize) };
    if model.starts_with("text-embedding-ada") {
        let message = "This model does not support specifying dimensions.";
        return Err(invalid("dimensions", "", message).into());
    }
    if !(1..=full).contains(&asked) {
        let message = format!("Invalid value for 'dimensions' = {asked}. Must be between 1 and {full}.");
        return Err(invalid("dimensions", "", message).into());
    }
    Ok(asked as usize)
}
