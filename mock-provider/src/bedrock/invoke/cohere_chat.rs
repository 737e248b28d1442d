//! Cohere Command R and R+. They answer in text; their tools are not called.

use std::borrow::Cow;

use wire::bedrock::converse::Usage;
use wire::bedrock::invoke::cohere_chat::{Chunk, Request, Response, Turn};

use super::super::target::Target;
use super::cohere_command::reason;
use super::format::{Format, Moment, Origin, object};
use crate::engine::ask::Ask;
use crate::engine::reply::Reply;
use crate::engine::tokens;

pub(super) struct CohereChat {
    response_id: String,
    generation_id: String,
    history: Vec<Turn<'static>>,
}

impl Format for CohereChat {
    type Request<'c> = Request<'c>;

    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<Request<'c>, String> {
        Request::parse(body, target.max_output_tokens())
    }

    fn prompt_tokens(request: &Request<'_>, _: &Target<'_>) -> u64 {
        let turns = request.chat_history.iter().map(|turn| turn.message.as_str());
        let raw = [&request.documents, &request.tools].into_iter().flatten().map(wire::json::Raw::get);
        let told = request.preamble.as_deref().into_iter().chain(turns).chain(raw);
        told.chain([request.message.as_str()]).map(tokens::count).sum()
    }

    fn ask<'r>(request: &'r Request<'_>, target: &Target<'r>) -> Ask<'r> {
        let asked = request.max_tokens.and_then(|tokens| u32::try_from(tokens).ok());
        Ask {
            stops: request.stop_sequences.iter().map(|stop| Cow::Borrowed(stop.as_str())).collect(),
            ..Ask::text(target.id.base(), asked.unwrap_or(target.max_output_tokens()))
        }
    }

    fn new(origin: &Origin<'_>, request: &Request<'_>) -> Self {
        let said = |role: &str, message: &str| Turn {
            role: role.to_owned().into(),
            message: message.to_owned().into(),
        };
        let mut history: Vec<_> =
            request.chat_history.iter().map(|turn| said(&turn.role, &turn.message)).collect();
        history.push(said("USER", &request.message));
        Self { response_id: origin.uuid(0), generation_id: origin.uuid(1), history }
    }

    fn whole(&self, reply: &Reply, _: &Usage) -> Vec<u8> {
        object(&self.response(reply))
    }

    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>) {
        if moment.is_first() {
            let generation_id = self.generation_id.as_str().into();
            objects.push(object(&Chunk::StreamStart { is_finished: false, generation_id }));
        }
        objects.push(object(&Chunk::TextGeneration { is_finished: false, text: moment.text().into() }));
        if moment.is_last() {
            objects.push(object(&Chunk::StreamEnd {
                is_finished: true,
                finish_reason: reason(moment.reply.stop()),
                response: self.response(moment.reply),
            }));
        }
    }
}

impl CohereChat {
    fn response(&self, reply: &Reply) -> Response<'_> {
        let text = reply.text();
        let mut chat_history = self.history.clone();
        chat_history.push(Turn { role: "CHATBOT".into(), message: text.clone().into() });
        Response {
            response_id: self.response_id.as_str().into(),
            text: text.into(),
            generation_id: self.generation_id.as_str().into(),
            chat_history,
            finish_reason: reason(reply.stop()),
        }
    }
}
