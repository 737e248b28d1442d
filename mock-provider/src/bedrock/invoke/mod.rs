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
mod titan_embeddings;
mod titan_multimodal;
mod titan_text;

use bytes::Bytes;
use http::{HeaderName, Response, header};
use wire::bedrock::headers::{self, InvocationCounts};
use wire::bedrock::model::Family;
use world::http::Body;

use super::failure::Failure;
use super::target::Target;
use super::{Bedrock, reply};
use crate::call::{Call, Engine};
use format::Delivery;

/// Request headers that a 200 repeats.
const ECHOED: [HeaderName; 2] = [headers::PERFORMANCE_CONFIG_LATENCY, headers::SERVICE_TIER];

impl Bedrock {
    pub(super) async fn invoke(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        check_types(call, &header::ACCEPT)?;
        match target.family {
            Family::Claude => self.claude(engine, call, target).await,
            Family::TitanEmbeddings => self.titan_embeddings(engine, call, target).await,
            Family::TitanMultimodal => self.titan_multimodal(engine, call, target).await,
            Family::CohereEmbed => self.cohere_embed(engine, call, target).await,
            Family::AmazonImage => self.amazon_image(engine, call, target).await,
            Family::Stability => self.stability(engine, call, target).await,
            Family::Video => Err(Failure::invalid(
                "The model is unsupported for synchronous invocation. Use StartAsyncInvoke.",
            )),
            _ => self.complete(engine, call, target, Delivery::Whole).await,
        }
    }

    pub(super) async fn invoke_stream(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
    ) -> Result<Response<Body>, Failure> {
        check_types(call, &headers::ACCEPT)?;
        match target.family {
            Family::Claude => self.claude_stream(engine, call, target).await,
            family if family.converses() => self.complete(engine, call, target, Delivery::Streamed).await,
            _ => Err(Failure::invalid("The model is unsupported for streaming invocation.")),
        }
    }

    /// Completes a text in the format of the model's family.
    async fn complete(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        delivery: Delivery,
    ) -> Result<Response<Body>, Failure> {
        match target.family {
            Family::Nova => self.deliver::<nova::Nova>(engine, call, target, delivery).await,
            Family::TitanText => self.deliver::<titan_text::TitanText>(engine, call, target, delivery).await,
            Family::Llama => self.deliver::<llama::Llama>(engine, call, target, delivery).await,
            Family::Mistral => self.deliver::<mistral::Mistral>(engine, call, target, delivery).await,
            Family::CohereChat => {
                self.deliver::<cohere_chat::CohereChat>(engine, call, target, delivery).await
            }
            Family::CohereCommand => {
                self.deliver::<cohere_command::CohereCommand>(engine, call, target, delivery).await
            }
            _ => self.deliver::<chat_completions::ChatCompletions>(engine, call, target, delivery).await,
        }
    }
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

/// Bodies are JSON both ways. The names of what is accepted differ between the whole answer and the stream.
fn check_types(call: &Call<'_>, accept: &HeaderName) -> Result<(), Failure> {
    let is_json = |name: &HeaderName| {
        call.header(name).is_none_or(|value| {
            value.split(',').any(|kind| {
                let kind = kind.split(';').next().unwrap_or_default().trim();
                kind.is_empty() || ["application/json", "*/*", "application/*"].contains(&kind)
            })
        })
    };
    if !is_json(&header::CONTENT_TYPE) {
        return Err(Failure::invalid(
            "The provided Content-Type is not supported by the model. Use application/json and try again.",
        ));
    }
    // Some clients send `application/vnd.amazon.eventstream` in `Accept`, which says nothing of the chunks.
    if !is_json(accept) {
        return Err(Failure::invalid(
            "The provided Accept type is not supported by the model. Use application/json and try again.",
        ));
    }
    Ok(())
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

/// Repeats what the caller asked of the service's tiers.
pub(super) fn echo(call: &Call<'_>, response: &mut Response<Body>) {
    for name in ECHOED {
        if let Some(value) = call.parts.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
}
