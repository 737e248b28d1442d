//! Reads a request and refuses what the service refuses.

use std::collections::BTreeSet;

use wire::openai::diagnosis::{
    RESPONSE, diagnose, first_unknown, invalid, missing, not_with_this_model, unknown,
};
use wire::openai::error::ErrorDetail;
use wire::openai::responses::{FunctionTool, Input, InputItem, ResponsesRequest};

use super::store::Kept;
use crate::openai::chat::{decimal, function_name, integer, mentions_json, output_limit};
use crate::openai::model::Model;

type Checked = Result<(), ErrorDetail<'static>>;

/// Least tokens that an answer may be held to.
const OUTPUT_TOKENS_MIN: u32 = 16;
/// Most log probabilities in the place of one token.
const TOP_LOGPROBS_MAX: u32 = 20;

/// Reads a body and its input.
pub(super) fn read(body: &[u8]) -> Result<(ResponsesRequest<'_>, Input<'_>), ErrorDetail<'static>> {
    let unreadable = |error: wire::json::Error| {
        diagnose(body, RESPONSE).unwrap_or_else(|| {
            ErrorDetail::new(format!("Invalid request body: {error}"), "invalid_request_error")
        })
    };
    let request = ResponsesRequest::parse(body).map_err(unreadable)?;
    if let Some(name) = first_unknown(body, RESPONSE) {
        return Err(unknown(&name));
    }
    let Some(input) = request.input else { return Err(missing("input")) };
    let input = input.read().map_err(unreadable)?;
    Ok((request, input))
}

/// Checks what the request asks for against what `model` can do, and against what it carries on.
pub(super) fn check(
    request: &ResponsesRequest<'_>,
    input: &Input<'_>,
    model: &Model,
    previous: Option<&Kept>,
) -> Checked {
    numbers(request, model)?;
    tools(request)?;
    calls(input, previous)?;
    format(request, input)
}

fn numbers(request: &ResponsesRequest<'_>, model: &Model) -> Checked {
    decimal("temperature", request.temperature, 0.0, 2.0)?;
    decimal("top_p", request.top_p, 0.0, 1.0)?;
    integer("top_logprobs", request.top_logprobs, 0, TOP_LOGPROBS_MAX)?;
    integer("max_output_tokens", request.max_output_tokens, OUTPUT_TOKENS_MIN, u32::MAX)?;
    output_limit("max_output_tokens", request.max_output_tokens.unwrap_or(0), model)?;
    let effort = request.reasoning.as_ref().and_then(|reasoning| reasoning.effort.as_ref());
    let refused = [
        ("temperature", model.reasons && request.temperature.is_some_and(|value| value != 1.0)),
        ("top_p", model.reasons && request.top_p.is_some_and(|value| value != 1.0)),
        ("reasoning.effort", !model.reasons && effort.is_some()),
    ];
    match refused.into_iter().find(|(_, is_refused)| *is_refused) {
        Some((param, _)) => Err(not_with_this_model(param, "")),
        None => Ok(()),
    }
}

fn tools(request: &ResponsesRequest<'_>) -> Checked {
    for (index, tool) in request.tools.iter().enumerate() {
        let Ok(tool) = tool.read::<FunctionTool<'_>>() else { continue };
        if tool.r#type == "function" {
            let param = format!("tools[{index}].name");
            let name = tool.name.ok_or_else(|| missing(&param))?;
            function_name(&param, &name)?;
        }
    }
    Ok(())
}

/// Every result answers a call, and every call of the response that is carried on has its result.
fn calls(input: &Input<'_>, previous: Option<&Kept>) -> Checked {
    let earlier: BTreeSet<String> = previous.map(Kept::call_ids).unwrap_or_default();
    let of_kind = |kind: &'static str| {
        let items = input.items().iter().filter(move |item| item.kind() == kind);
        items.filter_map(|item| item.call_id.as_deref())
    };
    let made: BTreeSet<&str> = of_kind("function_call").chain(earlier.iter().map(String::as_str)).collect();
    let answered: BTreeSet<&str> = of_kind("function_call_output").collect();
    if let Some(id) = answered.difference(&made).next() {
        let message = format!("No tool call found for function call output with call_id {id}.");
        return Err(invalid("input", "", message));
    }
    match made.difference(&answered).next() {
        Some(id) => Err(invalid("input", "", format!("No tool output found for function call {id}."))),
        None => Ok(()),
    }
}

fn format(request: &ResponsesRequest<'_>, input: &Input<'_>) -> Checked {
    let Some(format) = request.text.as_ref().and_then(|text| text.format.as_ref()) else { return Ok(()) };
    match &*format.r#type {
        "json_schema" if format.name.is_none() => Err(missing("text.format.name")),
        "json_schema" if format.schema.is_none() => Err(missing("text.format.schema")),
        "json_object" if !speaks_of_json(request, input) => {
            let message = "Response input messages must contain the word 'json' in some form to use 'text.format' \
                           of type 'json_object'.";
            Err(invalid("input", "", message))
        }
        "text" | "json_object" | "json_schema" => Ok(()),
        other => Err(wire::openai::diagnosis::unsupported_value(
            "text.format.type",
            other,
            &["json_object", "json_schema", "text"],
        )),
    }
}

fn speaks_of_json(request: &ResponsesRequest<'_>, input: &Input<'_>) -> bool {
    let text = match input {
        Input::Text(text) => Some(text.as_str()),
        Input::Items(_) => None,
    };
    let items = input.items().iter().flat_map(InputItem::texts);
    mentions_json(text.into_iter().chain(items).chain(request.instructions.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(model: &str, fields: &str) -> Option<(String, String)> {
        let body = format!(r#"{{"model":"{model}",{fields}}}"#);
        let checked = read(body.as_bytes())
            .and_then(|(request, input)| check(&request, &input, &Model::of(model), None));
        let error = checked.err()?;
        let text = |text: Option<wire::json::Text<'_>>| text.map(|text| text.to_string()).unwrap_or_default();
        Some((text(error.param), text(error.code)))
    }

    #[track_caller]
    fn refused(model: &str, fields: &str, param: &str, code: &str) {
        assert_eq!(fault(model, fields), Some((param.to_owned(), code.to_owned())), "{fields}");
    }

    #[test]
    fn a_sound_request_passes() {
        assert_eq!(fault("gpt-4o", r#""input":"hi","temperature":0.5"#), None);
        let results = r#""input":[{"role":"user","content":"hi"},
            {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
            {"type":"function_call_output","call_id":"c","output":"x"}]"#;
        assert_eq!(fault("gpt-5", results), None);
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        refused("gpt-4o", r#""store":true"#, "input", "missing_required_parameter");
        refused("gpt-4o", r#""input":7"#, "input", "invalid_type");
        refused("gpt-4o", r#""input":"x","messages":[]"#, "messages", "unknown_parameter");
        refused(
            "gpt-4o",
            r#""input":"x","max_output_tokens":15"#,
            "max_output_tokens",
            "integer_below_min_value",
        );
        refused("gpt-5", r#""input":"x","temperature":0.2"#, "temperature", "unsupported_parameter");
        refused(
            "gpt-4o",
            r#""input":"x","reasoning":{"effort":"low"}"#,
            "reasoning.effort",
            "unsupported_parameter",
        );
        refused(
            "gpt-4o",
            r#""input":"x","tools":[{"type":"function"}]"#,
            "tools[0].name",
            "missing_required_parameter",
        );
        refused("gpt-4o", r#""input":"x","text":{"format":{"type":"json_object"}}"#, "input", "");
        let lonely = r#""input":[{"type":"function_call_output","call_id":"c","output":"x"}]"#;
        refused("gpt-4o", lonely, "input", "");
        let open = r#""input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]"#;
        refused("gpt-4o", open, "input", "");
    }
}
