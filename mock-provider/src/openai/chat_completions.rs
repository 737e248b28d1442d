//! `POST /v1/chat/completions` as OpenAI and Azure answer it.

use http::Response;
use quota::openai::Demand;
use wire::openai::chat::ChatRequest;
use world::http::Body;

use super::chat::{self, Answer, Meter, Terms, UsageForm};
use super::failure::Failure;
use super::prompt::{self, Prompt};
use super::target::Target;
use super::withheld::Withheld;
use super::{OpenAi, Request, ids, reply};
use crate::call::{Call, Engine, Length};
use crate::profile::Kind;

/// Nothing is corrected when an answer ends: its allowed length was counted when the request came.
pub(super) struct CountedAtStart;

impl Meter for CountedAtStart {
    fn generated(&mut self, _tokens: u32) {}
}

/// How many tokens an answer has, for who announces it.
pub(super) struct Planned(pub(super) u32);

impl Length for Planned {
    fn tokens(&self) -> u32 {
        self.0
    }
}

impl OpenAi {
    pub(super) async fn chat_completion(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let body = chat::read(&request.body)?;
        let target = Target::find(engine, &request.path.host, &body.model, Kind::Chat)?;
        target.must_chat()?;
        chat::refuse_unknown(&request.body)?;
        chat::check(&body, &target.model)?;
        if chat::withheld(&body) == Withheld::Prompt {
            return Err(Failure::unsafe_prompt());
        }
        let mut reader = prompt::reader(engine, call, request, &target);
        chat::read_prompt(&body, &mut reader);
        let prompt = Prompt::looked_up(reader, &engine.prompt_cache, call.arrived);
        if prompt.tokens() > u64::from(target.model.context) {
            return Err(Failure::too_long(target.model.context, prompt.tokens()));
        }
        let demand = Demand {
            prompt: prompt.tokens(),
            max_tokens: body.output_token_limit().map(u64::from),
            more_choices: body.n.unwrap_or(1).saturating_sub(1),
            images: chat::images(&body),
        };
        let left = self.accounts.admit(&request.path, &request.api_version, &target, demand)?;

        let terms = terms(engine, call, request, &target, &body);
        let of = (&call.identity, call.arrived);
        let answer = Answer::decide(engine, target.profile, of, (&body, prompt), terms);
        let planned = Planned(answer.tokens());
        if !body.is_streamed() {
            engine.sleep(call, answer.complete()).await;
            let response = reply::counted(engine, call, &left, answer.to_bytes());
            return Ok(engine.announce(response, &planned));
        }
        let script = answer.into_stream(CountedAtStart);
        // The head comes with the first token, as from the service.
        let mut timer = engine.sleep(call, script.first());
        (&mut timer).await;
        let response = reply::events(engine, call, &left, engine.play(script, timer));
        Ok(engine.announce(response, &planned))
    }
}

fn terms<'a>(
    engine: &Engine,
    call: &Call<'_>,
    request: &Request<'_>,
    target: &Target<'a>,
    body: &ChatRequest<'_>,
) -> Terms<'a> {
    let is_azure = request.path.host.is_azure();
    let wants_padding = body.stream_options.and_then(|options| options.include_obfuscation) != Some(false);
    Terms {
        usage: UsageForm::OpenAi,
        name: target.name,
        model: target.model,
        served: target.served().into(),
        id: ids::alphanumeric("chatcmpl-", engine.request_bits(&call.identity), 29),
        created: reply::created(engine, call),
        service_tier: (!is_azure).then(|| tier(body.service_tier.as_deref()).into()),
        system_fingerprint: Some(fingerprint(target.served())),
        is_obfuscated: wants_padding && !is_azure,
        is_filtered: is_azure,
    }
}

/// The tier that serves a request, by what it asks for.
pub(super) fn tier(asked: Option<&str>) -> &'static str {
    match asked {
        Some("flex") => "flex",
        Some("scale") => "scale",
        Some("priority" | "fast") => "priority",
        _ => "default",
    }
}

/// The name of a model's configuration: the same until it is changed, which it never is here.
pub(super) fn fingerprint(model: &str) -> String {
    let bits = model.bytes().fold(0, |state: u64, byte| state.rotate_left(9) ^ u64::from(byte));
    ids::hexadecimal("fp_", (bits, 0), 10)
}
