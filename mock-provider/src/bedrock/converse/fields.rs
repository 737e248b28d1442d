//! `additionalModelResponseFieldPaths`: what a request wants to see of the model's own answer.

use serde_json::{Map, Value, json};
use wire::bedrock::converse::Request;
use wire::bedrock::model::{Family, claude_name};

use super::super::decide::Decided;
use super::super::target::Target;
use super::stop_reason;
use crate::engine::reply::Stop;

/// The members asked for that the answer has, in JSON; none when the request asks for none. Each stands where
/// its pointer says.
pub(super) fn of(request: &Request<'_>, target: &Target<'_>, decided: &Decided<'_>) -> Option<String> {
    let paths = &request.additional_model_response_field_paths;
    if paths.is_empty() {
        return None;
    }
    let own = own_answer(target, decided);
    let mut fields = Value::Object(Map::new());
    for path in paths {
        if let Some(value) = own.pointer(path) {
            place(&mut fields, path, value.clone());
        }
    }
    Some(fields.to_string())
}

/// The model's own answer, without its content.
fn own_answer(target: &Target<'_>, decided: &Decided<'_>) -> Value {
    let usage = &decided.usage;
    let stop = decided.reply.stop();
    match target.family {
        Family::Claude => json!({
            "type": "message",
            "role": "assistant",
            "model": claude_name(target.id.base()),
            "stop_reason": stop_reason(stop).as_str(),
            "stop_sequence": match stop {
                Stop::StopSequence(sequence) => Some(sequence),
                _ => None,
            },
            "usage": { "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens },
        }),
        Family::Nova => json!({
            "stopReason": stop_reason(stop).as_str(),
            "usage": usage,
        }),
        _ => json!({}),
    }
}

/// Puts `value` where `path` says.
fn place(root: &mut Value, path: &str, value: Value) {
    let mut place = root;
    for token in path.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let Value::Object(members) = place else { return };
        place = members.entry(token).or_insert_with(|| Value::Object(Map::new()));
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_stands_where_its_pointer_says() {
        let mut root = json!({});
        place(&mut root, "/usage/input_tokens", json!(7));
        place(&mut root, "/stop_sequence", json!("END"));
        place(&mut root, "/usage/output_tokens", json!(2));
        assert_eq!(root, json!({"usage":{"input_tokens":7,"output_tokens":2},"stop_sequence":"END"}));
        place(&mut root, "/stop_sequence/deeper", json!(1));
        assert_eq!(root["stop_sequence"], "END");
    }
}
