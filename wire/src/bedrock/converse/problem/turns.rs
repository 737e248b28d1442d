//! Conversations that make no sense: who begins, who follows whom, and which calls are answered.

use super::super::content::{ContentBlock, Message, Role};
use super::super::request::Request;
use crate::bedrock::error::text;

pub(super) fn problem(request: &Request<'_>) -> Option<String> {
    match request.messages.first() {
        Some(first) if first.role != Role::Assistant => {}
        _ => return Some(text::MUST_START_WITH_USER.to_owned()),
    }
    empty_content(&request.messages)
        .or_else(|| alternation(&request.messages))
        .or_else(|| tools_without_config(request))
        .or_else(|| unanswered(&request.messages))
}

fn empty_content(messages: &[Message<'_>]) -> Option<String> {
    for (index, message) in messages.iter().enumerate() {
        if message.content.is_empty() {
            return Some(format!(
                "The content field in the Message object at messages.{index} is empty. Add a ContentBlock object to the content field and try again."
            ));
        }
        let blank = |block: &ContentBlock<'_>| block.as_text().is_some_and(|text| text.trim().is_empty());
        if let Some(block) = message.content.iter().position(blank) {
            return Some(format!(
                "The text field in the ContentBlock object at messages.{index}.content.{block} is blank. Add text to the text field, and try again."
            ));
        }
    }
    None
}

/// Instructions may stand anywhere; what is between them takes turns.
fn alternation(messages: &[Message<'_>]) -> Option<String> {
    let mut speakers = messages.iter().map(|message| message.role).filter(|role| *role != Role::System);
    let mut last = speakers.next()?;
    for role in speakers {
        if role == last {
            return Some(
                "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again."
                    .to_owned(),
            );
        }
        last = role;
    }
    None
}

fn tools_without_config(request: &Request<'_>) -> Option<String> {
    let is_tool =
        |block: &ContentBlock<'_>| matches!(block, ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_));
    let is_used = request.messages.iter().flat_map(|message| &message.content).any(is_tool);
    (is_used && request.tool_config.is_none()).then(|| {
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.".to_owned()
    })
}

/// Every call of a turn is answered by the next one, and nothing else is.
fn unanswered(messages: &[Message<'_>]) -> Option<String> {
    let mut calls: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let results: Vec<&str> = message.content.iter().filter_map(result_id).collect();
        if let Some(id) = results.iter().find(|id| !calls.contains(id)) {
            return Some(if results.len() > calls.len() {
                format!(
                    "The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse blocks of previous turn."
                )
            } else {
                format!(
                    "The toolUseId {id} at messages.{index}.content does not match any toolUse block of previous turn."
                )
            });
        }
        calls.retain(|call| !results.contains(call));
        if !calls.is_empty() && message.role == Role::User {
            return Some(format!(
                "Expected toolResult blocks at messages.{index}.content for the following Ids: {}",
                calls.join(", ")
            ));
        }
        calls.extend(message.content.iter().filter_map(call_id));
    }
    None
}

fn call_id<'a>(block: &'a ContentBlock<'_>) -> Option<&'a str> {
    match block {
        ContentBlock::ToolUse(call) => Some(&call.tool_use_id),
        _ => None,
    }
}

fn result_id<'a>(block: &'a ContentBlock<'_>) -> Option<&'a str> {
    match block {
        ContentBlock::ToolResult(result) => Some(&result.tool_use_id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem;
    use crate::bedrock::error::text;

    #[test]
    fn the_user_begins_and_says_something() {
        assert_eq!(problem(r#"{"messages":[]}"#).unwrap(), text::MUST_START_WITH_USER);
        let assistant = r#"{"messages":[{"role":"assistant","content":[{"text":"Hi"}]}]}"#;
        assert_eq!(problem(assistant).unwrap(), text::MUST_START_WITH_USER);
        let empty = r#"{"messages":[{"role":"user","content":[]}]}"#;
        assert!(problem(empty).unwrap().contains("messages.0 is empty"));
        let blank = r#"{"messages":[{"role":"user","content":[{"text":" "}]}]}"#;
        assert!(problem(blank).unwrap().contains("messages.0.content.0 is blank"));
    }

    fn conversation(turns: &[(&str, &str)], tools: bool) -> Option<String> {
        let turns: Vec<_> = turns
            .iter()
            .map(|(role, content)| format!(r#"{{"role":"{role}","content":[{content}]}}"#))
            .collect();
        let config = r#","toolConfig":{"tools":[{"toolSpec":{"name":"t","inputSchema":{"json":{}}}}]}"#;
        problem(&format!(r#"{{"messages":[{}]{}}}"#, turns.join(","), if tools { config } else { "" }))
    }

    const TEXT: &str = r#"{"text":"Hi"}"#;
    const CALL: &str = r#"{"toolUse":{"toolUseId":"a","name":"t","input":{}}}"#;
    const RESULT: &str = r#"{"toolResult":{"toolUseId":"a","content":[{"text":"1"}]}}"#;
    const OTHER: &str = r#"{"toolResult":{"toolUseId":"b","content":[{"text":"1"}]}}"#;

    #[test]
    fn turns_alternate() {
        let twice = conversation(&[("user", TEXT), ("user", TEXT)], false).unwrap();
        assert!(twice.starts_with("A conversation must alternate between user and assistant roles."));
        assert_eq!(conversation(&[("user", TEXT), ("system", TEXT), ("assistant", TEXT)], false), None);
    }

    #[test]
    fn calls_are_answered_in_the_next_turn() {
        let good = [("user", TEXT), ("assistant", CALL), ("user", RESULT)];
        assert_eq!(conversation(&good, true), None);
        assert!(conversation(&good, false).unwrap().starts_with("The toolConfig field must be defined"));
        for (last, expected) in [
            (TEXT, "Expected toolResult blocks at messages.2.content for the following Ids: a"),
            (
                OTHER,
                "The toolUseId b at messages.2.content does not match any toolUse block of previous turn.",
            ),
        ] {
            let found = conversation(&[("user", TEXT), ("assistant", CALL), ("user", last)], true);
            assert_eq!(found.unwrap(), expected);
        }
        let uncalled = conversation(&[("user", RESULT)], true).unwrap();
        assert_eq!(
            uncalled,
            "The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous turn."
        );
    }
}
