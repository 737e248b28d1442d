//! The sentences in which the service finds fault with a parameter.

use std::fmt::Display;

use crate::openai::error::ErrorDetail;

const INVALID_REQUEST: &str = "invalid_request_error";

fn about(param: &str, code: &'static str, message: String) -> ErrorDetail<'static> {
    let detail = ErrorDetail::new(message, INVALID_REQUEST).with_param(param.to_owned());
    if code.is_empty() { detail } else { detail.with_code(code) }
}

/// A parameter that is not there.
pub fn missing(param: &str) -> ErrorDetail<'static> {
    about(param, "missing_required_parameter", format!("Missing required parameter: '{param}'."))
}

/// A parameter that nobody knows.
pub fn unknown(param: &str) -> ErrorDetail<'static> {
    about(param, "unknown_parameter", format!("Unknown parameter: '{param}'."))
}

/// A value of another type; both with their article, as in `a string`.
pub fn invalid_type(param: &str, expected: &str, got: &str) -> ErrorDetail<'static> {
    let message = format!("Invalid type for '{param}': expected {expected}, but got {got} instead.");
    about(param, "invalid_type", message)
}

/// A value that is none of those there are.
pub fn unsupported_value(param: &str, value: &str, supported: &[&str]) -> ErrorDetail<'static> {
    let message = format!("Invalid value: '{value}'. Supported values are: {}.", listed(supported));
    about(param, "invalid_value", message)
}

/// A number beyond a bound. `kind` is `integer` or `decimal`; `is_above` says which bound.
pub fn out_of_range(
    param: &str,
    kind: &str,
    is_above: bool,
    bound: &dyn Display,
    value: &dyn Display,
) -> ErrorDetail<'static> {
    let (place, relation) = if is_above { ("above maximum", "<=") } else { ("below minimum", ">=") };
    let code = match (kind, is_above) {
        ("integer", true) => "integer_above_max_value",
        ("integer", false) => "integer_below_min_value",
        (_, true) => "decimal_above_max_value",
        (_, false) => "decimal_below_min_value",
    };
    let message = format!(
        "Invalid '{param}': {kind} {place} value. Expected a value {relation} {bound}, but got {value} instead."
    );
    about(param, code, message)
}

/// A list or a text that is too long. `kind` is `array` or `string`.
pub fn too_long(param: &str, kind: &str, most: usize, length: usize) -> ErrorDetail<'static> {
    let (article, code) = match kind {
        "array" => ("an", "array_above_max_length"),
        _ => ("a", "string_above_max_length"),
    };
    let message = format!(
        "Invalid '{param}': {kind} too long. Expected {article} {kind} with maximum length {most}, but got \
         {article} {kind} with length {length} instead."
    );
    about(param, code, message)
}

/// A parameter that this model does not take; `hint` follows as it is.
pub fn not_with_this_model(param: &str, hint: &str) -> ErrorDetail<'static> {
    let message = format!("Unsupported parameter: '{param}' is not supported with this model.{hint}");
    about(param, "unsupported_parameter", message)
}

/// A parameter that makes sense only where another is.
pub fn only_with(param: &str, condition: &str) -> ErrorDetail<'static> {
    about(param, "", format!("The '{param}' parameter is only allowed when {condition}."))
}

/// Any other fault of a parameter; no code where `code` is empty.
pub fn invalid(param: &str, code: &'static str, message: impl Into<String>) -> ErrorDetail<'static> {
    about(param, code, message.into())
}

/// `'a', 'b', and 'c'`
fn listed(values: &[&str]) -> String {
    match values {
        [] => String::new(),
        [one] => format!("'{one}'"),
        [one, two] => format!("'{one}' and '{two}'"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(|value| format!("'{value}'")).collect();
            format!("{}, and '{last}'", most.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_names_its_parameter() {
        let check = |detail: ErrorDetail<'_>, param: &str, code: Option<&str>, message: &str| {
            assert_eq!(detail.param.as_deref(), Some(param));
            assert_eq!(detail.code.as_deref(), code);
            assert_eq!(&*detail.message, message);
        };
        check(
            out_of_range("temperature", "decimal", true, &2, &3.5),
            "temperature",
            Some("decimal_above_max_value"),
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3.5 instead.",
        );
        check(
            too_long("stop", "array", 4, 5),
            "stop",
            Some("array_above_max_length"),
            "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length 5 instead.",
        );
        check(
            unsupported_value("messages[0].role", "robot", &["system", "user", "tool"]),
            "messages[0].role",
            Some("invalid_value"),
            "Invalid value: 'robot'. Supported values are: 'system', 'user', and 'tool'.",
        );
        check(
            only_with("stream_options", "'stream' is enabled"),
            "stream_options",
            None,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        );
    }
}
