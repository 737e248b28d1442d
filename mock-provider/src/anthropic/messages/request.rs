//! A request, read and found good.

use std::time::Duration;

use wire::anthropic::catalogue::{self, Known, Thinking};
use wire::anthropic::messages::MessagesRequest;
use wire::json::Text;
use world::Instant;

use super::{Home, Refusal, check, marks, size};
use crate::engine::latency::Prompt;
use crate::engine::prompt::{Cached, PromptCache, Reader};

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

/// A body that has been read, and neither checked nor counted.
#[derive(Debug)]
pub(crate) struct Asked<'b> {
    home: Home,
    body: MessagesRequest<'b>,
}

impl<'b> Asked<'b> {
    /// Reads a body as this home takes it.
    pub(crate) fn parse(home: Home, body: &'b [u8]) -> Result<Self, Refusal> {
        let body = MessagesRequest::read(body).map_err(|complaint| match home {
            Home::Bedrock if complaint.is_syntax => {
                Refusal(wire::bedrock::error::text::malformed_input(&complaint.message))
            }
            _ => Refusal(complaint.message),
        })?;
        check_home(home, &body)?;
        Ok(Self { home, body })
    }

    /// The model that the body names, where it does.
    pub(crate) fn model(&self) -> Option<&Text<'b>> {
        self.body.model.as_ref()
    }

    /// Checks all that can be wrong with a request for an answer, counts its prompt, and looks up how much of it
    /// the cache of this place holds for one that arrives `now`.
    pub(crate) fn check(
        self,
        model: &Model<'_>,
        (cache, place): (&PromptCache, &str),
        now: Instant,
    ) -> Result<Request<'b>, Refusal> {
        check::all(&self.body, model, self.home)?;
        let is_marked = marks::has_any(&self.body);
        let mut prompt = if is_marked {
            let key = [self.home.name().as_bytes(), place.as_bytes(), model.name.as_bytes()];
            cache.marked(&key, size::shortest_cached(model.name))
        } else {
            Reader::default()
        };
        size::read(&self.body, model.name, &mut prompt);
        let request = Request { cached: cache.look_up(&prompt, now), body: self.body, prompt };
        request.check_lengths(model)?;
        Ok(request)
    }

    /// Checks what can be wrong with a prompt.
    pub(crate) fn check_prompt(&self, model: &Model<'_>) -> Result<(), Refusal> {
        check::prompt(&self.body, model, self.home)
    }

    /// Tokens of the prompt, for the model of that name.
    pub(crate) fn count(&self, model: &str) -> u64 {
        let mut prompt = Reader::default();
        size::read(&self.body, model, &mut prompt);
        prompt.tokens()
    }
}

/// A request that the model answers.
#[derive(Debug)]
pub(crate) struct Request<'b> {
    pub(crate) body: MessagesRequest<'b>,
    /// What of the prompt the cache has to do with.
    pub(crate) cached: Cached,
    prompt: Reader,
}

impl Request<'_> {
    /// Tokens of the whole prompt.
    pub(crate) fn prompt_tokens(&self) -> u64 {
        self.prompt.tokens()
    }

    /// Notes that the model has read the prompt; for a request that was admitted, when its first token is known.
    pub(super) fn keep(&self, cache: &PromptCache, now: Instant, first: Duration) {
        cache.keep(&self.prompt, now, first);
    }

    /// The prompt as far as it takes time.
    pub(super) fn prompt(&self) -> Prompt {
        self.cached.prompt(self.prompt_tokens())
    }

    /// Tokens of the prompt that the cache has nothing to do with.
    pub(crate) fn uncached_tokens(&self) -> u64 {
        self.cached.rest(self.prompt_tokens())
    }

    /// Most tokens of the answer. Checked requests have a limit that the model allows.
    pub(crate) fn max_tokens(&self) -> u32 {
        self.body.max_tokens.and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(1)
    }

    fn check_lengths(&self, model: &Model<'_>) -> Result<(), Refusal> {
        let (prompt, window) = (self.prompt_tokens(), u64::from(model.max_input_tokens));
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

/// What a model says against a body, if anything.
#[cfg(test)]
pub(super) fn refusal(body: &str, model: &str) -> Option<String> {
    let cache = PromptCache::new(world::Seed(1));
    let checked = Asked::parse(Home::Direct, body.as_bytes())
        .and_then(|asked| asked.check(&Model::named(model), (&cache, ""), Instant::ZERO));
    checked.err().map(|Refusal(words)| words)
}
