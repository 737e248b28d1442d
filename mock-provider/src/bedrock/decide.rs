//! What is decided about an answer before the first token of it is due.

use std::time::Duration;

use wire::bedrock::converse::{CacheDetails, Usage};
use wire::bedrock::headers::InvocationCounts;
use wire::bedrock::invoke_stream::InvocationMetrics;

use super::Bedrock;
use super::failure::Failure;
use super::guardrail::{self, Guard};
use super::settlement::Settlement;
use super::target::Target;
use crate::call::{Call, Engine};
use crate::engine::Timing;
use crate::engine::ask::Ask;
use crate::engine::latency;
use crate::engine::prompt::{Cached, Reader};
use crate::engine::reply::Reply;
use crate::profile::{Kind, Profile};

/// A prompt, in tokens.
#[derive(Debug)]
pub(super) struct Prompt {
    /// All of it.
    pub(super) tokens: u64,
    /// What the prompt cache gives and takes, where the request has cache points.
    pub(super) cached: Option<Cached>,
    /// What the cache is to keep of it then.
    pub(super) reader: Option<Reader>,
}

impl Prompt {
    /// What it holds of a quota.
    fn held(&self) -> (u64, Cached) {
        (self.tokens, self.cached.unwrap_or_default())
    }

    /// As far as it takes time.
    fn to_read(&self) -> latency::Prompt {
        self.cached.unwrap_or_default().prompt(self.tokens)
    }

    fn usage(&self, output_tokens: u32) -> Usage {
        let (tokens, cached) = self.held();
        let usage = Usage::new(cached.rest(tokens), u64::from(output_tokens));
        let written = CacheDetails { five_minutes: cached.written_5m, one_hour: cached.written_1h };
        if self.cached.is_some() { usage.with_cache(cached.read, written) } else { usage }
    }
}

impl From<u64> for Prompt {
    fn from(tokens: u64) -> Self {
        Self { tokens, cached: None, reader: None }
    }
}

/// An answer and what it takes.
pub(super) struct Decided<'p> {
    pub(super) profile: &'p Profile,
    pub(super) reply: Reply,
    pub(super) timing: Timing,
    pub(super) usage: Usage,
    pub(super) settlement: Settlement,
}

impl<'p> Decided<'p> {
    /// The guardrail's words, for which no model is asked.
    pub(super) fn blocked(profile: &'p Profile) -> Self {
        Self {
            profile,
            reply: Guard::blocked(),
            timing: Timing::new(guardrail::DELAY, Duration::ZERO),
            usage: Usage::default(),
            settlement: Settlement::free(),
        }
    }

    /// Milliseconds from the request to the end of the answer.
    pub(super) fn latency_ms(&self) -> u64 {
        milliseconds(self.timing.complete(self.reply.tokens()))
    }

    fn cache_counts(&self) -> Option<(u64, u64)> {
        self.usage.cache_read_input_tokens.zip(self.usage.cache_write_input_tokens)
    }

    /// What InvokeModel says in headers.
    pub(super) fn counts(&self) -> InvocationCounts {
        InvocationCounts {
            input_tokens: self.usage.input_tokens,
            output_tokens: Some(self.usage.output_tokens),
            cache: self.cache_counts(),
            latency_ms: self.latency_ms(),
        }
    }

    /// What the last object of InvokeModelWithResponseStream says.
    pub(super) fn metrics(&self) -> InvocationMetrics {
        InvocationMetrics {
            input_token_count: self.usage.input_tokens,
            output_token_count: self.usage.output_tokens,
            invocation_latency: self.latency_ms(),
            first_byte_latency: milliseconds(self.timing.first()),
            cache_read_input_token_count: self.usage.cache_read_input_tokens,
            cache_write_input_token_count: self.usage.cache_write_input_tokens,
        }
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Bedrock {
    /// Reserves the quota of a chat and decides its answer. `asked` is what the caller said of the length, `ask`
    /// has what holds.
    pub(super) fn decide<'e>(
        &self,
        engine: &'e Engine,
        call: &Call<'_>,
        target: &Target<'_>,
        (prompt, asked): (&Prompt, Option<u32>),
        ask: &Ask<'_>,
    ) -> Result<Decided<'e>, Failure> {
        let settlement = Settlement::reserve(&self.quota, target, prompt.held(), asked)?;
        let profile = target.profile(&engine.plan, Kind::Chat);
        let reply = engine.reply(profile, &call.identity, ask);
        let timing = engine.timing_of(profile, &call.identity, prompt.to_read(), reply.tokens());
        if let Some(reader) = &prompt.reader {
            engine.prompt_cache.keep(reader, call.arrived, timing.first());
        }
        Ok(Decided { profile, timing, usage: prompt.usage(reply.tokens()), reply, settlement })
    }
}
