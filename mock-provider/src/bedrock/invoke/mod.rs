//! InvokeModel and its stream: bodies in the model's own format, one file for each family.

mod chat_completions;
mod cohere_chat;
mod cohere_command;
mod cohere_embed;
mod format;
mod llama;
mod mistral;
mod nova;
mod pictures;
mod settings;
mod titan_embeddings;
mod titan_multimodal;
mod titan_text;

use bytes::Bytes;
use http::{HeaderName, Response, header};
use wire::bedrock::error::text;
use wire::bedrock::headers::InvocationCounts;
use wire::bedrock::model::Family;
use world::http::Body;

use super::failure::Failure;
use super::guardrail::{self, Guard};
use super::target::Target;
use super::{Bedrock, reply};
use crate::call::{Call, Engine};
use format::Delivery;

pub(super) use settings::echo;

impl Bedrock {
    pub(super) async fn invoke(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let (guard, body) = guarded(call, &header::ACCEPT)?;
        let call = &call.with_body(body.as_ref().unwrap_or(call.body));
        match target.family {
            Family::Claude => Box::pin(self.claude(engine, call, target, guard)).await,
            Family::TitanEmbeddings => self.titan_embeddings(engine, call, target).await,
            Family::TitanMultimodal => self.titan_multimodal(engine, call, target).await,
            Family::CohereEmbed => self.cohere_embed(engine, call, target).await,
            Family::AmazonImage => Box::pin(self.amazon_image(engine, call, target)).await,
            Family::Stability => Box::pin(self.stability(engine, call, target)).await,
            Family::Video => Err(Failure::invalid(
                "The model is unsupported for synchronous invocation. Use StartAsyncInvoke.",
            )),
            Family::Speech => Err(Failure::invalid(text::UNSUPPORTED_ACTION)),
            _ => Box::pin(self.complete(engine, call, target, (Delivery::Whole, guard))).await,
        }
    }

    pub(super) async fn invoke_stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        let (guard, body) = guarded(call, &settings::STREAM_ACCEPT)?;
        let call = &call.with_body(body.as_ref().unwrap_or(call.body));
        match target.family {
            Family::Claude => Box::pin(self.claude_stream(engine, call, target, guard)).await,
            family if family.converses() => {
                Box::pin(self.complete(engine, call, target, (Delivery::Streamed, guard))).await
            }
            _ => Err(Failure::invalid("The model is unsupported for streaming.")),
        }
    }

    /// Completes a text in the format of the model's family.
    async fn complete(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        how: (Delivery, Option<Guard>),
    ) -> Result<Response<Body>, Failure> {
        match target.family {
            Family::Nova => self.deliver::<nova::Nova>(engine, call, target, how).await,
            Family::TitanText => self.deliver::<titan_text::TitanText>(engine, call, target, how).await,
            Family::Llama => self.deliver::<llama::Llama>(engine, call, target, how).await,
            Family::Mistral => self.deliver::<mistral::Mistral>(engine, call, target, how).await,
            Family::CohereChat => self.deliver::<cohere_chat::CohereChat>(engine, call, target, how).await,
            Family::CohereCommand => {
                self.deliver::<cohere_command::CohereCommand>(engine, call, target, how).await
            }
            _ => self.deliver::<chat_completions::ChatCompletions>(engine, call, target, how).await,
        }
    }
}

/// Checks the headers of a call. The guardrail that they name, and the body without what is the guardrail's,
/// where that is another.
fn guarded(call: &Call<'_>, accept: &HeaderName) -> Result<(Option<Guard>, Option<Bytes>), Failure> {
    settings::check(call, accept)?;
    let mut guard = guardrail::of_invocation(call)?;
    let body = guard.as_mut().and_then(Guard::take_body);
    Ok((guard, body))
}

/// How many tokens the prompt of an InvokeModel body has, in the format of the model's family.
pub(super) fn prompt_tokens(body: &[u8], target: &Target<'_>) -> Result<u64, String> {
    match target.family {
        Family::Nova => format::prompt_tokens::<nova::Nova>(body, target),
        Family::TitanText => format::prompt_tokens::<titan_text::TitanText>(body, target),
        Family::Llama => format::prompt_tokens::<llama::Llama>(body, target),
        Family::Mistral => format::prompt_tokens::<mistral::Mistral>(body, target),
        Family::CohereChat => format::prompt_tokens::<cohere_chat::CohereChat>(body, target),
        Family::CohereCommand => format::prompt_tokens::<cohere_command::CohereCommand>(body, target),
        _ => format::prompt_tokens::<chat_completions::ChatCompletions>(body, target),
    }
}

/// A 200 of InvokeModel, with its counts in headers.
pub(super) fn answered(
    engine: &Engine,
    call: &Call<'_>,
    body: impl Into<Bytes>,
    counts: InvocationCounts,
) -> Response<Body> {
    let mut response = reply::json(engine, call, body);
    response.headers_mut().extend(counts.headers());
    echo(call, &mut response);
    response
}
