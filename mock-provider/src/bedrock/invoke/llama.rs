//! Llama. A stream ends with an object without text.

use wire::bedrock::converse::Usage;
use wire::bedrock::invoke::llama::{Request, Response};
use wire::json::Text;

use super::super::target::Target;
use super::format::{Format, Moment, Origin, object};
use crate::engine::ask::Ask;
use crate::engine::reply::{Reply, Stop};
use crate::engine::tokens;

pub(super) struct Llama;

impl Format for Llama {
    type Request<'c> = Request<'c>;

    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<Request<'c>, String> {
        Request::parse(body, target.max_output_tokens())
    }

    fn prompt_tokens(request: &Request<'_>, _: &Target<'_>) -> u64 {
        tokens::count(&request.prompt)
    }

    fn ask<'r>(request: &'r Request<'_>, target: &Target<'r>) -> Ask<'r> {
        Ask::text(target.id.base(), request.max_tokens())
    }

    fn new(_: &Origin<'_>, _: &Request<'_>) -> Self {
        Self
    }

    fn whole(&self, reply: &Reply, usage: &Usage) -> Vec<u8> {
        object(&Response {
            generation: reply.text().into(),
            prompt_token_count: Some(usage.input_tokens),
            generation_token_count: usage.output_tokens,
            stop_reason: Some(reason(reply.stop())),
        })
    }

    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>) {
        let piece = Response {
            generation: moment.text().into(),
            prompt_token_count: moment.is_first().then_some(moment.usage.input_tokens),
            generation_token_count: moment.so_far(),
            stop_reason: None,
        };
        objects.push(object(&piece));
        if moment.is_last() {
            let stop_reason = Some(reason(moment.reply.stop()));
            objects.push(object(&Response {
                generation: "".into(),
                prompt_token_count: None,
                stop_reason,
                ..piece
            }));
        }
    }
}

/// `stop` or `length`, for Llama and Mistral.
pub(super) fn reason(stop: &Stop) -> Text<'static> {
    if *stop == Stop::MaxTokens { "length".into() } else { "stop".into() }
}
