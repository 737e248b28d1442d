//! Reading answers that come whole: completions, vectors, lists, and errors.

use bytes::Bytes;
use evidence::record::ClientOutcome;
use serde::Deserialize;
use serde::de::IgnoredAny;
use wire::openai::chat::ChatCompletion;
use wire::openai::embeddings::EmbeddingResponse;
use wire::openai::error::ErrorDetail;
use wire::openai::models::ModelList;
use world::http::{Body, CollectError, collect};

use super::answer::Reading;
use crate::plan::Kind;

/// The largest answer that a client takes.
const ANSWER_MAX: usize = 64 << 20;

/// An error page longer than this is read no further.
const ERROR_MAX: usize = 1 << 20;

/// Reads the answer to a request that was not to be streamed.
pub(super) async fn read(body: Body, reading: &mut Reading) {
    if let Some(bytes) = whole(body, reading).await {
        judge(&bytes, reading);
    }
}

/// Reads the body of an error status. What matters is the status; the body may name the cause.
pub(super) async fn read_error(body: Body, reading: &mut Reading) {
    reading.end(ClientOutcome::Http);
    if let Ok(bytes) = collect(body, ERROR_MAX).await {
        reading.answer.bytes = bytes.len() as u64;
        if let Ok(error) = ErrorDetail::parse(&bytes) {
            reading.end_with_error(ClientOutcome::Http, &error);
        }
    }
}

/// Reads what came in place of a stream: an error that forgot its status, or nothing that fits.
pub(super) async fn read_unstreamed(body: Body, reading: &mut Reading) {
    let Some(bytes) = whole(body, reading).await else { return };
    match ErrorDetail::parse(&bytes) {
        Ok(error) => reading.end_with_error(ClientOutcome::Http, &error),
        Err(_) => reading.end(ClientOutcome::Malformed),
    }
}

async fn whole(body: Body, reading: &mut Reading) -> Option<Bytes> {
    match collect(body, ANSWER_MAX).await {
        Ok(bytes) => {
            reading.answer.bytes = bytes.len() as u64;
            Some(bytes)
        }
        Err(CollectError::TooLarge { .. }) => {
            reading.end(ClientOutcome::Malformed);
            None
        }
        Err(CollectError::Broken(_)) => {
            reading.end(ClientOutcome::TruncSignalled);
            None
        }
    }
}

fn judge(bytes: &[u8], reading: &mut Reading) {
    let is_good = match reading.kind {
        Kind::Chat => judge_chat(bytes, reading),
        Kind::Embeddings => judge_embeddings(bytes, reading),
        Kind::Models => ModelList::parse(bytes).is_ok(),
        Kind::Images => is_image_answer(bytes),
        Kind::Get => true,
    };
    if is_good {
        reading.end_whole();
    } else if let Ok(error) = ErrorDetail::parse(bytes) {
        reading.end_with_error(ClientOutcome::Http, &error);
    } else {
        reading.end(ClientOutcome::Malformed);
    }
}

/// A completion has an answer, and the answer has an end.
fn judge_chat(bytes: &[u8], reading: &mut Reading) -> bool {
    let Ok(completion) = ChatCompletion::parse(bytes) else { return false };
    reading.served_model(&completion.model);
    let Some(choice) = completion.choices.first() else { return false };
    if let Some(content) = &choice.message.content {
        reading.generated(content);
    }
    choice.finish_reason.is_some()
        && (choice.message.content.is_some()
            || choice.message.refusal.is_some()
            || !choice.message.tool_calls.is_empty())
}

/// Vectors are all of one length, and the answer says whose they are.
fn judge_embeddings(bytes: &[u8], reading: &mut Reading) -> bool {
    let Ok(response) = EmbeddingResponse::parse(bytes) else { return false };
    reading.served_model(&response.model);
    let mut dimensions = response.data.iter().map(|vector| vector.embedding.dimension());
    let Some(dimension) = dimensions.next().filter(|dimension| *dimension > 0) else { return false };
    reading.answer.dimension = u32::try_from(dimension).ok();
    dimensions.all(|other| other == dimension)
        && u32::try_from(response.data.len()) == Ok(reading.inputs)
        && !response.model.is_empty()
}

fn is_image_answer(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Images {
        data: Vec<Image>,
    }
    #[derive(Deserialize)]
    struct Image {
        b64_json: Option<IgnoredAny>,
        url: Option<IgnoredAny>,
    }
    let is_there = |image: &Image| image.b64_json.is_some() || image.url.is_some();
    serde_json::from_slice::<Images>(bytes)
        .is_ok_and(|images| !images.data.is_empty() && images.data.iter().all(is_there))
}
