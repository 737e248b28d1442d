//! `POST /v1/embeddings`.

use bytes::Bytes;
use evidence::record::LedgerState;
use http::Response;
use wire::json::Text;
use wire::openai::embeddings::{EmbeddingRequest, EncodingFormat, Input};
use world::http::Body;

use super::served;
use crate::attempt::{Job, Limit, Operation, Work, answer_limit};
use crate::billing::Cost;
use crate::caller::Caller;
use crate::core::Core;
use crate::failure::Failure;
use crate::fleet::Target;
use crate::plan::ModelKind;
use crate::refusal::Refusal;
use crate::upstream::{EmbeddingAnswer, Texts, Upstream};

/// Most texts in one request.
const TEXTS_MAX: usize = 2_048;

/// One request for embeddings, all its texts.
struct Embed<'a> {
    upstream: &'a Upstream,
    texts: Texts<'a>,
    limit: Option<Limit>,
}

impl Operation for Embed<'_> {
    type Answer = EmbeddingAnswer;

    fn limit(&self) -> Option<Limit> {
        self.limit
    }

    async fn attempt(&self, target: &Target) -> Result<EmbeddingAnswer, Failure> {
        self.upstream.embed(target, self.texts).await
    }
}

/// Answers a request for embeddings.
pub(super) async fn answer(core: &Core, body: &Bytes, caller: &Caller) -> Result<Response<Body>, Refusal> {
    let invalid = |message: String| Refusal::Invalid { message };
    let request = EmbeddingRequest::parse(body).map_err(|error| invalid(error.to_string()))?;
    let routed = core.router.route(&request.model, ModelKind::Embeddings, false);
    let route = routed.map_err(|why| Refusal::unroutable(why, &request.model))?;
    let texts = texts(&request).map_err(|message| invalid(message.to_owned()))?;
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let work = Work { prompt_tokens: u32::try_from(bytes / 4).unwrap_or(u32::MAX), output_tokens: Some(0) };
    let format = request.encoding_format.unwrap_or(EncodingFormat::Float);
    let operation = Embed {
        upstream: &core.upstream,
        texts: Texts { texts: &texts, dimensions: request.dimensions, format },
        limit: answer_limit(&core.policy.deadlines, work),
    };
    let job = Job { route, identity: caller.identity, began: caller.began };
    let result = core.dispatcher.run(&operation, job).await;
    let served_by = result.map_err(|exhausted| Refusal::exhausted(exhausted, core.clock.now()))?;
    let target = &served_by.entry.target;
    let cost = Cost { input_tokens: served_by.answer.tokens, output_tokens: 0 };
    core.billing.enter(&caller.account, target, cost, LedgerState::Billed);
    Ok(served(served_by.answer.body, caller, &target.provider.name))
}

fn texts<'a>(request: &'a EmbeddingRequest<'_>) -> Result<Vec<&'a str>, &'static str> {
    let texts: Vec<&str> = match &request.input {
        Input::Text(text) => vec![text],
        Input::Texts(texts) => texts.iter().map(Text::as_str).collect(),
        Input::Tokens(_) | Input::TokenLists(_) => {
            return Err("`input` must be text: the providers do not take tokens.");
        }
    };
    match texts.len() {
        0 => Err("`input` is empty."),
        1..=TEXTS_MAX if texts.iter().all(|text| !text.is_empty()) => Ok(texts),
        1..=TEXTS_MAX => Err("`input` has an empty text."),
        _ => Err("`input` has more than 2048 texts."),
    }
}
