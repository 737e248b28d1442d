//! `POST /v1/completions`, whole and streamed.

use bytes::{BufMut, BytesMut};
use http::Response;
use quota::openai::Demand;
use wire::openai::chat::{FinishReason, Usage};
use wire::openai::chat_stream::DONE;
use wire::openai::completions::{Completion, CompletionChoice, CompletionLogprobs, CompletionRequest};
use wire::openai::diagnosis::{COMPLETION, diagnose, first_unknown, invalid, only_with, too_long, unknown};
use wire::openai::embeddings::Input;
use world::Instant;
use world::http::Body;

use super::chat::{Likelihoods, decimal, integer};
use super::chat_completions::Planned;
use super::failure::Failure;
use super::target::Target;
use super::withheld::Withheld;
use super::{OpenAi, Request, ids, reply};
use crate::call::{Call, Engine};
use crate::engine::ask::Ask;
use crate::engine::paced::{Pace, Script};
use crate::engine::reply::{Block, Reply, Stop};
use crate::engine::tokens;
use crate::profile::Kind;

/// The length of a completion when the caller does not say.
const MAX_TOKENS: u32 = 16;
const STOPS_MAX: usize = 4;
const CHOICES_MAX: u32 = 128;
const LOGPROBS_MAX: u32 = 5;

/// What all completions of a request share.
struct Head {
    id: String,
    created: u64,
    model: String,
    likelihoods: Option<Likelihoods>,
    usage: Usage,
}

/// One completion: what it echoes, and what it adds.
struct Choice {
    echo: String,
    reply: Reply,
}

impl OpenAi {
    pub(super) async fn completion(
        &self,
        engine: &Engine,
        call: &Call<'_>,
        request: &Request<'_>,
    ) -> Result<Response<Body>, Failure> {
        let body = read(&request.body)?;
        let target = Target::find(engine, &request.path.host, &body.model, Kind::Chat)?;
        target.must_complete()?;
        check(&body)?;
        let prompts = prompts(body.prompt.as_ref());
        if Withheld::of(prompts.iter().map(|(text, _)| text.as_str())) == Withheld::Prompt {
            return Err(Failure::unsafe_prompt());
        }
        let max_tokens = body.max_tokens.unwrap_or(MAX_TOKENS);
        let prompt_tokens = prompts.iter().map(|(_, tokens)| tokens).sum();
        let longest = prompts.iter().map(|(_, tokens)| *tokens).max().unwrap_or(0);
        if longest + u64::from(max_tokens) > u64::from(target.model.context) {
            return Err(Failure::too_long(target.model.context, longest + u64::from(max_tokens)));
        }
        let choices = choices(engine, call, &target, &body, &prompts);
        let demand = Demand {
            prompt: prompt_tokens,
            max_tokens: Some(u64::from(max_tokens)),
            more_choices: u32::try_from(choices.len()).unwrap_or(u32::MAX).saturating_sub(1),
            images: 0,
        };
        let left = self.accounts.admit(&request.path, &request.api_version, &target, demand)?;
        let head = head(engine, call, &target, &body, (prompt_tokens, &choices));
        let most = choices.iter().map(|choice| choice.reply.tokens()).max().unwrap_or(0);
        let timing = engine.timing_of(target.profile, &call.identity, prompt_tokens, most);
        let planned = Planned(head.usage.completion_tokens);
        if !body.is_streamed() {
            engine.sleep(call, timing.complete(most)).await;
            let response = reply::counted(engine, call, &left, head.whole(&choices).to_bytes());
            return Ok(engine.announce(response, &planned));
        }
        let pace = Pace::new(call.arrived, timing, target.profile.coalescing, most);
        let wants_usage = body.stream_options.is_some_and(|options| options.include_usage == Some(true));
        let script = Chunks { head, choices, pace, wants_usage, is_begun: false, text: String::new() };
        let mut timer = engine.sleep(call, script.pace.first());
        (&mut timer).await;
        let response = reply::events(engine, call, &left, engine.play(script, timer));
        Ok(engine.announce(response, &planned))
    }
}

fn read(body: &[u8]) -> Result<CompletionRequest<'_>, Failure> {
    let request = CompletionRequest::parse(body).map_err(|error| {
        diagnose(body, COMPLETION)
            .map_or_else(|| Failure::message(format!("Invalid request body: {error}")), Failure::from)
    })?;
    match first_unknown(body, COMPLETION) {
        Some(name) => Err(unknown(&name).into()),
        None => Ok(request),
    }
}

fn check(body: &CompletionRequest<'_>) -> Result<(), Failure> {
    decimal("temperature", body.temperature, 0.0, 2.0)?;
    decimal("top_p", body.top_p, 0.0, 1.0)?;
    decimal("presence_penalty", body.presence_penalty, -2.0, 2.0)?;
    decimal("frequency_penalty", body.frequency_penalty, -2.0, 2.0)?;
    integer("n", body.n, 1, CHOICES_MAX)?;
    integer("logprobs", body.logprobs, 0, LOGPROBS_MAX)?;
    if body.stream_options.is_some() && !body.is_streamed() {
        return Err(only_with("stream_options", "'stream' is enabled").into());
    }
    let n = body.n.unwrap_or(1);
    if let Some(best_of) = body.best_of.filter(|best_of| *best_of < n) {
        let message = format!(
            "You requested that the server return more choices than it will generate (HINT: you must set 'n' (currently \
             {n}) to be at most 'best_of' (currently {best_of}), or omit either parameter if you don't specifically \
             want to use them.)"
        );
        return Err(invalid("best_of", "", message).into());
    }
    match &body.stop {
        Some(stop) if stop.sequences().len() > STOPS_MAX => {
            Err(too_long("stop", "array", STOPS_MAX, stop.sequences().len()).into())
        }
        _ => Ok(()),
    }
}

/// Text and tokens of each prompt. What a list of tokens says is not known here.
fn prompts(input: Option<&Input<'_>>) -> Vec<(String, u64)> {
    match input {
        None => vec![(String::new(), 0)],
        Some(Input::Tokens(tokens)) => vec![(String::new(), tokens.len() as u64)],
        Some(Input::TokenLists(lists)) => {
            lists.iter().map(|tokens| (String::new(), tokens.len() as u64)).collect()
        }
        Some(texts) => texts.texts().iter().map(|text| (text.to_string(), tokens::count(text))).collect(),
    }
}

fn choices(
    engine: &Engine,
    call: &Call<'_>,
    target: &Target<'_>,
    body: &CompletionRequest<'_>,
    prompts: &[(String, u64)],
) -> Vec<Choice> {
    let each = body.n.unwrap_or(1).max(1);
    let stops = body.stop.as_ref().map(wire::openai::chat::Stop::sequences).unwrap_or_default();
    let ordinals = (0_u32..)
        .zip(prompts)
        .flat_map(|(prompt, (text, _))| (0..each).map(move |choice| (prompt * each + choice, text)));
    let choice = |(candidate, prompt): (u32, &String)| {
        let ask = Ask {
            stops: stops.iter().map(|stop| stop.as_str().into()).collect(),
            candidate,
            ..Ask::text(target.name, body.max_tokens.unwrap_or(MAX_TOKENS))
        };
        let echo = if body.echo == Some(true) { prompt.clone() } else { String::new() };
        Choice { echo, reply: engine.reply(target.profile, &call.identity, &ask) }
    };
    ordinals.map(choice).collect()
}

fn head(
    engine: &Engine,
    call: &Call<'_>,
    target: &Target<'_>,
    body: &CompletionRequest<'_>,
    (prompt_tokens, choices): (u64, &[Choice]),
) -> Head {
    let tokens = choices.iter().map(|choice| choice.reply.tokens()).fold(0, u32::saturating_add);
    Head {
        id: ids::alphanumeric("cmpl-", engine.request_bits(&call.identity), 29),
        created: reply::created(engine, call),
        model: target.served().to_owned(),
        likelihoods: body.logprobs.map(|top| Likelihoods::new(call.identity.content, top)),
        usage: Usage {
            prompt_tokens_details: None,
            completion_tokens_details: None,
            ..Usage::new(u32::try_from(prompt_tokens).unwrap_or(u32::MAX), tokens)
        },
    }
}

impl Head {
    fn of<'a>(&'a self, choices: Vec<CompletionChoice<'a>>, usage: Option<Option<Usage>>) -> Completion<'a> {
        let Self { id, created, model, .. } = self;
        Completion { id, object: "text_completion", created: *created, model, choices, usage }
    }

    fn whole(&self, choices: &[Choice]) -> Completion<'_> {
        let choices = (0..).zip(choices).map(|(index, choice)| CompletionChoice {
            text: format!("{}{}", choice.echo, choice.reply.text()).into(),
            index,
            logprobs: self.logprobs(choice, 0..choice.reply.tokens()),
            finish_reason: Some(choice.finish_reason()),
        });
        self.of(choices.collect(), Some(Some(self.usage)))
    }

    fn logprobs(&self, choice: &Choice, tokens: std::ops::Range<u32>) -> Option<CompletionLogprobs> {
        let Some(Block::Text(text)) = choice.reply.blocks().first() else { return None };
        let mut before = choice.echo.clone();
        text.write(0..tokens.start, &mut before);
        let mut offset = before.chars().count();
        let mut lists = CompletionLogprobs::default();
        for token in self.likelihoods?.of(std::iter::once((text, tokens))).content.unwrap_or_default() {
            let top = token.top_logprobs.into_iter().map(|top| (top.token.to_string(), top.logprob));
            lists.top_logprobs.push(top.collect());
            lists.token_logprobs.push(token.logprob);
            lists.text_offset.push(offset);
            offset += token.token.chars().count();
            lists.tokens.push(token.token.to_string());
        }
        Some(lists)
    }
}

impl Choice {
    fn finish_reason(&self) -> FinishReason {
        if *self.reply.stop() == Stop::MaxTokens { FinishReason::Length } else { FinishReason::Stop }
    }
}

/// Plays completions as events.
struct Chunks {
    head: Head,
    choices: Vec<Choice>,
    pace: Pace,
    wants_usage: bool,
    is_begun: bool,
    text: String,
}

impl Script for Chunks {
    fn due(&self) -> Option<Instant> {
        self.pace.due()
    }

    fn write(&mut self, out: &mut BytesMut) {
        let tokens = self.pace.advance();
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let null_usage = self.wants_usage.then_some(None);
        for (index, choice) in (0..).zip(&self.choices) {
            let end = choice.reply.tokens().min(tokens.end);
            if tokens.start >= end {
                continue;
            }
            self.text.clear();
            if is_first {
                self.text.push_str(&choice.echo);
            }
            if let Some(Block::Text(text)) = choice.reply.blocks().first() {
                text.write(tokens.start..end, &mut self.text);
            }
            let piece = CompletionChoice {
                text: self.text.as_str().into(),
                index,
                logprobs: self.head.logprobs(choice, tokens.start..end),
                finish_reason: (end == choice.reply.tokens()).then(|| choice.finish_reason()),
            };
            self.head.of(vec![piece], null_usage).write_event(out);
        }
        if self.pace.due().is_none() {
            if self.wants_usage {
                self.head.of(Vec::new(), Some(Some(self.head.usage))).write_event(out);
            }
            out.put_slice(DONE);
        }
    }
}
