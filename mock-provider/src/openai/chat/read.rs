//! Reads a request and refuses what the service refuses.

use wire::openai::chat::{ChatRequest, Message, Role};
use wire::openai::diagnosis::{
    CHAT, diagnose, first_unknown, invalid, missing, not_with_this_model, only_with, out_of_range, too_long,
};
use wire::openai::error::ErrorDetail;

use crate::openai::model::Model;

type Checked = Result<(), ErrorDetail<'static>>;

/// Most stop texts.
const STOPS_MAX: usize = 4;
/// Most answers.
const CHOICES_MAX: u32 = 128;
/// Most log probabilities in the place of one token.
const TOP_LOGPROBS_MAX: u32 = 20;
/// Most functions.
const TOOLS_MAX: usize = 128;
/// Longest name of a function.
const NAME_MAX: usize = 64;

/// Reads a body.
///
/// # Errors
/// What is wrong with it, in the service's words.
pub(crate) fn read(body: &[u8]) -> Result<ChatRequest<'_>, ErrorDetail<'static>> {
    ChatRequest::parse(body).map_err(|error| {
        diagnose(body, CHAT).unwrap_or_else(|| {
            ErrorDetail::new(format!("Invalid request body: {error}"), "invalid_request_error")
        })
    })
}

/// Refuses a body with fields that nobody knows.
pub(crate) fn refuse_unknown(body: &[u8]) -> Checked {
    match first_unknown(body, CHAT) {
        None => Ok(()),
        Some(name) => {
            let message = format!("Unrecognized request argument supplied: {name}");
            Err(ErrorDetail::new(message, "invalid_request_error"))
        }
    }
}

/// Checks what the request asks for against what `model` can do.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn check(request: &ChatRequest<'_>, model: &Model) -> Checked {
    messages(&request.messages)?;
    numbers(request)?;
    lengths(request, model)?;
    if model.reasons {
        no_knobs(request)?;
    } else if request.reasoning_effort.is_some() {
        return Err(not_with_this_model("reasoning_effort", ""));
    }
    tools(request)?;
    format(request)
}

fn messages(messages: &[Message<'_>]) -> Checked {
    if messages.is_empty() {
        let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty \
                       array instead.";
        return Err(invalid("messages", "empty_array", message));
    }
    for (index, message) in messages.iter().enumerate() {
        said(index, message)?;
        answered(index, messages)?;
    }
    Ok(())
}

/// Everybody but an assistant that calls tools must say something.
fn said(index: usize, message: &Message<'_>) -> Checked {
    if message.role == Role::Tool && message.tool_call_id.is_none() {
        return Err(missing(&format!("messages[{index}].tool_call_id")));
    }
    if message.content.is_none() && message.tool_calls.is_empty() {
        let param = format!("messages.[{index}].content");
        return Err(invalid(&param, "", "Invalid value for 'content': expected a string, got null."));
    }
    Ok(())
}

/// A tool's message answers a call; every call is answered before anybody else speaks.
fn answered(index: usize, messages: &[Message<'_>]) -> Checked {
    let message = &messages[index];
    let earlier = &messages[..index];
    if message.role == Role::Tool {
        let asked = earlier.iter().rfind(|message| message.role != Role::Tool);
        let id = message.tool_call_id.as_ref();
        let is_asked = asked.is_some_and(|asked| asked.tool_calls.iter().any(|call| Some(&call.id) == id));
        let message = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message \
                       with 'tool_calls'.";
        return if is_asked {
            Ok(())
        } else {
            Err(invalid(&format!("messages.[{index}].role"), "", message))
        };
    }
    let answers: Vec<_> = messages[index + 1..]
        .iter()
        .take_while(|message| message.role == Role::Tool)
        .filter_map(|message| message.tool_call_id.as_ref())
        .collect();
    let open: Vec<&str> = message
        .tool_calls
        .iter()
        .filter(|call| !answers.contains(&&call.id))
        .map(|call| call.id.as_str())
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
         'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Err(invalid(&format!("messages.[{}].role", index + 1), "", message))
}

fn numbers(request: &ChatRequest<'_>) -> Checked {
    decimal("temperature", request.temperature, 0.0, 2.0)?;
    decimal("top_p", request.top_p, 0.0, 1.0)?;
    decimal("presence_penalty", request.presence_penalty, -2.0, 2.0)?;
    decimal("frequency_penalty", request.frequency_penalty, -2.0, 2.0)?;
    integer("n", request.n, 1, CHOICES_MAX)?;
    integer("top_logprobs", request.top_logprobs, 0, TOP_LOGPROBS_MAX)?;
    integer("max_tokens", request.max_tokens, 1, u32::MAX)?;
    integer("max_completion_tokens", request.max_completion_tokens, 1, u32::MAX)?;
    if request.top_logprobs.is_some() && request.logprobs != Some(true) {
        return Err(only_with("top_logprobs", "'logprobs' is enabled"));
    }
    if request.stream_options.is_some() && !request.is_streamed() {
        return Err(only_with("stream_options", "'stream' is enabled"));
    }
    match &request.stop {
        Some(stop) if stop.sequences().len() > STOPS_MAX => {
            Err(too_long("stop", "array", STOPS_MAX, stop.sequences().len()))
        }
        _ => Ok(()),
    }
}

pub(in crate::openai) fn decimal(param: &str, value: Option<f64>, least: f64, most: f64) -> Checked {
    match value {
        Some(value) if value > most => Err(out_of_range(param, "decimal", true, &most, &value)),
        Some(value) if value < least => Err(out_of_range(param, "decimal", false, &least, &value)),
        _ => Ok(()),
    }
}

pub(in crate::openai) fn integer(param: &str, value: Option<u32>, least: u32, most: u32) -> Checked {
    match value {
        Some(value) if value > most => Err(out_of_range(param, "integer", true, &most, &value)),
        Some(value) if value < least => Err(out_of_range(param, "integer", false, &least, &value)),
        _ => Ok(()),
    }
}

fn lengths(request: &ChatRequest<'_>, model: &Model) -> Checked {
    if request.max_tokens.is_some() && request.max_completion_tokens.is_some() {
        let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(invalid("max_tokens", "invalid_parameter_combination", message));
    }
    if model.reasons && request.max_tokens.is_some() {
        return Err(not_with_this_model("max_tokens", " Use 'max_completion_tokens' instead."));
    }
    let (param, value) = match request.max_tokens {
        Some(value) => ("max_tokens", value),
        None => ("max_completion_tokens", request.max_completion_tokens.unwrap_or(0)),
    };
    output_limit(param, value, model)
}

/// Refuses to make answers longer than the model can.
pub(in crate::openai) fn output_limit(param: &str, value: u32, model: &Model) -> Checked {
    if value <= model.output {
        return Ok(());
    }
    let message = format!(
        "{param} is too large: {value}. This model supports at most {} completion tokens, whereas you provided \
         {value}.",
        model.output
    );
    Err(invalid(param, "invalid_value", message))
}

/// Models that think take no other sampling than their own.
fn no_knobs(request: &ChatRequest<'_>) -> Checked {
    only_default("temperature", request.temperature, 1.0)?;
    only_default("top_p", request.top_p, 1.0)?;
    only_default("presence_penalty", request.presence_penalty, 0.0)?;
    only_default("frequency_penalty", request.frequency_penalty, 0.0)?;
    for (param, is_set) in [
        ("logprobs", request.logprobs == Some(true)),
        ("top_logprobs", request.top_logprobs.is_some()),
        ("stop", request.stop.is_some()),
    ] {
        if is_set {
            return Err(not_with_this_model(param, ""));
        }
    }
    Ok(())
}

/// Refuses any value but the one that the model has anyway.
fn only_default(param: &str, value: Option<f64>, default: f64) -> Checked {
    match value {
        Some(value) if value != default => {
            let message = format!(
                "Unsupported value: '{param}' does not support {value} with this model. Only the default \
                 ({default}) value is supported."
            );
            Err(invalid(param, "unsupported_value", message))
        }
        _ => Ok(()),
    }
}

fn tools(request: &ChatRequest<'_>) -> Checked {
    use wire::openai::chat::ToolChoice;
    for (param, is_set) in [
        ("tool_choice", !matches!(request.tool_choice, None | Some(ToolChoice::None))),
        ("parallel_tool_calls", request.parallel_tool_calls.is_some()),
    ] {
        if is_set && request.tools.is_empty() {
            let message =
                format!("Invalid value for '{param}': '{param}' is only allowed when 'tools' are specified.");
            return Err(invalid(param, "", message));
        }
    }
    if request.tools.len() > TOOLS_MAX {
        return Err(too_long("tools", "array", TOOLS_MAX, request.tools.len()));
    }
    for (index, tool) in request.tools.iter().enumerate() {
        function_name(&format!("tools[{index}].function.name"), &tool.function.name)?;
    }
    match &request.tool_choice {
        Some(ToolChoice::Function(name)) if request.tools.iter().all(|tool| tool.function.name != *name) => {
            let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
            Err(invalid("tool_choice", "", message))
        }
        _ => Ok(()),
    }
}

/// Refuses names that are no names.
pub(in crate::openai) fn function_name(param: &str, name: &str) -> Checked {
    if name.len() > NAME_MAX {
        return Err(too_long(param, "string", NAME_MAX, name.len()));
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        let message = format!(
            "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern \
             '^[a-zA-Z0-9_-]+$'."
        );
        return Err(invalid(param, "invalid_value", message));
    }
    Ok(())
}

fn format(request: &ChatRequest<'_>) -> Checked {
    let Some(format) = &request.response_format else { return Ok(()) };
    match &*format.r#type {
        "json_schema" if format.json_schema.is_none() => Err(missing("response_format.json_schema")),
        "json_object" if !mentions_json(request.messages.iter().flat_map(Message::texts)) => {
            let message = "'messages' must contain the word 'json' in some form, to use 'response_format' of \
                           type 'json_object'.";
            Err(invalid("messages", "", message))
        }
        "text" | "json_object" | "json_schema" => Ok(()),
        other => Err(wire::openai::diagnosis::unsupported_value(
            "response_format.type",
            other,
            &["json_object", "json_schema", "text"],
        )),
    }
}

/// Whether any of the texts speaks of JSON: a model that is not told so may write white space for ever.
pub(in crate::openai) fn mentions_json<'t>(mut texts: impl Iterator<Item = &'t str>) -> bool {
    texts.any(|text| text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(model: &str, fields: &str) -> Option<(String, String, String)> {
        let body = format!(r#"{{"model":"{model}"{fields}}}"#);
        let text = |text: Option<wire::json::Text<'_>>| text.map(|text| text.to_string()).unwrap_or_default();
        let checked = read(body.as_bytes()).and_then(|request| check(&request, &Model::of(model)));
        let error = checked.err()?;
        Some((text(error.param), text(error.code), error.message.to_string()))
    }

    const HI: &str = r#","messages":[{"role":"user","content":"hi"}]"#;
    const TOOL: &str = r#""tools":[{"type":"function","function":{"name":"look"}}]"#;

    #[track_caller]
    fn refused(model: &str, fields: &str, param: &str, code: &str) {
        let found = fault(model, &format!("{HI},{fields}"));
        let found = found.map(|(param, code, _)| (param, code));
        assert_eq!(found, Some((param.to_owned(), code.to_owned())), "{fields}");
    }

    #[test]
    fn a_sound_request_passes() {
        assert_eq!(fault("gpt-4o", HI), None);
        let full = format!(
            "{HI},{TOOL},\"tool_choice\":\"auto\",\"parallel_tool_calls\":false,\"temperature\":2,\"n\":2,\
             \"stop\":[\"a\"],\"logprobs\":true,\"top_logprobs\":2,\"max_tokens\":16384,\"stream\":true,\
             \"stream_options\":{{\"include_usage\":true}}"
        );
        assert_eq!(fault("gpt-4o", &full), None);
        assert_eq!(fault("gpt-5", &format!("{HI},\"max_completion_tokens\":9,\"temperature\":1")), None);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        refused("gpt-4o", "\"temperature\":2.1", "temperature", "decimal_above_max_value");
        refused("gpt-4o", "\"top_p\":-0.1", "top_p", "decimal_below_min_value");
        refused("gpt-4o", "\"n\":0", "n", "integer_below_min_value");
        refused("gpt-4o", "\"n\":129", "n", "integer_above_max_value");
        refused("gpt-4o", "\"max_tokens\":0", "max_tokens", "integer_below_min_value");
        refused("gpt-4o", "\"max_tokens\":16385", "max_tokens", "invalid_value");
        refused("gpt-4o", "\"max_tokens\":\"9\"", "max_tokens", "invalid_type");
        refused("gpt-4o", "\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "stop", "array_above_max_length");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        refused("gpt-4o", "\"top_logprobs\":2", "top_logprobs", "");
        refused("gpt-4o", "\"stream_options\":{}", "stream_options", "");
        refused("gpt-4o", "\"tool_choice\":\"auto\"", "tool_choice", "");
        let named = format!(r#"{TOOL},"tool_choice":{{"type":"function","function":{{"name":"hear"}}}}"#);
        refused("gpt-4o", &named, "tool_choice", "");
        refused("gpt-4o", r#""response_format":{"type":"json_object"}"#, "messages", "");
        let missing = "missing_required_parameter";
        let format = r#""response_format":{"type":"json_schema"}"#;
        refused("gpt-4o", format, "response_format.json_schema", missing);
        let name = r#""tools":[{"type":"function","function":{"name":"a b"}}]"#;
        refused("gpt-4o", name, "tools[0].function.name", "invalid_value");
    }

    #[test]
    fn thinking_models_take_no_knobs() {
        refused("gpt-5", "\"max_tokens\":9", "max_tokens", "unsupported_parameter");
        refused("o3", "\"temperature\":0.5", "temperature", "unsupported_value");
        refused("o4-mini", "\"logprobs\":true", "logprobs", "unsupported_parameter");
        refused("gpt-4o", "\"reasoning_effort\":\"low\"", "reasoning_effort", "unsupported_parameter");
    }

    #[test]
    fn conversations_must_make_sense() {
        let param = |messages: &str| {
            fault("gpt-4o", &format!(",\"messages\":[{messages}]")).map(|(param, _, _)| param)
        };
        let call = r#"{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
        let answer = r#"{"role":"tool","tool_call_id":"c1","content":"x"}"#;
        assert_eq!(param(&format!("{call},{answer}")), None);
        assert_eq!(param("").as_deref(), Some("messages"));
        assert_eq!(param(answer).as_deref(), Some("messages.[0].role"));
        assert_eq!(param(call).as_deref(), Some("messages.[1].role"));
        assert_eq!(param(r#"{"role":"user"}"#).as_deref(), Some("messages.[0].content"));
        assert_eq!(param(r#"{"role":"tool","content":"x"}"#).as_deref(), Some("messages[0].tool_call_id"));
    }

    #[test]
    fn a_field_of_another_api_is_not_overlooked() {
        let error = refuse_unknown(br#"{"model":"m","system":"s"}"#).expect_err("unknown");
        assert_eq!(&*error.message, "Unrecognized request argument supplied: system");
        assert_eq!(refuse_unknown(br#"{"model":"m"}"#), Ok(()));
    }
}
