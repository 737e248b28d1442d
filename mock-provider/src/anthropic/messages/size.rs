//! How many tokens a prompt has, as the model reads it: tools, instructions, turns.
//!
//! Texts count as everywhere in this mock. What is counted around them is the service's own:
//!
//! - A lone message of one token is told as 8, and the documented count of "You are a scientist" with "Hello, Claude"
//!   is 14: seven beside the texts, of which four are taken to be the message's.
//! - Tools bring a prompt of the service's, whose length its page on tool use lists by model and choice; so do
//!   the service's own tools.

use wire::anthropic::messages::{
    Content, ContentBlock, MessagesRequest, Role, Tool, ToolChoice, ToolChoiceType,
};
use wire::json::Raw;

use super::marks;
use crate::engine::prompt::{Reader, Ttl};

/// What a prompt has beside its messages.
pub(crate) const PROMPT_TOKENS: u64 = 3;
/// What a message has beside its text.
pub(crate) const MESSAGE_TOKENS: u64 = 4;
/// What a picture or document counts as, in tokens. Our assumption: the size of a file says nothing about
/// its tokens.
const ATTACHMENT_TOKENS: u64 = 1_500;
/// The prompt that comes with tools, by a part of the model's name: when the model is free to call, when it must.
const TOOL_PROMPTS: [(&str, [u64; 2]); 4] = [
    ("claude-3-opus", [530, 281]),
    ("claude-3-sonnet", [159, 235]),
    ("claude-3-haiku", [264, 340]),
    ("claude-3-5-haiku", [264, 340]),
];
const USUAL_TOOL_PROMPT: [u64; 2] = [346, 313];
/// The service's own tools, by the beginning of their type.
const OWN_TOOLS: [(&str, u64); 3] = [("bash_", 245), ("text_editor_", 700), ("computer_", 735)];
/// The shortest beginnings that the cache keeps, by a part of the model's name; of others [`USUAL_SHORTEST`].
/// Documented and measured by users until July 2026.
const SHORTEST: [(&str, u64); 12] = [
    ("opus-5", 512),
    ("fable-5", 512),
    ("mythos-5", 512),
    ("mythos-preview", 2_048),
    ("opus-4-7", 2_048),
    ("opus-4-6", 4_096),
    ("opus-4-5", 4_096),
    ("haiku-4-5", 4_096),
    ("3-haiku", 2_048),
    ("3-5-haiku", 2_048),
    ("haiku-3", 2_048),
    ("haiku-4", 4_096),
];
const USUAL_SHORTEST: u64 = 1_024;

/// The shortest beginning of a prompt that the cache of `model` keeps, in tokens.
pub(crate) fn shortest_cached(model: &str) -> u64 {
    SHORTEST.iter().find(|(part, _)| model.contains(part)).map_or(USUAL_SHORTEST, |(_, tokens)| *tokens)
}

/// Tokens of the prompt that comes with tools: where the model must call one, and where it need not.
pub(crate) fn tool_prompt(model: &str, must_call: bool) -> u64 {
    let known = TOOL_PROMPTS.iter().find(|(part, _)| model.contains(part));
    known.map_or(USUAL_TOOL_PROMPT, |(_, tokens)| *tokens)[usize::from(must_call)]
}

/// Goes over the prompt of a request to `model`.
pub(super) fn read(request: &MessagesRequest<'_>, model: &str, reader: &mut Reader) {
    reader.costs(PROMPT_TOKENS);
    if !request.tools.is_empty() {
        reader.costs(tool_prompt(model, request.tool_choice.as_ref().is_some_and(must_call)));
    }
    for one in &request.tools {
        tool(one, reader);
        mark(one.cache_control.as_ref(), reader);
    }
    request.system.iter().for_each(|system| content(system, reader));
    for message in &request.messages {
        reader.costs(MESSAGE_TOKENS);
        reader.aside(if message.role == Role::User { b"user" } else { b"assistant" });
        content(&message.content, reader);
    }
    if let Some(control) = &request.cache_control {
        reader.mark(Ttl::named(control.ttl.as_deref()));
    }
}

fn must_call(choice: &ToolChoice<'_>) -> bool {
    matches!(choice.r#type, ToolChoiceType::Any | ToolChoiceType::Tool)
}

fn mark(control: Option<&Raw<'_>>, reader: &mut Reader) {
    if let Some(control) = control {
        reader.mark(marks::ttl(control));
    }
}

fn tool(tool: &Tool<'_>, reader: &mut Reader) {
    let own = tool.r#type.as_deref().and_then(|kind| OWN_TOOLS.iter().find(|(own, _)| kind.starts_with(own)));
    if let Some((kind, tokens)) = own {
        reader.attachment(*tokens, kind.as_bytes());
    } else {
        reader.text(&tool.name);
        tool.description.iter().for_each(|text| _ = reader.text(text));
        tool.input_schema.iter().for_each(|schema| _ = reader.text(schema.get()));
    }
    reader.end_block();
}

fn content(content: &Content<'_>, reader: &mut Reader) {
    match content {
        Content::Text(text) => {
            reader.text(text);
            reader.end_block();
        }
        Content::Blocks(blocks) => blocks.iter().for_each(|one| {
            block(one, reader);
            reader.end_block();
            mark(one.cache_control(), reader);
        }),
    }
}

fn block(block: &ContentBlock<'_>, reader: &mut Reader) {
    match block {
        ContentBlock::Text { text, .. } => _ = reader.text(text),
        ContentBlock::ToolUse { id, name, input, .. }
        | ContentBlock::ServerToolUse { id, name, input, .. } => {
            reader.aside(id.as_bytes());
            reader.text(name);
            reader.text(input.get());
        }
        ContentBlock::ToolResult { tool_use_id, content: result, .. } => {
            reader.aside(tool_use_id.as_bytes());
            result.iter().for_each(|result| within(result, reader));
        }
        ContentBlock::WebSearchToolResult(result)
        | ContentBlock::CodeExecutionToolResult(result)
        | ContentBlock::BashCodeExecutionToolResult(result) => {
            reader.aside(result.tool_use_id.as_bytes());
            reader.text(result.content.get());
        }
        ContentBlock::SearchResult { title, content: found, .. } => {
            reader.text(title);
            within(found, reader);
        }
        ContentBlock::Image { source, .. } | ContentBlock::Document { source, .. } => {
            reader.attachment(ATTACHMENT_TOKENS, source.get().as_bytes());
        }
        // Thinking of earlier turns is not read again.
        ContentBlock::Thinking { .. } | ContentBlock::RedactedThinking { .. } => {}
    }
}

/// Content within a block, which is all one block.
fn within(content: &Content<'_>, reader: &mut Reader) {
    match content {
        Content::Text(text) => _ = reader.text(text),
        Content::Blocks(blocks) => blocks.iter().for_each(|one| block(one, reader)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::prompt::{Cached, PromptCache};
    use world::{Instant, Seed};

    const MODEL: &str = "claude-sonnet-4-5-20250929";

    fn counted(body: &str) -> u64 {
        let mut reader = Reader::default();
        read(&MessagesRequest::parse(body.as_bytes()).expect(body), MODEL, &mut reader);
        reader.tokens()
    }

    #[test]
    fn a_prompt_costs_what_the_service_says_it_does() {
        assert_eq!(counted(r#"{"messages":[{"role":"user","content":"Hi"}]}"#), 8);
        let documented =
            r#"{"system":"You are a scientist","messages":[{"role":"user","content":"Hello, Claude"}]}"#;
        assert_eq!(counted(documented), 14);
        let picture = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image","source":{}}]}]}"#;
        assert_eq!(counted(picture), 8 + 1_500);
    }

    #[test]
    fn tools_bring_a_prompt_of_the_services_own() {
        let with =
            |more: &str| counted(&format!(r#"{{"messages":[{{"role":"user","content":"Hi"}}]{more}}}"#));
        let tools = r#","tools":[{"name":"look","input_schema":{}}]"#;
        let own = with(tools) - 8 - 346;
        assert!((2..5).contains(&own), "{own} tokens for a tool and its empty schema");
        assert_eq!(with(&format!(r#"{tools},"tool_choice":{{"type":"any"}}"#)), 8 + 313 + own);
        assert_eq!(with(r#","tools":[{"name":"bash","type":"bash_20250124"}]"#), 8 + 346 + 245);
        assert_eq!([tool_prompt("claude-3-haiku-20240307", false), tool_prompt(MODEL, true)], [264, 313]);
    }

    #[test]
    fn what_is_marked_is_read_by_the_same_model_with_the_same_beginning() {
        let cache = PromptCache::new(Seed(1));
        let ask = |model: &str, words: usize, rest: &str, ttl: &str| {
            let marked = " water".repeat(words);
            let body = format!(
                r#"{{"system":[{{"type":"text","text":"{marked}","cache_control":{{"type":"ephemeral"{ttl}}}}}],"messages":[{{"role":"user","content":"{rest}"}}]}}"#
            );
            let request = MessagesRequest::parse(body.as_bytes()).expect("sound");
            assert!(marks::has_any(&request));
            let mut reader = cache.marked(&[model.as_bytes()], shortest_cached(model));
            read(&request, model, &mut reader);
            let cached = cache.look_up(&reader, Instant::ZERO);
            cache.keep(&reader, Instant::ZERO, std::time::Duration::ZERO);
            cached
        };
        let wrote = |written_5m, written_1h| Cached { read: 0, written_5m, written_1h };
        assert_eq!(ask(MODEL, 1_020, "a", ""), wrote(0, 0), "1,023 tokens");
        assert_eq!(ask(MODEL, 2_000, "a", ""), wrote(2_003, 0));
        assert_eq!(ask(MODEL, 2_000, "b", ""), Cached { read: 2_003, ..Cached::default() });
        assert_eq!(ask("claude-haiku-4-5", 2_000, "b", ""), wrote(0, 0), "it keeps 4,096 and more");
        assert_eq!(ask("claude-haiku-4-5", 5_000, "b", r#","ttl":"1h""#), wrote(0, 5_003));
    }
}
