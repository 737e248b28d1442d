//! What the service says of a body that it cannot read: the place, and what it wants there.
//!
//! The service reads bodies with Python's pydantic, whose words these are: `max_tokens: Field required`.

use serde::de::IgnoredAny;
use serde_path_to_error::{Path, Segment};

use super::request::MessagesRequest;
use crate::json;

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The words.
    pub message: String,
    /// Whether the body is no JSON at all.
    pub is_syntax: bool,
}

impl Complaint {
    /// Reads the body once more, to learn where it went wrong.
    pub(super) fn of_body(body: &[u8], error: &json::Error) -> Self {
        // A body may have both faults, and what is no JSON at all has no shape.
        let syntax = match std::str::from_utf8(body) {
            Ok(text) => serde_json::from_str::<IgnoredAny>(text).map(drop),
            Err(_) => return Self { message: of_syntax(body, error), is_syntax: true },
        };
        match syntax {
            Ok(()) => Self { message: of_shape(body, error), is_syntax: false },
            Err(error) => Self { message: of_syntax(body, &error), is_syntax: true },
        }
    }
}

fn of_syntax(body: &[u8], error: &json::Error) -> String {
    let (line, column) = (error.line().max(1), error.column());
    let before: usize = body.split_inclusive(|byte| *byte == b'\n').take(line - 1).map(<[u8]>::len).sum();
    let at = before + column.saturating_sub(1);
    let text = error.to_string();
    let problem = text.split(" at line ").next().unwrap_or(&text);
    format!("The request body is not valid JSON: {problem}: line {line} column {column} (char {at})")
}

fn of_shape(body: &[u8], error: &json::Error) -> String {
    let mut reader = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, MessagesRequest<'_>>(&mut reader) {
        Err(error) if !is_list(body) => words(&dotted(error.path()), &error.inner().to_string()),
        _ => words("", &error.to_string()),
    }
}

fn is_list(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'[')
}

/// `messages.0.content.1`
fn dotted(path: &Path) -> String {
    let mut out = String::new();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(&name);
        // A tool without a kind is the caller's own.
        if matches!(segment, Segment::Seq { .. }) && out.strip_prefix("tools.") == Some(&name) {
            out.push_str(".custom");
        }
    }
    out
}

/// The service's words for what the reader said of the place.
fn words(place: &str, said: &str) -> String {
    let said = said.split(" at line ").next().unwrap_or(said);
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    if let Some(field) = quoted(said, "missing field `") {
        return format!("{}: Field required", below(field));
    }
    if let Some(field) = quoted(said, "unknown field `") {
        // The path ends with the field itself where the reader has come to its value.
        let place = if place == field || place.ends_with(&format!(".{field}")) {
            place.to_owned()
        } else {
            below(field)
        };
        return format!("{place}: Extra inputs are not permitted");
    }
    if let Some(variant) = quoted(said, "unknown variant `") {
        return of_variant(place, variant, said);
    }
    let wanted = said.rsplit_once("expected ").map_or("", |(_, wanted)| wanted);
    let wanted = wanted_kind(wanted);
    if place.is_empty() {
        format!("Input should be {wanted}")
    } else {
        format!("{place}: Input should be {wanted}")
    }
}

fn quoted<'s>(said: &'s str, opening: &str) -> Option<&'s str> {
    said.strip_prefix(opening)?.split('`').next()
}

fn of_variant(place: &str, variant: &str, said: &str) -> String {
    let (parent, field) = place.rsplit_once('.').unwrap_or((place, ""));
    let known = said.split('`').skip(3).step_by(2).map(|name| format!("'{name}'"));
    let mut known: Vec<String> = known.collect();
    if field == "role" && variant == "system" {
        return "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \
                \"system\" as an input message role."
            .to_owned();
    }
    if field == "type" {
        known.sort();
        return format!(
            "{parent}: Input tag '{variant}' found using 'type' does not match any of the expected tags: {}",
            known.join(", ")
        );
    }
    format!("{place}: Input should be {}", known.join(" or "))
}

fn wanted_kind(expected: &str) -> &'static str {
    match expected {
        "a string" | "a borrowed string" | "str" => "a valid string",
        "i64" | "u32" | "u64" => "a valid integer",
        "f32" | "f64" => "a valid number",
        "a boolean" => "a valid boolean",
        "a sequence" | "a string or a list of content blocks" => "a valid list",
        _ => "a valid dictionary",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let complaint = MessagesRequest::read(body.as_bytes()).expect_err(body);
        assert_eq!(complaint.message, expected, "{body}");
    }

    #[test]
    fn a_missing_field_is_named_with_its_place() {
        check("{}", "messages: Field required");
        check(r#"{"messages":[{"content":"x"}]}"#, "messages.0.role: Field required");
        check(r#"{"messages":[{"role":"user"}]}"#, "messages.0.content: Field required");
        check(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"tool_use","id":"1"}]}]}"#,
            "messages.0.content.1.tool_use.name: Field required",
        );
        check(r#"{"messages":[],"tools":[{"description":"x"}]}"#, "tools.0.custom.name: Field required");
    }

    #[test]
    fn a_wrong_kind_is_told_apart() {
        check(r#"{"messages":[],"max_tokens":"8"}"#, "max_tokens: Input should be a valid integer");
        check(r#"{"messages":[],"max_tokens":1.5}"#, "max_tokens: Input should be a valid integer");
        check(r#"{"messages":[],"temperature":"hot"}"#, "temperature: Input should be a valid number");
        check(r#"{"messages":{}}"#, "messages: Input should be a valid list");
        check(r#"{"messages":[],"system":5}"#, "system: Input should be a valid list");
        check(r#"{"messages":[],"stream":"yes"}"#, "stream: Input should be a valid boolean");
        check(r#"{"messages":[],"model":5}"#, "model: Input should be a valid string");
        check(r#"{"messages":["x"]}"#, "messages.0: Input should be a valid dictionary");
        check("[]", "Input should be a valid dictionary");
        check("5", "Input should be a valid dictionary");
    }

    #[test]
    fn what_the_service_does_not_know_is_refused() {
        check(
            r#"{"messages":[],"definitely_not_a_real_param":1}"#,
            "definitely_not_a_real_param: Extra inputs are not permitted",
        );
        check(
            r#"{"messages":[{"role":"system","content":""}]}"#,
            "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \
             \"system\" as an input message role.",
        );
        check(
            r#"{"messages":[{"role":"tool","content":""}]}"#,
            "messages.0.role: Input should be 'user' or 'assistant'",
        );
        check(
            r#"{"messages":[{"role":"user","content":[{"type":"dance"}]}]}"#,
            "messages.0.content.0: Input tag 'dance' found using 'type' does not match any of the expected tags: \
             'bash_code_execution_tool_result', 'code_execution_tool_result', 'document', 'image', 'redacted_thinking', \
             'search_result', 'server_tool_use', 'text', 'thinking', 'tool_result', 'tool_use', 'web_search_tool_result'",
        );
        check(
            r#"{"messages":[],"tool_choice":{"type":"maybe"}}"#,
            "tool_choice: Input tag 'maybe' found using 'type' does not match any of the expected tags: 'any', \
             'auto', 'none', 'tool'",
        );
    }

    #[test]
    fn what_is_no_json_is_pointed_at() {
        check("", "The request body is not valid JSON: EOF while parsing a value: line 1 column 0 (char 0)");
        check(
            "{\n  \"a\": }",
            "The request body is not valid JSON: expected value: line 2 column 8 (char 9)",
        );
        assert!(MessagesRequest::read(b"{\"a\":\"\xff\"}").expect_err("no text").is_syntax);
    }
}
