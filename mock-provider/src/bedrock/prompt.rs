//! How many tokens a Converse prompt has, and which of them the prompt cache holds.

use serde::{Deserialize, Serialize};
use wire::bedrock::converse::{
    ContentBlock, Message, Request, SystemBlock, Tool, ToolConfig, ToolResultBlock, ToolSpec,
};
use wire::json::Raw;
use world::Instant;

use super::decide::Prompt;
use super::prompt_cache::{Beginning, PromptCache, Ttl};
use super::target::Target;
use crate::engine::tokens;

/// What a picture, document, film or recording counts as, in tokens. Our assumption: the size of a file
/// says nothing about its tokens.
const ATTACHMENT_TOKENS: u64 = 1_500;

/// The estimate for a whole request: its texts and tool definitions by length, attachments at a flat rate.
pub(super) fn tokens_of(request: &Request<'_>) -> u64 {
    let mut size = Size::default();
    request.messages.iter().for_each(|message| size.message(message));
    request.system.iter().for_each(|block| size.system(block));
    if let Some(config) = &request.tool_config {
        size.tools(config);
    }
    size.tokens()
}

/// The prompt of a request that arrived at `now`. One without cache points has nothing to do with the cache.
pub(super) fn of(request: &Request<'_>, target: &Target<'_>, cache: &PromptCache, now: Instant) -> Prompt {
    let tokens = tokens_of(request);
    if !has_cache_points(request) || !target.abilities().cache {
        return tokens.into();
    }
    cache.visit(&Beginnings::of(request, target, cache), tokens, now)
}

fn has_cache_points(request: &Request<'_>) -> bool {
    let is_point = |block: &ContentBlock<'_>| matches!(block, ContentBlock::CachePoint(_));
    request.messages.iter().flat_map(|message| &message.content).any(is_point)
        || request.system.iter().any(|block| matches!(block, SystemBlock::CachePoint(_)))
        || tools(request).any(|tool| matches!(tool, Tool::CachePoint(_)))
}

fn tools<'r, 'a>(request: &'r Request<'a>) -> impl Iterator<Item = &'r Tool<'a>> {
    request.tool_config.iter().flat_map(|config| &config.tools)
}

/// Collects what lies before each cache point: tools first, then the system's words, then the turns.
struct Beginnings<'c> {
    cache: &'c PromptCache,
    digest: u64,
    size: Size,
    found: Vec<Beginning>,
}

impl<'c> Beginnings<'c> {
    fn of(request: &Request<'_>, target: &Target<'_>, cache: &'c PromptCache) -> Vec<Beginning> {
        let digest = cache.digest(0, format!("{} {}", target.region, target.id.as_str()).as_bytes());
        let mut all = Self { cache, digest, size: Size::default(), found: Vec::new() };
        for tool in tools(request) {
            match tool {
                Tool::CachePoint(raw) => all.point(raw),
                Tool::ToolSpec(spec) => all.add(tool, |size| size.tool(spec)),
                Tool::SystemTool(_) => all.add(tool, |_| {}),
            }
        }
        for block in &request.system {
            match block {
                SystemBlock::CachePoint(raw) => all.point(raw),
                _ => all.add(block, |size| size.system(block)),
            }
        }
        for message in &request.messages {
            all.add(&message.role, |_| {});
            for block in &message.content {
                match block {
                    ContentBlock::CachePoint(raw) => all.point(raw),
                    _ => all.add(block, |size| size.block(block)),
                }
            }
        }
        all.found
    }

    fn add(&mut self, content: &impl Serialize, count: impl FnOnce(&mut Size)) {
        self.digest = self.cache.digest(self.digest, &wire::json::to_bytes(content));
        count(&mut self.size);
    }

    fn point(&mut self, raw: &Raw<'_>) {
        #[derive(Default, Deserialize)]
        struct Point<'a> {
            #[serde(borrow, default)]
            ttl: Option<wire::json::Text<'a>>,
        }
        let point: Point<'_> = raw.read().unwrap_or_default();
        let ttl = if point.ttl.is_some_and(|ttl| ttl == "1h") { Ttl::OneHour } else { Ttl::FiveMinutes };
        self.found.push(Beginning { digest: self.digest, tokens: self.size.tokens(), ttl });
    }
}

#[derive(Default)]
struct Size {
    text_bytes: usize,
    attachments: u64,
}

impl Size {
    fn tokens(&self) -> u64 {
        tokens::estimate(self.text_bytes) + self.attachments * ATTACHMENT_TOKENS
    }

    fn message(&mut self, message: &Message<'_>) {
        message.content.iter().for_each(|block| self.block(block));
    }

    fn block(&mut self, block: &ContentBlock<'_>) {
        match block {
            ContentBlock::Text(text) => self.text_bytes += text.len(),
            ContentBlock::ToolUse(call) => self.text_bytes += call.name.len() + call.input.get().len(),
            ContentBlock::ToolResult(result) => {
                for block in &result.content {
                    self.tool_result(block);
                }
            }
            ContentBlock::GuardContent(raw)
            | ContentBlock::SearchResult(raw)
            | ContentBlock::CitationsContent(raw)
            | ContentBlock::ToolAddition(raw)
            | ContentBlock::ToolRemoval(raw) => self.text_bytes += raw.get().len(),
            ContentBlock::Image(_)
            | ContentBlock::Document(_)
            | ContentBlock::Video(_)
            | ContentBlock::Audio(_) => self.attachments += 1,
            // Thinking of earlier turns is not read again.
            ContentBlock::ReasoningContent(_) | ContentBlock::CachePoint(_) => {}
        }
    }

    fn tool_result(&mut self, block: &ToolResultBlock<'_>) {
        match block {
            ToolResultBlock::Text(text) => self.text_bytes += text.len(),
            ToolResultBlock::Json(raw) | ToolResultBlock::SearchResult(raw) => {
                self.text_bytes += raw.get().len();
            }
            ToolResultBlock::Image(_) | ToolResultBlock::Document(_) | ToolResultBlock::Video(_) => {
                self.attachments += 1;
            }
        }
    }

    fn system(&mut self, block: &SystemBlock<'_>) {
        match block {
            SystemBlock::Text(text) => self.text_bytes += text.len(),
            SystemBlock::GuardContent(raw) => self.text_bytes += raw.get().len(),
            SystemBlock::CachePoint(_) => {}
        }
    }

    fn tools(&mut self, config: &ToolConfig<'_>) {
        for tool in &config.tools {
            if let Tool::ToolSpec(spec) = tool {
                self.tool(spec);
            }
        }
    }

    fn tool(&mut self, spec: &ToolSpec<'_>) {
        let description = spec.description.as_ref().map_or(0, |text| text.len());
        self.text_bytes += spec.name.len() + description + spec.input_schema.json.get().len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_count_by_length_and_attachments_flat() {
        let tokens = |body: &str| tokens_of(&Request::parse(body.as_bytes()).expect(body));
        assert_eq!(tokens(r#"{"messages":[{"role":"user","content":[{"text":"12345678"}]}]}"#), 2);
        assert_eq!(
            tokens(
                r#"{"messages":[{"role":"user","content":[{"text":"1234"},{"image":{"format":"png"}}]}],"system":[{"text":"1234"}]}"#
            ),
            2 + 1_500
        );
        let tool = r#"{"messages":[],"toolConfig":{"tools":[{"toolSpec":{"name":"abcd","inputSchema":{"json":{}}}}]}}"#;
        assert_eq!(tokens(tool), 2);
    }
}
