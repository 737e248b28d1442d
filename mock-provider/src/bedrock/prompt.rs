//! A Converse prompt: how many tokens it has, and which of them the prompt cache holds.
//!
//! Claude's costs around texts are those of its own API; other families are taken to have the same, and no
//! prompt for tools.

use serde::Deserialize;
use wire::bedrock::converse::{
    ContentBlock, Request, Role, SystemBlock, Tool, ToolChoice, ToolConfig, ToolResultBlock,
};
use wire::bedrock::model::{Family, claude_name};
use wire::json::Raw;
use world::Instant;

use super::decide::Prompt;
use super::target::Target;
use crate::anthropic::messages::{MESSAGE_TOKENS, PROMPT_TOKENS, shortest_cached, tool_prompt};
use crate::engine::prompt::{PromptCache, Reader, Ttl};

/// What a picture, document, film or recording counts as, in tokens. Our assumption: the size of a file
/// says nothing about its tokens.
const ATTACHMENT_TOKENS: u64 = 1_500;
/// The shortest beginning that Nova's cache keeps.
const NOVA_SHORTEST: u64 = 1_000;

/// Tokens of a whole request.
pub(super) fn tokens_of(request: &Request<'_>, target: &Target<'_>) -> u64 {
    let mut reader = Reader::default();
    read(request, target, &mut reader);
    reader.tokens()
}

/// The prompt of a request that arrived at `now`. One without cache points has nothing to do with the cache.
pub(super) fn of(request: &Request<'_>, target: &Target<'_>, cache: &PromptCache, now: Instant) -> Prompt {
    if !has_cache_points(request) || !target.abilities().cache {
        return tokens_of(request, target).into();
    }
    let key = [b"converse".as_slice(), target.region.as_bytes(), target.id.as_str().as_bytes()];
    let mut reader = cache.marked(&key, shortest(target));
    read(request, target, &mut reader);
    Prompt { tokens: reader.tokens(), cached: Some(cache.look_up(&reader, now)), reader: Some(reader) }
}

fn shortest(target: &Target<'_>) -> u64 {
    match target.family {
        Family::Nova => NOVA_SHORTEST,
        _ => shortest_cached(claude_name(target.id.base())),
    }
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

/// Goes over a prompt: tools first, then the system's words, then the turns.
fn read(request: &Request<'_>, target: &Target<'_>, reader: &mut Reader) {
    reader.costs(PROMPT_TOKENS);
    if let Some(config) = &request.tool_config
        && target.family == Family::Claude
    {
        reader.costs(tool_prompt(claude_name(target.id.base()), must_call(config)));
    }
    tools(request).for_each(|one| tool(one, reader));
    request.system.iter().for_each(|block| system(block, reader));
    for message in &request.messages {
        reader.costs(MESSAGE_TOKENS);
        reader.aside(if message.role == Role::User { b"user" } else { b"assistant" });
        for one in &message.content {
            block(one, reader);
            reader.end_block();
        }
    }
}

fn must_call(config: &ToolConfig<'_>) -> bool {
    matches!(config.tool_choice, Some(ToolChoice::Any(_) | ToolChoice::Tool(_)))
}

fn mark(point: &Raw<'_>, reader: &mut Reader) {
    #[derive(Default, Deserialize)]
    struct Point<'a> {
        #[serde(borrow, default)]
        ttl: Option<wire::json::Text<'a>>,
    }
    let point: Point<'_> = point.read().unwrap_or_default();
    reader.mark(Ttl::named(point.ttl.as_deref()));
}

fn tool(tool: &Tool<'_>, reader: &mut Reader) {
    match tool {
        Tool::ToolSpec(spec) => {
            reader.text(&spec.name);
            spec.description.iter().for_each(|text| _ = reader.text(text));
            reader.text(spec.input_schema.json.get());
            reader.end_block();
        }
        Tool::CachePoint(point) => mark(point, reader),
        Tool::SystemTool(raw) => reader.aside(raw.get().as_bytes()),
    }
}

fn system(block: &SystemBlock<'_>, reader: &mut Reader) {
    match block {
        SystemBlock::Text(text) => _ = reader.text(text),
        SystemBlock::GuardContent(raw) => _ = reader.text(raw.get()),
        SystemBlock::CachePoint(point) => mark(point, reader),
    }
    reader.end_block();
}

fn block(block: &ContentBlock<'_>, reader: &mut Reader) {
    match block {
        ContentBlock::Text(text) => _ = reader.text(text),
        ContentBlock::ToolUse(call) => {
            reader.aside(call.tool_use_id.as_bytes());
            reader.text(&call.name);
            reader.text(call.input.get());
        }
        ContentBlock::ToolResult(result) => {
            reader.aside(result.tool_use_id.as_bytes());
            result.content.iter().for_each(|block| tool_result(block, reader));
        }
        ContentBlock::GuardContent(raw)
        | ContentBlock::SearchResult(raw)
        | ContentBlock::CitationsContent(raw)
        | ContentBlock::ToolAddition(raw)
        | ContentBlock::ToolRemoval(raw) => _ = reader.text(raw.get()),
        ContentBlock::Image(raw)
        | ContentBlock::Document(raw)
        | ContentBlock::Video(raw)
        | ContentBlock::Audio(raw) => reader.attachment(ATTACHMENT_TOKENS, raw.get().as_bytes()),
        ContentBlock::CachePoint(point) => mark(point, reader),
        // Thinking of earlier turns is not read again.
        ContentBlock::ReasoningContent(_) => {}
    }
}

fn tool_result(block: &ToolResultBlock<'_>, reader: &mut Reader) {
    match block {
        ToolResultBlock::Text(text) => _ = reader.text(text),
        ToolResultBlock::Json(raw) | ToolResultBlock::SearchResult(raw) => _ = reader.text(raw.get()),
        ToolResultBlock::Image(raw) | ToolResultBlock::Document(raw) | ToolResultBlock::Video(raw) => {
            reader.attachment(ATTACHMENT_TOKENS, raw.get().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tokens;

    fn counted(body: &str) -> u64 {
        let mut reader = Reader::default();
        let request = Request::parse(body.as_bytes()).expect(body);
        request.messages.iter().flat_map(|message| &message.content).for_each(|one| block(one, &mut reader));
        request.system.iter().for_each(|one| system(one, &mut reader));
        tools(&request).for_each(|one| tool(one, &mut reader));
        reader.tokens()
    }

    #[test]
    fn texts_count_as_everywhere_and_attachments_flat() {
        let text = "What is a brownout?";
        assert_eq!(
            counted(&format!(
                r#"{{"messages":[{{"role":"user","content":[{{"text":"{text}"}},{{"image":{{"format":"png"}}}}]}}],"system":[{{"text":"{text}"}}]}}"#
            )),
            2 * tokens::count(text) + 1_500
        );
        let tool = r#"{"messages":[],"toolConfig":{"tools":[{"toolSpec":{"name":"look","description":"at it","inputSchema":{"json":{}}}}]}}"#;
        assert_eq!(counted(tool), ["look", "at it", "{}"].map(tokens::count).iter().sum::<u64>());
        let thought = r#"{"messages":[{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm"}}}]}]}"#;
        assert_eq!(counted(thought), 0);
    }
}
