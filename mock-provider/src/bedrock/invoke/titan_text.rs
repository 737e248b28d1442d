//! Titan Text. The last piece of a stream carries the totals.

use std::borrow::Cow;

use wire::bedrock::converse::Usage;
use wire::bedrock::invoke::titan_text::{Chunk, Completion, CompletionReason, Request, Response};

use super::super::target::Target;
use super::format::{Format, Moment, Origin, object};
use crate::engine::ask::Ask;
use crate::engine::reply::{Reply, Stop};
use crate::engine::tokens;

pub(super) struct TitanText;

impl Format for TitanText {
    type Request<'c> = Request<'c>;

    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<Request<'c>, String> {
        Request::parse(body, target.max_output_tokens())
    }

    fn prompt_tokens(request: &Request<'_>, _: &Target<'_>) -> u64 {
        tokens::count(&request.input_text)
    }

    fn ask<'r>(request: &'r Request<'_>, target: &Target<'r>) -> Ask<'r> {
        let stops = &request.text_generation_config.stop_sequences;
        Ask {
            stops: stops.iter().map(|stop| Cow::Borrowed(stop.as_str())).collect(),
            ..Ask::text(target.id.base(), request.max_tokens())
        }
    }

    fn new(_: &Origin<'_>, _: &Request<'_>) -> Self {
        Self
    }

    fn whole(&self, reply: &Reply, usage: &Usage) -> Vec<u8> {
        object(&Response {
            input_text_token_count: usage.input_tokens,
            results: vec![Completion {
                token_count: usage.output_tokens,
                output_text: reply.text().into(),
                completion_reason: reason(reply.stop()),
            }],
        })
    }

    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>) {
        let at_end = moment.is_last().then_some(moment.usage);
        objects.push(object(&Chunk {
            output_text: moment.text().into(),
            index: 0,
            total_output_text_token_count: at_end.map(|usage| usage.output_tokens),
            completion_reason: at_end.map(|_| reason(moment.reply.stop())),
            input_text_token_count: at_end.map(|usage| usage.input_tokens),
        }));
    }
}

fn reason(stop: &Stop) -> CompletionReason {
    match stop {
        Stop::End | Stop::ToolUse => CompletionReason::Finish,
        Stop::MaxTokens => CompletionReason::Length,
        Stop::StopSequence(_) => CompletionReason::StopCriteriaMet,
    }
}
