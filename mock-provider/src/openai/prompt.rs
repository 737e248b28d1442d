//! What prompts have beside their texts, and which beginnings of them models keep; chats and responses alike.
//!
//! The figures are those of OpenAI's cookbook, *how to count tokens with tiktoken*: of a message three and its role,
//! of the answer's beginning three, of functions the sum that [`functions`] makes.

use std::time::Duration;

use serde_json::Value;
use wire::json::Raw;
use world::Instant;

use super::Request;
use super::target::Target;
use crate::call::{Call, Engine};
use crate::engine::latency;
use crate::engine::prompt::{Cached, PromptCache, Reader};

/// What every message costs beside its text, its role among it.
pub(super) const MESSAGE_TOKENS: u64 = 4;
/// What the answer's beginning costs.
pub(super) const PRIMING_TOKENS: u64 = 3;
/// What a picture counts as: OpenAI's figures for low detail, and for a square of 1024 at high detail.
pub(super) const IMAGE_TOKENS: (u64, u64) = (85, 765);
/// What a recording or a file counts as. Our assumption.
pub(super) const ATTACHMENT_TOKENS: u64 = 500;

/// The shortest beginning of a prompt that is kept.
const SHORTEST_CACHED: u64 = 1_024;

const FUNCTION_TOKENS: u64 = 7;
const PROPERTIES_TOKENS: u64 = 3;
const PROPERTY_TOKENS: u64 = 3;
const CHOICE_TOKENS: u64 = 3;
const FUNCTIONS_END_TOKENS: u64 = 12;

/// A prompt that has been read.
#[derive(Debug)]
pub(crate) struct Prompt {
    reader: Reader,
    cached: Cached,
}

impl Prompt {
    /// One of which no cache knows.
    pub(crate) fn new(reader: Reader) -> Self {
        Self { reader, cached: Cached::default() }
    }

    /// One that arrived `now` and of which the cache may know.
    pub(crate) fn looked_up(reader: Reader, cache: &PromptCache, now: Instant) -> Self {
        Self { cached: cache.look_up(&reader, now), reader }
    }

    /// All its tokens.
    pub(crate) fn tokens(&self) -> u64 {
        self.reader.tokens()
    }

    /// Those that are read from the cache.
    pub(super) fn cached(&self) -> u64 {
        self.cached.read
    }

    /// As far as it takes time.
    pub(super) fn to_read(&self) -> latency::Prompt {
        self.cached.prompt(self.tokens())
    }

    /// Notes that the model has read it; for a request that was admitted, when its first token is known.
    pub(super) fn keep(&self, cache: &PromptCache, arrived: Instant, first: Duration) {
        cache.keep(&self.reader, arrived, first);
    }
}

/// Reads a prompt to this model. One that is too short to be kept is only counted.
pub(super) fn reader(engine: &Engine, call: &Call<'_>, request: &Request<'_>, target: &Target<'_>) -> Reader {
    // No text has a token for every byte, but for very odd ones.
    if !target.model.caches() || call.body.len() as u64 <= SHORTEST_CACHED {
        return Reader::default();
    }
    let host: &[u8] = if request.path.host.is_azure() { b"azure" } else { b"openai" };
    engine.prompt_cache.stepped(&[host, target.name.as_bytes()], SHORTEST_CACHED)
}

/// Reads the definitions of functions: name, description and schema of each.
pub(super) fn functions<'f>(
    functions: impl Iterator<Item = (&'f str, Option<&'f str>, Option<Raw<'f>>)>,
    reader: &mut Reader,
) {
    let mut is_empty = true;
    for (name, description, schema) in functions {
        is_empty = false;
        reader.costs(FUNCTION_TOKENS);
        reader.text(&line(&[name, description.unwrap_or_default()]));
        let schema = schema.and_then(|schema| serde_json::from_str(schema.get()).ok());
        properties(&schema.unwrap_or_default(), reader);
    }
    if !is_empty {
        reader.costs(FUNCTIONS_END_TOKENS);
    }
}

/// Reads the properties of an object. The cookbook stops at the first level; here those within count the same.
fn properties(schema: &Value, reader: &mut Reader) {
    let Some(properties_of) = schema["properties"].as_object().filter(|properties| !properties.is_empty())
    else {
        return;
    };
    reader.costs(PROPERTIES_TOKENS);
    for (name, property) in properties_of {
        reader.costs(PROPERTY_TOKENS);
        let choices = property["enum"].as_array().map_or(&[][..], Vec::as_slice);
        reader.costs(CHOICE_TOKENS * (choices.len() as u64).saturating_sub(1));
        for choice in choices {
            match choice.as_str() {
                Some(choice) => reader.text(choice),
                None => reader.text(&choice.to_string()),
            };
        }
        let said = |member: &str| property[member].as_str().unwrap_or_default();
        reader.text(&line(&[name, said("type"), said("description")]));
        properties(property, reader);
        properties(&property["items"], reader);
    }
}

/// As the model reads a definition: its parts with colons between them, without a full stop.
fn line(parts: &[&str]) -> String {
    let mut line = parts.join(":");
    if line.ends_with('.') {
        line.pop();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cookbook's own example, for which it gives 101 tokens of a request to gpt-4o.
    const SCHEMA: &str = r#"{"type":"object","properties":{
        "location":{"type":"string","description":"The city and state, e.g. San Francisco, CA"},
        "unit":{"type":"string","description":"The unit of temperature to return","enum":["celsius","fahrenheit"]}},
        "required":["location"]}"#;

    #[test]
    fn functions_cost_what_the_cookbook_says() {
        let mut reader = Reader::default();
        let schema = Raw::parse(SCHEMA).expect("sound");
        let weather =
            ("get_current_weather", Some("Get the current weather in a given location"), Some(schema));
        functions([weather].into_iter(), &mut reader);
        for text in [
            "You are a helpful assistant that can answer to questions about the weather.",
            "What's the weather like in San Francisco?",
        ] {
            reader.costs(MESSAGE_TOKENS);
            reader.text(text);
        }
        reader.costs(PRIMING_TOKENS);
        assert!(reader.tokens().abs_diff(101) <= 3, "{}", reader.tokens());
    }

    #[test]
    fn no_functions_cost_nothing_and_nested_properties_something() {
        let cost = |schema: Option<&'static str>| {
            let mut reader = Reader::default();
            let schema = schema.map(|schema| ("f", None, Raw::parse(schema).ok()));
            functions(schema.into_iter(), &mut reader);
            reader.tokens()
        };
        assert_eq!(cost(None), 0);
        let flat = cost(Some(r#"{"properties":{"a":{"type":"object"}}}"#));
        let nested =
            cost(Some(r#"{"properties":{"a":{"type":"object","properties":{"b":{"type":"string"}}}}}"#));
        assert!(nested > flat + 6 && flat > cost(Some("{}")) + 6, "{nested} {flat}");
    }
}
