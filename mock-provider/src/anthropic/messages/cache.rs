//! The prompt cache: which beginnings of prompts a model has seen, and for how long it keeps them.
//!
//! A request marks up to four places. What stands before the last marked place that is known is read from
//! the cache; what stands from there to the last mark is written to it. Beginnings shorter than a minimum
//! are not kept. A simplification: the service also looks for ends of earlier requests between the marks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wire::anthropic::messages::{Content, ContentBlock, MessagesRequest};
use wire::json::Raw;
use world::{Domain, Instant, Seed};

use super::size::Size;

/// The shortest beginning that is kept, in tokens; of Haiku models twice that.
const SHORTEST_TOKENS: u64 = 1_024;
const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
const ONE_HOUR: Duration = Duration::from_secs(60 * 60);
/// Entries beyond which those that have expired are looked for.
const ENTRIES_MAX: usize = 4_096;

/// Tokens of a prompt that the cache has to do with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cached {
    /// Read from it.
    pub(crate) read: u64,
    /// Written to it for five minutes.
    pub(crate) written_5m: u64,
    /// Written to it for an hour.
    pub(crate) written_1h: u64,
}

impl Cached {
    /// Written to it.
    pub(crate) fn written(&self) -> u64 {
        self.written_5m + self.written_1h
    }
}

/// What the models of one mock have seen.
#[derive(Debug)]
pub(crate) struct PromptCache {
    digest: Domain,
    kept: Mutex<BTreeMap<u64, Instant>>,
}

/// One marked place.
#[derive(Debug, Clone, Copy)]
struct Mark {
    digest: u64,
    tokens: u64,
    keep: Duration,
}

impl PromptCache {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { digest: seed.domain("mock-provider/prompt-cache"), kept: Mutex::default() }
    }

    /// Looks a prompt up and keeps what it marks.
    pub(crate) fn take(&self, model: &str, request: &MessagesRequest<'_>, now: Instant) -> Cached {
        if !is_marked(request) {
            return Cached::default();
        }
        let shortest = SHORTEST_TOKENS * if model.contains("haiku") { 2 } else { 1 };
        let mut marks = Walk::new(&self.digest, model).marks(request);
        marks.retain(|mark| mark.tokens >= shortest);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_kept = |mark: &&Mark| kept.get(&mark.digest).is_some_and(|until| *until > now);
        let read = marks.iter().rfind(is_kept).map_or(0, |mark| mark.tokens);
        let mut cached = Cached { read, ..Cached::default() };
        let mut known = read;
        for mark in &marks {
            let added = mark.tokens.saturating_sub(known);
            known = known.max(mark.tokens);
            let written = if mark.keep == ONE_HOUR { &mut cached.written_1h } else { &mut cached.written_5m };
            *written += added;
        }
        if kept.len() > ENTRIES_MAX {
            kept.retain(|_, until| *until > now);
        }
        // Whoever reads an entry keeps it alive.
        kept.extend(marks.iter().map(|mark| (mark.digest, now + mark.keep)));
        cached
    }
}

fn is_marked(request: &MessagesRequest<'_>) -> bool {
    let in_content = |content: &Content<'_>| match content {
        Content::Text(_) => false,
        Content::Blocks(blocks) => blocks.iter().any(|block| block.cache_control().is_some()),
    };
    request.cache_control.is_some()
        || request.tools.iter().any(|tool| tool.cache_control.is_some())
        || request.system.iter().any(in_content)
        || request.messages.iter().any(|message| in_content(&message.content))
}

/// Goes over a prompt in the order in which the model reads it: tools, instructions, turns.
struct Walk<'d> {
    domain: &'d Domain,
    digest: u64,
    size: Size,
    marks: Vec<Mark>,
}

impl<'d> Walk<'d> {
    fn new(domain: &'d Domain, model: &str) -> Self {
        Self { domain, digest: domain.hash(&[model.as_bytes()]), size: Size::default(), marks: Vec::new() }
    }

    fn marks(mut self, request: &MessagesRequest<'_>) -> Vec<Mark> {
        for tool in &request.tools {
            self.size.tool(tool);
            self.pass(tool.name.as_bytes());
            self.pass(tool.input_schema.map_or("", |schema| schema.get()).as_bytes());
            self.mark(tool.cache_control.as_ref());
        }
        request.system.iter().for_each(|system| self.content(system));
        request.messages.iter().for_each(|message| self.content(&message.content));
        if let Some(control) = &request.cache_control {
            self.mark_for(keep(control.ttl.as_deref()));
        }
        self.marks
    }

    fn content(&mut self, content: &Content<'_>) {
        match content {
            Content::Text(text) => {
                self.size.content(content);
                self.pass(text.as_bytes());
            }
            Content::Blocks(blocks) => blocks.iter().for_each(|block| {
                self.size.block(block);
                self.block(block);
                self.mark(block.cache_control());
            }),
        }
    }

    fn block(&mut self, block: &ContentBlock<'_>) {
        match block {
            ContentBlock::Text { text, .. } => self.pass(text.as_bytes()),
            ContentBlock::Image { source, .. } | ContentBlock::Document { source, .. } => {
                self.pass(source.get().as_bytes());
            }
            ContentBlock::ToolUse { id, input, .. } => {
                self.pass(id.as_bytes());
                self.pass(input.get().as_bytes());
            }
            ContentBlock::ToolResult { content, .. } => {
                content.iter().flat_map(Content::texts).for_each(|text| self.pass(text.as_bytes()));
            }
            ContentBlock::SearchResult { content, .. } => {
                content.texts().for_each(|text| self.pass(text.as_bytes()));
            }
            ContentBlock::Thinking { .. } | ContentBlock::RedactedThinking { .. } => {}
        }
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.digest = self.domain.hash(&[&self.digest.to_le_bytes(), bytes]);
    }

    fn mark(&mut self, control: Option<&Raw<'_>>) {
        if let Some(control) = control {
            let is_long = control.get().contains("\"1h\"");
            self.mark_for(if is_long { ONE_HOUR } else { FIVE_MINUTES });
        }
    }

    fn mark_for(&mut self, keep: Duration) {
        self.marks.push(Mark { digest: self.digest, tokens: self.size.tokens(), keep });
    }
}

fn keep(ttl: Option<&str>) -> Duration {
    if ttl == Some("1h") { ONE_HOUR } else { FIVE_MINUTES }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "claude-sonnet-4-5-20250929";

    fn prompt(marked: &str, rest: &str, ttl: &str) -> String {
        format!(
            r#"{{"system":[{{"type":"text","text":"{marked}","cache_control":{{"type":"ephemeral"{ttl}}}}}],"messages":[{{"role":"user","content":"{rest}"}}]}}"#
        )
    }

    fn take(cache: &PromptCache, model: &str, body: &str, after: Duration) -> (u64, u64, u64) {
        let request = MessagesRequest::parse(body.as_bytes()).expect(body);
        let cached = cache.take(model, &request, Instant::ZERO + after);
        (cached.read, cached.written_5m, cached.written_1h)
    }

    #[test]
    fn what_was_written_is_read_until_it_expires() {
        let cache = PromptCache::new(Seed(1));
        let long = "x".repeat(4 * 2_000);
        let at = |seconds: u64, rest: &str| {
            take(&cache, MODEL, &prompt(&long, rest, ""), Duration::from_secs(seconds))
        };
        assert_eq!(at(0, "a"), (0, 2_000, 0));
        assert_eq!(at(299, "b"), (2_000, 0, 0));
        assert_eq!(at(598, "c"), (2_000, 0, 0), "read at 299, it was kept anew");
        assert_eq!(at(900, "d"), (0, 2_000, 0));
    }

    #[test]
    fn what_is_short_or_of_another_model_is_not_read() {
        let cache = PromptCache::new(Seed(1));
        let short = prompt(&"x".repeat(4 * 1_023), "a", "");
        assert_eq!(take(&cache, MODEL, &short, Duration::ZERO), (0, 0, 0));
        let long = prompt(&"x".repeat(4 * 2_048), "a", r#","ttl":"1h""#);
        assert_eq!(take(&cache, MODEL, &long, Duration::ZERO), (0, 0, 2_048));
        assert_eq!(take(&cache, "claude-haiku-4-5", &long, Duration::ZERO), (0, 0, 2_048));
        assert_eq!(take(&cache, MODEL, &long, Duration::from_secs(3_599)), (2_048, 0, 0));
    }
}
