//! `POST /v1/responses`, and what can be asked of responses that are kept.

mod ask;
mod draft;
mod kept;
mod read;
mod store;
mod stream;

pub(super) use store::Store;

use bytes::Bytes;
use http::Response;
use quota::openai::Demand;
use serde::Deserialize;
use wire::json::{Raw, Text};
use wire::openai::diagnosis::{invalid, missing};
use wire::openai::responses::{Input, InputTokenCount, ResponsesRequest, Status};
use world::http::Body;

use super::chat::Likelihoods;
use super::chat_completions::{Planned, tier};
use super::failure::Failure;
use super::prompt::{self, Prompt};
use super::target::Target;
use super::withheld::Withheld;
use super::{OpenAi, Request, ids, reply};
use crate::call::{Call, Engine};
use crate::engine::paced::Pace;
use crate::engine::prompt::Reader;
use crate::profile::Kind;
use draft::{Draft, Stage};
use store::Kept;
use stream::Events;

/// The name of an item, where it has one.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
}

impl OpenAi {
    pub(super) async fn respond(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let (body, input) = read::read(&request.body)?;
        let model = body.model.as_deref().ok_or_else(|| missing("model"))?;
        let target = Target::find(engine, &request.path.host, model, Kind::Chat)?;
        let previous = self.previous(&body)?;
        read::check(&body, &input, &target.model, previous.as_ref())?;
        if ask::withheld(&input) == Withheld::Prompt {
            return Err(Failure::unsafe_prompt());
        }
        let mut reader = prompt::reader(engine, call, request, &target);
        ask::read(&body, &input, previous.as_ref(), &mut reader);
        let prompt = Prompt::looked_up(reader, &engine.prompt_cache, call.arrived);
        if prompt.tokens() > u64::from(target.model.context) {
            return Err(Failure::input_too_long());
        }
        let (max_tokens, images) = (body.max_output_tokens.map(u64::from), ask::images(&input));
        let demand = Demand { prompt: prompt.tokens(), max_tokens, more_choices: 0, images };
        let left = self.accounts.admit(&request.path, &request.api_version, &target, demand)?;

        let mut draft = draft(engine, call, request, &target, (&body, &input), &prompt);
        let timing = engine.timing_of(target.profile, &call.identity, prompt.to_read(), draft.reply.tokens());
        prompt.keep(&engine.prompt_cache, call.arrived, timing.first());
        let complete = timing.complete(draft.reply.tokens());
        let ready_at = call.arrived + complete;
        draft.completed_at = draft.created_at + complete.as_secs();
        let planned = Planned(draft.reply.tokens());
        let kept = (body.store != Some(false)).then(|| Kept {
            input: items(&body, &input, draft.bits),
            draft: draft.clone(),
            ready_at,
            is_cancelled: false,
        });
        if body.is_streamed() {
            let pace = Pace::new(call.arrived, timing, target.profile.coalescing, draft.reply.tokens());
            let wants_padding =
                body.stream_options.and_then(|options| options.include_obfuscation) != Some(false);
            let keep = kept.map(|kept| (self.store.clone(), kept));
            let script = Events::new(draft, pace, wants_padding, keep);
            let mut timer = engine.sleep(call, script.first());
            (&mut timer).await;
            let response = reply::events(engine, call, &left, engine.play(script, timer));
            return Ok(engine.announce(response, &planned));
        }
        let stage = if body.background == Some(true) {
            Stage::Begun(Status::Queued)
        } else {
            engine.sleep(call, complete).await;
            Stage::Ended(draft.items())
        };
        let answered = draft.to_bytes(stage);
        if let Some(kept) = kept {
            self.store.keep(kept);
        }
        Ok(engine.announce(reply::counted(engine, call, &left, answered), &planned))
    }

    /// `POST /v1/responses/input_tokens`
    pub(super) fn input_tokens(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let (body, input) = read::read(&request.body)?;
        let mut reader = Reader::default();
        ask::read(&body, &input, self.previous(&body)?.as_ref(), &mut reader);
        let input_tokens = u32::try_from(reader.tokens()).unwrap_or(u32::MAX);
        let count = InputTokenCount { object: "response.input_tokens", input_tokens };
        Ok(reply::json(engine, call, wire::json::to_bytes(&count)))
    }

    /// The response that a request carries on.
    fn previous(&self, request: &ResponsesRequest<'_>) -> Result<Option<Kept>, Failure> {
        let Some(id) = request.previous_response_id.as_deref() else { return Ok(None) };
        match self.store.get(id) {
            Some(kept) => Ok(Some(kept)),
            None => {
                let message = format!("Previous response with id '{id}' not found.");
                Err(invalid("previous_response_id", "previous_response_not_found", message).into())
            }
        }
    }
}

fn draft(
    engine: &Engine,
    call: &Call<'_>,
    request: &Request<'_>,
    target: &Target<'_>,
    (body, input): (&ResponsesRequest<'_>, &Input<'_>),
    prompt: &Prompt,
) -> Draft {
    let counted = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    let bits = engine.request_bits(&call.identity);
    let ask = ask::ask(body, input, target.name, &target.model);
    let summary = body.reasoning.as_ref().and_then(|reasoning| reasoning.summary.as_ref());
    let created_at = reply::created(engine, call);
    Draft {
        request: Bytes::copy_from_slice(&request.body),
        id: ids::hexadecimal("resp_", bits, 50),
        bits,
        created_at,
        completed_at: created_at,
        served: target.served().to_owned(),
        reasons: target.model.reasons,
        service_tier: tier(body.service_tier.as_deref()),
        reply: engine.reply(target.profile, &call.identity, &ask),
        likelihoods: body
            .wants_logprobs()
            .then(|| Likelihoods::new(call.identity.content, body.top_logprobs.unwrap_or(0))),
        withheld: ask::withheld(input),
        has_summary: summary.is_some(),
        input_tokens: counted(prompt.tokens()),
        cached_tokens: counted(prompt.cached()),
    }
}

/// The input as items in JSON, each with a name.
fn items(request: &ResponsesRequest<'_>, input: &Input<'_>, (high, low): (u64, u64)) -> Vec<String> {
    let id = |index: usize| ids::hexadecimal("msg_", (high, low.rotate_left(17) ^ index as u64), 50);
    match input {
        Input::Text(text) => {
            let text = String::from_utf8_lossy(&wire::json::to_bytes(text)).into_owned();
            vec![format!(
                r#"{{"id":"{}","type":"message","status":"completed","role":"user","content":[{{"type":"input_text","text":{text}}}]}}"#,
                id(0)
            )]
        }
        Input::Items(_) => {
            let items: Vec<Raw<'_>> = request.input.and_then(|raw| raw.read().ok()).unwrap_or_default();
            (0..).zip(items).map(|(index, item)| with_id(item, &id(index))).collect()
        }
    }
}

fn with_id(item: Raw<'_>, id: &str) -> String {
    let has_id = item.read::<Named<'_>>().is_ok_and(|named| named.id.is_some());
    match item.get().split_once('{') {
        Some((_, members)) if !has_id && members.trim() != "}" => format!(r#"{{"id":"{id}",{members}"#),
        _ => item.get().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_gets_a_name_where_it_has_none() {
        let named = |json: &str| with_id(Raw::parse(json).expect(json), "msg_1");
        assert_eq!(named(r#"{"role":"user"}"#), r#"{"id":"msg_1","role":"user"}"#);
        assert_eq!(named(r#"{"id":"x"}"#), r#"{"id":"x"}"#);
        assert_eq!(named("{}"), "{}");
    }
}
