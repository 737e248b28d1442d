//! An answer to a chat request: what it says, what it costs, when it is whole, and its JSON.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use wire::json::Raw;
use wire::openai::chat::{
    ChatCompletion, ChatRequest, Choice, CompletionTokensDetails, FinishReason, FunctionCall, FunctionType,
    PromptTokensDetails, ResponseMessage, ToolCall, Usage,
};
use wire::vertex::chat_usage::ChatUsage;
use wire::vertex::generate_content::TrafficType;
use world::Instant;

use super::ask;
use super::logprobs::Likelihoods;
use crate::call::{Engine, Length};
use crate::engine::Timing;
use crate::engine::identity::Identity;
use crate::engine::reply::{self, Block, Reply, Stop};
use crate::openai::filter;
use crate::openai::ids;
use crate::openai::model::Model;
use crate::openai::prompt::Prompt;
use crate::openai::withheld::Withheld;
use crate::profile::{Coalescing, Profile};

/// In which form an answer says what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsageForm {
    /// OpenAI's: a stream says it in an event of its own, where it was asked to.
    OpenAi,
    /// Google's, with whose capacity served the request: the last event of every stream says it.
    Google(TrafficType),
}

/// How an answer is to be worded, beside what it says.
#[derive(Debug, Clone)]
pub(crate) struct Terms<'a> {
    /// What the request called the model; keys the content.
    pub(crate) name: &'a str,
    /// The model.
    pub(crate) model: Model,
    /// The name under which it answers.
    pub(crate) served: Cow<'a, str>,
    /// `chatcmpl-…`
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    /// The tier that serves it, where answers say so.
    pub(crate) service_tier: Option<Cow<'a, str>>,
    /// `fp_…`, where answers say so.
    pub(crate) system_fingerprint: Option<String>,
    /// How it says what it cost.
    pub(crate) usage: UsageForm,
    /// Whether streamed events are padded.
    pub(crate) is_obfuscated: bool,
    /// Whether Azure's filters have a say.
    pub(crate) is_filtered: bool,
}

/// An answer, decided before its first token is due.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(super) terms: Terms<'a>,
    pub(super) replies: Vec<Reply>,
    pub(super) arrived: Instant,
    pub(super) timing: Timing,
    pub(super) coalescing: Coalescing,
    pub(super) likelihoods: Option<Likelihoods>,
    pub(super) wants_usage: bool,
    /// Whether the caller named the function: then the answer ends by itself, not to call one.
    is_forced: bool,
    pub(super) withheld: Withheld,
    prompt: Prompt,
}

impl<'a> Answer<'a> {
    /// What a model of `profile` answers to a request that arrived at `arrived` and was admitted.
    pub(crate) fn decide(
        engine: &Engine,
        profile: &Profile,
        (identity, arrived): (&Identity, Instant),
        (request, prompt): (&ChatRequest<'_>, Prompt),
        terms: Terms<'a>,
    ) -> Self {
        let candidates = 0..request.n.unwrap_or(1).max(1);
        let reply = |candidate| {
            engine.reply(profile, identity, &ask::ask(request, terms.name, &terms.model, candidate))
        };
        let has_logprobs = request.logprobs == Some(true);
        let replies: Vec<Reply> = candidates.map(reply).collect();
        let longest = longest(&replies);
        let timing = engine.timing_of(profile, identity, prompt.to_read(), longest);
        prompt.keep(&engine.prompt_cache, arrived, timing.first());
        Self {
            replies,
            arrived,
            timing,
            coalescing: profile.coalescing,
            likelihoods: has_logprobs
                .then(|| Likelihoods::new(identity.content, request.top_logprobs.unwrap_or(0))),
            wants_usage: request.wants_stream_usage() && terms.usage == UsageForm::OpenAi,
            is_forced: matches!(request.tool_choice, Some(wire::openai::chat::ToolChoice::Function(_))),
            withheld: ask::withheld(request),
            prompt,
            terms,
        }
    }

    /// Tokens of the prompt.
    pub(crate) fn prompt_tokens(&self) -> u64 {
        self.prompt.tokens()
    }

    /// How long after the request the whole answer is there.
    pub(crate) fn complete(&self) -> Duration {
        self.timing.complete(self.longest())
    }

    /// Tokens of its longest choice: choices are made side by side.
    pub(super) fn longest(&self) -> u32 {
        longest(&self.replies)
    }

    /// What it costs.
    pub(crate) fn usage(&self) -> Usage {
        let counted = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
        let reasoning_tokens = self.replies.iter().map(Reply::thinking_tokens).fold(0, u32::saturating_add);
        let details = CompletionTokensDetails { reasoning_tokens, ..CompletionTokensDetails::default() };
        let cached_tokens = counted(self.prompt.cached());
        Usage {
            prompt_tokens_details: Some(PromptTokensDetails {
                cached_tokens,
                ..PromptTokensDetails::default()
            }),
            completion_tokens_details: Some(details),
            ..Usage::new(counted(self.prompt_tokens()), self.tokens())
        }
    }

    /// The same in Google's form, in JSON, where answers have it.
    pub(super) fn google_usage(&self) -> Option<Bytes> {
        match self.terms.usage {
            UsageForm::OpenAi => None,
            UsageForm::Google(traffic) => Some(wire::json::to_bytes(&ChatUsage::new(&self.usage(), traffic))),
        }
    }

    /// Why a choice ends.
    pub(super) fn finish_reason(&self, reply: &Reply) -> FinishReason {
        match reply.stop() {
            _ if self.withheld == Withheld::Answer => FinishReason::ContentFilter,
            Stop::MaxTokens => FinishReason::Length,
            Stop::ToolUse if !self.is_forced => FinishReason::ToolCalls,
            Stop::ToolUse | Stop::End | Stop::StopSequence(_) => FinishReason::Stop,
        }
    }

    /// The body of an answer that is not streamed.
    pub(crate) fn to_bytes(&self) -> Bytes {
        let logprobs: Vec<Option<String>> = self.replies.iter().map(|reply| self.logprobs(reply)).collect();
        let choices = (0..).zip(&self.replies).zip(&logprobs).map(|((index, reply), logprobs)| Choice {
            index,
            message: self.message(reply),
            logprobs: logprobs.as_deref().and_then(|json| Raw::parse(json).ok()),
            finish_reason: Some(self.finish_reason(reply)),
            content_filter_results: self.terms.is_filtered.then(|| filter::results(self.withheld)),
        });
        let terms = &self.terms;
        let google_usage = self.google_usage();
        let body = ChatCompletion {
            id: terms.id.as_str().into(),
            created: terms.created,
            model: (&*terms.served).into(),
            choices: choices.collect(),
            usage: google_usage.is_none().then(|| self.usage()),
            service_tier: terms.service_tier.as_deref().map(Into::into),
            system_fingerprint: terms.system_fingerprint.as_deref().map(Into::into),
            prompt_filter_results: terms.is_filtered.then(filter::prompt_results),
            ..ChatCompletion::default()
        }
        .to_bytes();
        match google_usage {
            None => body,
            Some(usage) => with_usage(&body, &usage),
        }
    }

    /// What one choice says. A model that only calls functions, or refuses, says `null`.
    fn message<'r>(&self, reply: &'r Reply) -> ResponseMessage<'r> {
        let mut message = ResponseMessage::default();
        for block in reply.blocks() {
            match block {
                Block::Thinking(_) => {}
                Block::Text(_) if self.withheld == Withheld::Refusal => {
                    message.refusal = Some(reply.text().into());
                }
                Block::Text(_) => message.content = Some(reply.text().into()),
                Block::ToolCall(call) => message.tool_calls.push(tool_call(call)),
            }
        }
        message
    }

    /// The log probabilities of a choice's text in JSON, where they were asked for.
    fn logprobs(&self, reply: &Reply) -> Option<String> {
        let likelihoods = self.likelihoods?;
        let texts = reply.blocks().iter().filter_map(|block| match block {
            Block::Text(text) => Some(text),
            _ => None,
        });
        let logprobs = likelihoods.of(texts.map(|text| (text, 0..text.tokens())));
        let logprobs = self.withheld.placed(logprobs);
        String::from_utf8(wire::json::to_bytes(&logprobs).to_vec()).ok()
    }
}

impl Length for Answer<'_> {
    fn tokens(&self) -> u32 {
        self.replies.iter().map(Reply::tokens).fold(0, u32::saturating_add)
    }
}

/// An answer's object with one more member.
fn with_usage(object: &[u8], usage: &[u8]) -> Bytes {
    let open = object.strip_suffix(b"}").unwrap_or(object);
    [open, b",\"usage\":", usage, b"}"].concat().into()
}

fn longest(replies: &[Reply]) -> u32 {
    replies.iter().map(Reply::tokens).max().unwrap_or(0)
}

fn tool_call(call: &reply::ToolCall) -> ToolCall<'_> {
    ToolCall {
        id: call_id(call).into(),
        r#type: FunctionType,
        function: FunctionCall { name: call.name.as_str().into(), arguments: call.arguments.as_str().into() },
    }
}

/// `call_…`
pub(in crate::openai) fn call_id(call: &reply::ToolCall) -> String {
    ids::alphanumeric("call_", call.id_bits, 24)
}
