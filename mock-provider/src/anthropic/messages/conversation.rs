//! What is wrong with the turns of a conversation.

use wire::anthropic::messages::{Content, ContentBlock, Message, MessagesRequest, Role};

use super::Refusal;
use super::request::Model;

type Checked = Result<(), Refusal>;

/// Places at which a request may say that the cache ends.
const CACHE_MARKS_MAX: usize = 4;
const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Checks turns, their blocks, and that every call of a tool has its result.
pub(super) fn check(request: &MessagesRequest<'_>, model: &Model<'_>) -> Checked {
    let messages = &request.messages;
    match messages.first() {
        None => return refuse("messages: at least one message is required"),
        Some(first) if first.role != Role::User => {
            return refuse("messages: first message must use the \"user\" role");
        }
        Some(_) => {}
    }
    if let Some(system) = &request.system {
        texts(system, "system")?;
    }
    for (index, message) in messages.iter().enumerate() {
        let is_last = index + 1 == messages.len();
        said(index, message, is_last)?;
        let previous = index.checked_sub(1).and_then(|previous| messages.get(previous));
        results(index, message, previous)?;
        calls(index, message, messages.get(index + 1))?;
        if !is_last {
            served(index, message)?;
        }
    }
    ending(messages, model)?;
    cache_marks(request)
}

fn refuse(message: impl Into<String>) -> Checked {
    Err(Refusal::new(message))
}

fn said(index: usize, message: &Message<'_>, is_last: bool) -> Checked {
    let is_empty = match &message.content {
        Content::Text(text) => text.is_empty(),
        Content::Blocks(blocks) => blocks.is_empty(),
    };
    if is_empty {
        return if is_last && message.role == Role::Assistant {
            Ok(())
        } else {
            refuse(format!(
                "messages.{index}: all messages must have non-empty content except for the optional final assistant \
                 message"
            ))
        };
    }
    texts(&message.content, "messages")?;
    for (place, block) in blocks(message).iter().enumerate() {
        if let ContentBlock::Image { source, .. } = block {
            picture(&format!("messages.{index}.content.{place}.image.source"), source.get())?;
        }
    }
    Ok(())
}

fn texts(content: &Content<'_>, place: &str) -> Checked {
    for text in content.texts() {
        if text.is_empty() {
            return refuse(format!("{place}: text content blocks must be non-empty"));
        }
        if text.trim().is_empty() {
            return refuse(format!("{place}: text content blocks must contain non-whitespace text"));
        }
    }
    Ok(())
}

fn picture(place: &str, source: &str) -> Checked {
    let source: serde_json::Value = serde_json::from_str(source).unwrap_or_default();
    let text = |key: &str| source.get(key).and_then(serde_json::Value::as_str);
    match text("type") {
        Some("base64") => {
            if !text("media_type").is_some_and(|kind| PICTURES.contains(&kind)) {
                return refuse(format!(
                    "{place}.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
                ));
            }
            if text("data").is_none() {
                return refuse(format!("{place}.base64.data: Field required"));
            }
            Ok(())
        }
        Some("url") if text("url").is_none() => refuse(format!("{place}.url.url: Field required")),
        Some("file") if text("file_id").is_none() => refuse(format!("{place}.file.file_id: Field required")),
        Some("url" | "file") => Ok(()),
        Some(other) => refuse(format!(
            "{place}: Input tag '{other}' found using 'type' does not match any of the expected tags: 'base64', \
             'file', 'url'"
        )),
        None => refuse(format!("{place}: Unable to extract tag using discriminator 'type'")),
    }
}

/// Every call of a tool has its result in the next turn.
fn calls(index: usize, message: &Message<'_>, next: Option<&Message<'_>>) -> Checked {
    let answered: Vec<&str> = next.map(blocks).unwrap_or_default().iter().filter_map(result_id).collect();
    let open: Vec<&str> =
        blocks(message).iter().filter_map(call_id).filter(|id| !answered.contains(id)).collect();
    if open.is_empty() {
        return Ok(());
    }
    refuse(format!(
        "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each \
         `tool_use` block must have a corresponding `tool_result` block in the next message.",
        open.join(", ")
    ))
}

/// Every use of the service's own tools has its result in the same turn, but in one that is to be continued. The
/// words are quoted in part.
fn served(index: usize, message: &Message<'_>) -> Checked {
    let blocks = blocks(message);
    let is_answered = |id: &str| blocks.iter().any(|block| used_id(block) == Some(id));
    for block in blocks {
        if let ContentBlock::ServerToolUse { id, name, .. } = block
            && !is_answered(id)
        {
            return refuse(format!(
                "messages.{index}: `{name}` tool use with id `{id}` was found without a corresponding \
                 `{name}_tool_result` block"
            ));
        }
    }
    Ok(())
}

/// Of which use of the service's own tools a block is the result.
fn used_id<'m>(block: &'m ContentBlock<'_>) -> Option<&'m str> {
    match block {
        ContentBlock::WebSearchToolResult(result)
        | ContentBlock::CodeExecutionToolResult(result)
        | ContentBlock::BashCodeExecutionToolResult(result) => Some(&result.tool_use_id),
        _ => None,
    }
}

/// Every result is of a call in the turn before.
fn results(index: usize, message: &Message<'_>, previous: Option<&Message<'_>>) -> Checked {
    let called: Vec<&str> = previous.map(blocks).unwrap_or_default().iter().filter_map(call_id).collect();
    for (place, block) in blocks(message).iter().enumerate() {
        if let Some(id) = result_id(block).filter(|id| !called.contains(id)) {
            return refuse(format!(
                "messages.{index}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
                 `tool_result` block must have a corresponding `tool_use` block in the previous message."
            ));
        }
    }
    Ok(())
}

fn call_id<'m>(block: &'m ContentBlock<'_>) -> Option<&'m str> {
    match block {
        ContentBlock::ToolUse { id, .. } => Some(id),
        _ => None,
    }
}

fn result_id<'m>(block: &'m ContentBlock<'_>) -> Option<&'m str> {
    match block {
        ContentBlock::ToolResult { tool_use_id, .. } => Some(tool_use_id),
        _ => None,
    }
}

fn blocks<'m, 'a>(message: &'m Message<'a>) -> &'m [ContentBlock<'a>] {
    match &message.content {
        Content::Text(_) => &[],
        Content::Blocks(blocks) => blocks,
    }
}

/// A turn of the assistant that comes last is one to be continued.
fn ending(messages: &[Message<'_>], model: &Model<'_>) -> Checked {
    let Some(last) = messages.last().filter(|last| last.role == Role::Assistant) else { return Ok(()) };
    let is_paused = |block: &ContentBlock<'_>| {
        matches!(block, ContentBlock::ServerToolUse { .. }) || used_id(block).is_some()
    };
    if blocks(last).last().is_some_and(is_paused) {
        return Ok(());
    }
    if !model.takes_prefill {
        return refuse(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        );
    }
    if last.content.texts().last().is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return refuse("messages: final assistant content cannot end with trailing whitespace");
    }
    Ok(())
}

fn cache_marks(request: &MessagesRequest<'_>) -> Checked {
    let of_content = |content: &Content<'_>| match content {
        Content::Text(_) => 0,
        Content::Blocks(blocks) => blocks.iter().filter(|block| block.cache_control().is_some()).count(),
    };
    let in_tools = request.tools.iter().filter(|tool| tool.cache_control.is_some()).count();
    let contents = request.messages.iter().map(|message| &message.content).chain(&request.system);
    let found = in_tools + contents.map(of_content).sum::<usize>();
    if found > CACHE_MARKS_MAX {
        return refuse(format!(
            "A maximum of {CACHE_MARKS_MAX} blocks with cache_control may be provided. Found {found}."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::request::refusal;

    #[track_caller]
    fn check(model: &str, messages: &str, expected: &str) {
        let body = format!(r#"{{"model":"{model}","max_tokens":9,"messages":[{messages}]}}"#);
        assert_eq!(
            refusal(&body, model).as_deref(),
            (!expected.is_empty()).then_some(expected),
            "{messages}"
        );
    }

    const OLD: &str = "claude-sonnet-4-5";
    const ASK: &str = r#"{"role":"user","content":"hi"}"#;
    const CALL: &str =
        r#"{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"look","input":{}}]}"#;

    fn result(id: &str) -> String {
        format!(
            r#"{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{id}","content":"blue"}}]}}"#
        )
    }

    #[test]
    fn somebody_says_something() {
        check(OLD, "", "messages: at least one message is required");
        check(
            OLD,
            r#"{"role":"assistant","content":"hi"}"#,
            "messages: first message must use the \"user\" role",
        );
        check(
            OLD,
            r#"{"role":"user","content":""}"#,
            "messages.0: all messages must have non-empty content except for the optional final assistant message",
        );
        check(
            OLD,
            r#"{"role":"user","content":[{"type":"text","text":""}]}"#,
            "messages: text content blocks must be non-empty",
        );
        check(
            OLD,
            r#"{"role":"user","content":" \n"}"#,
            "messages: text content blocks must contain non-whitespace text",
        );
        check(OLD, &format!("{ASK},{ASK}"), "");
    }

    #[test]
    fn calls_and_results_are_pairs() {
        check(OLD, &format!("{ASK},{CALL},{}", result("toolu_1")), "");
        check(
            OLD,
            &format!("{ASK},{CALL},{ASK}"),
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each \
             `tool_use` block must have a corresponding `tool_result` block in the next message.",
        );
        check(
            OLD,
            &format!("{ASK},{CALL},{}", result("toolu_2")),
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each \
             `tool_use` block must have a corresponding `tool_result` block in the next message.",
        );
        check(
            OLD,
            &result("toolu_1"),
            "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each \
             `tool_result` block must have a corresponding `tool_use` block in the previous message.",
        );
    }

    #[test]
    fn a_turn_that_was_paused_may_be_continued_by_any_model() {
        let used = r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"#;
        let result = r#"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}"#;
        let turn = |blocks: &str| format!(r#"{ASK},{{"role":"assistant","content":[{blocks}]}}"#);
        for model in [OLD, "claude-opus-5"] {
            check(model, &turn(used), "");
            check(model, &turn(&format!("{used},{result}")), "");
            check(model, &format!("{},{ASK}", turn(&format!("{used},{result}"))), "");
            check(
                model,
                &format!("{},{ASK}", turn(used)),
                "messages.1: `web_search` tool use with id `srvtoolu_1` was found without a corresponding \
                 `web_search_tool_result` block",
            );
        }
    }

    #[test]
    fn a_turn_may_be_continued_by_older_models() {
        let begun = format!(r#"{ASK},{{"role":"assistant","content":"The answer is"}}"#);
        check(OLD, &begun, "");
        check(
            "claude-opus-5",
            &begun,
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        );
        check(
            OLD,
            &begun.replace("is\"", "is \""),
            "messages: final assistant content cannot end with trailing whitespace",
        );
    }

    #[test]
    fn pictures_are_of_known_kinds() {
        let picture =
            |source: &str| format!(r#"{{"role":"user","content":[{{"type":"image","source":{source}}}]}}"#);
        check(OLD, &picture(r#"{"type":"base64","media_type":"image/png","data":"AAAA"}"#), "");
        check(OLD, &picture(r#"{"type":"url","url":"https://x/y.png"}"#), "");
        check(
            OLD,
            &picture(r#"{"type":"base64","media_type":"image/bmp","data":"AAAA"}"#),
            "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', \
             'image/gif' or 'image/webp'",
        );
        check(
            OLD,
            &picture(r#"{"type":"fax"}"#),
            "messages.0.content.0.image.source: Input tag 'fax' found using 'type' does not match any of the expected \
             tags: 'base64', 'file', 'url'",
        );
    }

    #[test]
    fn the_cache_has_four_marks() {
        let block = r#"{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}"#;
        let marked =
            |count: usize| format!(r#"{{"role":"user","content":[{}]}}"#, vec![block; count].join(","));
        check(OLD, &marked(4), "");
        check(OLD, &marked(5), "A maximum of 4 blocks with cache_control may be provided. Found 5.");
    }
}
