//! Which blocks a request marks for the cache to keep, and what is wrong with its marks.

use wire::anthropic::messages::{Content, MessagesRequest};
use wire::json::Raw;

use super::Refusal;
use crate::engine::prompt::Ttl;

/// Most marks of a request.
const MARKS_MAX: usize = 4;

/// Whether a request marks anything.
pub(super) fn has_any(request: &MessagesRequest<'_>) -> bool {
    request.cache_control.is_some()
        || request.tools.iter().any(|tool| tool.cache_control.is_some())
        || request.system.iter().chain(request.messages.iter().map(|message| &message.content)).any(is_marked)
}

/// How long what stands before a mark is kept.
pub(super) fn ttl(control: &Raw<'_>) -> Ttl {
    if control.get().contains("\"1h\"") { Ttl::OneHour } else { Ttl::FiveMinutes }
}

/// Refuses too many marks, and those for an hour that come after some for five minutes. The words are quoted.
pub(super) fn check(request: &MessagesRequest<'_>) -> Result<(), Refusal> {
    if !has_any(request) {
        return Ok(());
    }
    let marks = all(request);
    let found = marks.len() + usize::from(request.cache_control.is_some());
    if found > MARKS_MAX {
        return Err(Refusal(format!(
            "A maximum of {MARKS_MAX} blocks with cache_control may be provided. Found {found}."
        )));
    }
    let shorter = marks.iter().position(|(_, ttl)| *ttl == Ttl::FiveMinutes).unwrap_or(marks.len());
    match marks[shorter..].iter().find(|(_, ttl)| *ttl == Ttl::OneHour) {
        Some((place, _)) => Err(Refusal(format!(
            "{place}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control \
             block. Note that blocks are processed in the following order: `tools`, `system`, `messages`."
        ))),
        None => Ok(()),
    }
}

fn is_marked(content: &Content<'_>) -> bool {
    match content {
        Content::Text(_) => false,
        Content::Blocks(blocks) => blocks.iter().any(|block| block.cache_control().is_some()),
    }
}

/// All marked blocks, in the order in which they are read.
fn all(request: &MessagesRequest<'_>) -> Vec<(String, Ttl)> {
    let mut marks = Vec::new();
    let mut note = |place: String, control: Option<&Raw<'_>>| {
        marks.extend(control.map(|control| (place, ttl(control))));
    };
    for (index, tool) in request.tools.iter().enumerate() {
        note(format!("tools.{index}"), tool.cache_control.as_ref());
    }
    if let Some(Content::Blocks(blocks)) = &request.system {
        for (index, block) in blocks.iter().enumerate() {
            note(format!("system.{index}"), block.cache_control());
        }
    }
    for (turn, message) in request.messages.iter().enumerate() {
        let Content::Blocks(blocks) = &message.content else { continue };
        for (index, block) in blocks.iter().enumerate() {
            note(format!("messages.{turn}.content.{index}"), block.cache_control());
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(ttls: &[&str], more: &str) -> Option<String> {
        let block = |ttl: &&str| {
            format!(r#"{{"type":"text","text":"a","cache_control":{{"type":"ephemeral","ttl":"{ttl}"}}}}"#)
        };
        let blocks: Vec<String> = ttls.iter().map(block).collect();
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{}]}}]{more}}}"#, blocks.join(","));
        check(&MessagesRequest::parse(body.as_bytes()).expect("sound")).err().map(|Refusal(words)| words)
    }

    #[test]
    fn four_marks_are_taken_and_the_longer_come_first() {
        assert_eq!(refusal(&["1h", "1h", "5m", "5m"], ""), None);
        let many = "A maximum of 4 blocks with cache_control may be provided. Found 5.";
        assert_eq!(refusal(&["5m"; 5], "").as_deref(), Some(many));
        let and_one = r#","cache_control":{"type":"ephemeral"}"#;
        assert_eq!(refusal(&["5m"; 4], and_one).as_deref(), Some(many));
        let order = refusal(&["5m", "1h"], "").expect("refused");
        assert!(
            order.starts_with("messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block"),
            "{order}"
        );
    }
}
