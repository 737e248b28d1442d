//! Mistral models that complete a prompt.

use std::borrow::Cow;

use wire::bedrock::converse::Usage;
use wire::bedrock::invoke::mistral::{Output, Request, Response};
use wire::json::Text;

use super::super::target::Target;
use super::format::{Format, Moment, Origin, object};
use super::llama::reason;
use crate::engine::ask::Ask;
use crate::engine::reply::Reply;
use crate::engine::tokens;

pub(super) struct Mistral;

impl Format for Mistral {
    type Request<'c> = Request<'c>;

    fn read<'c>(body: &'c [u8], target: &Target<'_>) -> Result<Request<'c>, String> {
        Request::parse(body, target.max_output_tokens())
    }

    fn prompt_tokens(request: &Request<'_>, _: &Target<'_>) -> u64 {
        tokens::count(&request.prompt)
    }

    fn ask<'r>(request: &'r Request<'_>, target: &Target<'r>) -> Ask<'r> {
        Ask {
            stops: request.stop.iter().map(|stop| Cow::Borrowed(stop.as_str())).collect(),
            ..Ask::text(target.id.base(), request.max_tokens())
        }
    }

    fn new(_: &Origin<'_>, _: &Request<'_>) -> Self {
        Self
    }

    fn whole(&self, reply: &Reply, _: &Usage) -> Vec<u8> {
        output(reply.text(), Some(reason(reply.stop())))
    }

    fn objects(&mut self, moment: &Moment<'_>, objects: &mut Vec<Vec<u8>>) {
        objects.push(output(moment.text(), None));
        if moment.is_last() {
            objects.push(output(String::new(), Some(reason(moment.reply.stop()))));
        }
    }
}

fn output(text: String, stop_reason: Option<Text<'static>>) -> Vec<u8> {
    object(&Response { outputs: [Output { text: text.into(), stop_reason }] })
}
