//! Cohere Command. Several generations are one text under several ids.

use std::borrow::Cow;

use wire::bedrock::converse::Usage;
use wire::bedrock::invoke::cohere_command::{Chunk, Generation, Request, Response};
use wire::json::Text;

use super::super::target::Target;
use super::format::{Format, Moment, Origin, object};
use crate::engine::ask::Ask;
use crate::engine::reply::{Reply, Stop};
use crate::engine::tokens;

pub(super) struct CohereCommand {
    id: String,
    generations: Vec<String>,
    prompt: String,
}

impl Format for CohereCommand {
    type Request<'c> = Request<'c>;

    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<Request<'c>, String> {
        Request::parse(body, target.max_output_tokens())
    }

    fn prompt_tokens(request: &Request<'_>, _: &Target<'_>) -> u64 {
        tokens::count(&request.prompt)
    }

    fn ask<'r>(request: &'r Request<'_>, target: &Target<'r>) -> Ask<'r> {
        Ask {
            stops: request.stop_sequences.iter().map(|stop| Cow::Borrowed(stop.as_str())).collect(),
            ..Ask::text(target.id.base(), request.max_tokens())
        }
    }

    fn new(origin: &Origin<'_>, request: &Request<'_>) -> Self {
        let count = request.num_generations.and_then(|count| u64::try_from(count).ok()).unwrap_or(1);
        Self {
            id: origin.uuid(0),
            generations: (1..=count).map(|ordinal| origin.uuid(ordinal)).collect(),
            prompt: request.prompt.as_str().to_owned(),
        }
    }

    fn whole(&self, reply: &Reply, _: &Usage) -> Vec<u8> {
        let text = reply.text();
        let generation = |id: &'_ String| Generation {
            id: id.clone().into(),
            text: text.clone().into(),
            finish_reason: reason(reply.stop()),
        };
        object(&Response {
            id: self.id.as_str().into(),
            generations: self.generations.iter().map(generation).collect(),
            prompt: self.prompt.as_str().into(),
        })
    }

    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>) {
        let text = Some(moment.text().into());
        objects.push(object(&Chunk { text, is_finished: false, finish_reason: None }));
        if moment.is_last() {
            let finish_reason = Some(reason(moment.reply.stop()));
            objects.push(object(&Chunk { text: None, is_finished: true, finish_reason }));
        }
    }
}

/// Cohere's word for the end of an answer.
pub(super) fn reason(stop: &Stop) -> Text<'static> {
    if *stop == Stop::MaxTokens { "MAX_TOKENS".into() } else { "COMPLETE".into() }
}
