//! A request, read and found good.

use wire::anthropic::catalogue::{self, Known, Thinking};
use wire::anthropic::messages::MessagesRequest;
use world::Instant;

use super::cache::{Cached, PromptCache};
use super::{Home, Refusal, check, size};
use crate::engine::latency::Prompt;

/// The model that is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model<'a> {
    /// What answers and errors call it.
    pub(crate) name: &'a str,
    /// The longest answer, in tokens.
    pub(crate) max_tokens: u32,
    /// The longest prompt, in tokens.
    pub(crate) max_input_tokens: u32,
    pub(crate) thinking: Thinking,
    pub(crate) takes_prefill: bool,
}

impl<'a> Model<'a> {
    /// The model of that name; one that the catalogue does not have takes as much as most.
    pub(crate) fn named(name: &'a str) -> Self {
        catalogue::find(name).map_or(
            Self {
                name,
                max_tokens: 64_000,
                max_input_tokens: 200_000,
                thinking: Thinking::Both,
                takes_prefill: true,
            },
            Self::of_known,
        )
    }

    fn of_known(known: &Known) -> Self {
        Self {
            name: known.id,
            max_tokens: known.max_tokens,
            max_input_tokens: known.max_input_tokens,
            thinking: known.thinking,
            takes_prefill: known.takes_prefill(),
        }
    }
}

/// A request that the model answers.
#[derive(Debug)]
pub(crate) struct Request<'b> {
    pub(crate) body: MessagesRequest<'b>,
    /// The estimate of the whole prompt.
    pub(crate) prompt_tokens: u64,
    /// What of it the cache has to do with.
    pub(crate) cached: Cached,
}

impl<'b> Request<'b> {
    /// Reads a request for an answer and checks all that can be wrong with it.
    pub(crate) fn read(home: Home, body: &'b [u8], model: &Model<'_>) -> Result<Self, Refusal> {
        let request = Self::parse(home, body)?;
        request.check(model)?;
        Ok(request)
    }

    /// Checks all that can be wrong with a request for an answer.
    pub(crate) fn check(&self, model: &Model<'_>) -> Result<(), Refusal> {
        check::all(&self.body, model)?;
        self.check_lengths(model)
    }

    /// Checks what can be wrong with a request whose tokens are to be counted.
    pub(crate) fn check_prompt(&self, model: &Model<'_>) -> Result<(), Refusal> {
        check::prompt(&self.body, model)
    }

    /// Reads a body as this home takes it.
    pub(crate) fn parse(home: Home, body: &'b [u8]) -> Result<Self, Refusal> {
        let body = MessagesRequest::read(body).map_err(|complaint| match home {
            Home::Bedrock if complaint.is_syntax => {
                Refusal(wire::bedrock::error::text::malformed_input(&complaint.message))
            }
            _ => Refusal(complaint.message),
        })?;
        check_home(home, &body)?;
        let prompt_tokens = size::tokens_of(&body);
        Ok(Self { body, prompt_tokens, cached: Cached::default() })
    }

    /// Looks the prompt up in the cache; for a request that has been checked.
    pub(crate) fn look_up(self, cache: &PromptCache, model: &Model<'_>, now: Instant) -> Self {
        let cached = cache.take(model.name, &self.body, now);
        Self { cached, ..self }
    }

    /// The prompt as far as it takes time: what is read from the cache does not.
    pub(super) fn prompt(&self) -> Prompt {
        Prompt { tokens: self.prompt_tokens, cached: self.cached.read }
    }

    /// Tokens of the prompt that the cache has nothing to do with.
    pub(crate) fn uncached_tokens(&self) -> u64 {
        self.prompt_tokens.saturating_sub(self.cached.read + self.cached.written())
    }

    /// Most tokens of the answer. Read requests have a limit that the model allows.
    pub(crate) fn max_tokens(&self) -> u32 {
        self.body.max_tokens.and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(1)
    }

    fn check_lengths(&self, model: &Model<'_>) -> Result<(), Refusal> {
        let (prompt, window) = (self.prompt_tokens, u64::from(model.max_input_tokens));
        if prompt > window {
            return Err(Refusal(wire::bedrock::error::text::prompt_too_long(prompt, window)));
        }
        let answer = self.max_tokens();
        // Newer models end an answer where the window ends, and say so.
        if model.takes_prefill && prompt + u64::from(answer) > window {
            return Err(Refusal(format!(
                "input length and `max_tokens` exceed context limit: {prompt} + {answer} > {window}, decrease input \
                 length or `max_tokens` and try again"
            )));
        }
        Ok(())
    }
}

/// What one home has in the body and another in the path.
fn check_home(home: Home, body: &MessagesRequest<'_>) -> Result<(), Refusal> {
    let missing = |field: &str| Err(Refusal(format!("{field}: Field required")));
    let (names_model, names_version) = (body.model.is_some(), body.anthropic_version.is_some());
    match home {
        Home::Direct if !names_model => missing("model"),
        Home::Direct if names_version => {
            Err(Refusal::new("anthropic_version: Extra inputs are not permitted"))
        }
        Home::Bedrock | Home::Vertex if !names_version => missing("anthropic_version"),
        Home::Bedrock if names_model || body.stream.is_some() => {
            let key = if names_model { "model" } else { "stream" };
            let problem = format!("#: extraneous key [{key}] is not permitted");
            Err(Refusal(wire::bedrock::error::text::malformed_input(&problem)))
        }
        _ => Ok(()),
    }
}
