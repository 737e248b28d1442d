//! The text of the last user turn, in whichever dialect a body is written.

use serde_json::Value;

/// The text of the last turn of the user's that has any, its parts joined by line ends. A turn that only
/// brings results of tools has none.
pub(super) fn last_user_text(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let turns = ["messages", "contents", "input"].iter().find_map(|key| body.get(key)?.as_array());
    if let Some(turns) = turns {
        let of_user = |turn: &&Value| turn.get("role").is_none_or(|role| role == "user");
        return turns.iter().rev().filter(of_user).find_map(turn_text);
    }
    // Models that take one text instead of turns.
    ["prompt", "input", "inputText"].iter().find_map(|key| text_of(body.get(key)?))
}

fn turn_text(turn: &Value) -> Option<String> {
    text_of(turn.get("content").or_else(|| turn.get("parts")).unwrap_or(turn))
}

/// A string, or the texts of a list of parts; none where there is none.
fn text_of(content: &Value) -> Option<String> {
    let text = match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str()));
            texts.collect::<Vec<_>>().join("\n")
        }
        part => part.get("text")?.as_str()?.to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_turn_with_text_is_found_in_every_dialect() {
        for body in [
            r#"{"messages":[{"role":"user","content":"no"},{"role":"assistant","content":"no"},{"role":"user","content":"yes"}]}"#,
            r#"{"messages":[{"role":"user","content":[{"text":"yes"}]},{"role":"assistant","content":[{"toolUse":{}}]},{"role":"user","content":[{"toolResult":{}}]}]}"#,
            r#"{"messages":[{"role":"user","content":[{"type":"image"},{"type":"text","text":"yes"}]},{"role":"tool","content":"no"}],"system":"no"}"#,
            r#"{"contents":[{"role":"user","parts":[{"text":"yes"}]},{"role":"model","parts":[{"text":"no"}]}]}"#,
            r#"{"contents":[{"parts":[{"text":"yes"}]}]}"#,
            r#"{"input":"yes"}"#,
            r#"{"input":[{"role":"developer","content":"no"},{"role":"user","content":[{"type":"input_text","text":"yes"}]},{"type":"function_call_output","output":"no"}]}"#,
            r#"{"prompt":"yes"}"#,
            r#"{"inputText":"yes"}"#,
        ] {
            assert_eq!(last_user_text(body.as_bytes()).as_deref(), Some("yes"), "{body}");
        }
        let two = r#"{"messages":[{"role":"user","content":[{"text":"a"},{"text":"b"}]}]}"#;
        assert_eq!(last_user_text(two.as_bytes()).as_deref(), Some("a\nb"));
        for body in ["", "[]", "{}", r#"{"messages":[]}"#, r#"{"messages":"x"}"#] {
            assert_eq!(last_user_text(body.as_bytes()), None, "{body}");
        }
    }
}
