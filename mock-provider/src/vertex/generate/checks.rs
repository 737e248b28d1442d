//! What the service checks of a request before it asks the model.

use wire::vertex::generate_content::{
    Content, FunctionCallingMode, GenerateContentRequest, GenerationConfig, PartData, ThinkingConfig,
};

use crate::vertex::front::Failure;

/// Most answers to one request.
const CANDIDATES_MAX: u32 = 8;
/// Most stop sequences.
const STOPS_MAX: usize = 5;
/// Most log probabilities a token.
const LOGPROBS_MAX: u32 = 20;

/// Checks a request to generate content.
pub(super) fn check(body: &GenerateContentRequest<'_>, model: &str) -> Result<(), Failure> {
    check_contents(&body.contents)?;
    let is_role = |role: &str| matches!(role, "user" | "model" | "function");
    if body.contents.iter().filter_map(|content| content.role.as_deref()).any(|role| !is_role(role)) {
        return refused("Please use a valid role: user, model.");
    }
    check_calls(body, model)?;
    check_tools(body)?;
    body.generation_config.as_ref().map_or(Ok(()), |config| check_config(config, body, model))
}

/// Something is said, and nobody says nothing.
pub(super) fn check_contents(contents: &[Content<'_>]) -> Result<(), Failure> {
    if contents.is_empty() {
        return Err(Failure::Parameter("at least one contents field is required.".to_owned()));
    }
    if contents.iter().any(|content| content.parts.is_empty()) {
        return Err(Failure::Parameter("it must include at least one parts field.".to_owned()));
    }
    Ok(())
}

/// The longest answer of a model, in tokens.
pub(super) fn max_output_tokens(model: &str) -> u32 {
    if model.starts_with("gemini-2.0") { 8_192 } else { 65_536 }
}

/// Whether a model thinks before it answers.
pub(super) fn thinks(model: &str) -> bool {
    !model.starts_with("gemini-2.0") && !model.contains("image")
}

fn refused<T>(message: &'static str) -> Result<T, Failure> {
    Err(Failure::invalid(message))
}

/// Every turn that calls functions is followed by one with as many responses.
fn check_calls(body: &GenerateContentRequest<'_>, model: &str) -> Result<(), Failure> {
    let mut called = 0;
    for (position, content) in body.contents.iter().enumerate() {
        let (calls, responses) = (count_calls(content), count_responses(content));
        if responses > 0 && called == 0 {
            return refused(
                "Please ensure that function response turn comes immediately after a function call turn.",
            );
        }
        if responses != called {
            return refused(
                "Please ensure that the number of function response parts is equal to the number of function \
                 call parts of the function call turn.",
            );
        }
        if calls > 0 && position == 0 {
            return refused(
                "Please ensure that function call turn comes immediately after a user turn or after a function \
                 response turn.",
            );
        }
        if calls > 0 && model.starts_with("gemini-3") {
            check_signature(content, position)?;
        }
        called = calls;
    }
    Ok(())
}

/// The first call of a turn carries the signature of the thought behind it.
fn check_signature(content: &Content<'_>, position: usize) -> Result<(), Failure> {
    let unsigned = content.parts.iter().find_map(|part| match &part.data {
        PartData::FunctionCall(call) => Some((call, part.thought_signature.is_none())),
        _ => None,
    });
    match unsigned {
        Some((call, true)) => Err(Failure::Parameter(format!(
            "function call `{}` in the {}. content block is missing a `thought_signature`.",
            call.name,
            position + 1
        ))),
        _ => Ok(()),
    }
}

fn count_calls(content: &Content<'_>) -> usize {
    content.parts.iter().filter(|part| matches!(part.data, PartData::FunctionCall(_))).count()
}

/// How many results of functions a turn brings.
pub(super) fn count_responses(content: &Content<'_>) -> usize {
    content.parts.iter().filter(|part| matches!(part.data, PartData::FunctionResponse(_))).count()
}

fn check_tools(body: &GenerateContentRequest<'_>) -> Result<(), Failure> {
    let calling = body.tool_config.as_ref().and_then(|config| config.function_calling_config.as_ref());
    let Some(calling) = calling.filter(|calling| !calling.allowed_function_names.is_empty()) else {
        return Ok(());
    };
    if !matches!(calling.mode, Some(FunctionCallingMode::Any | FunctionCallingMode::Validated)) {
        return refused(
            "Allowed function names should be set only when function calling mode is ANY or VALIDATED.",
        );
    }
    let is_declared = |name: &str| {
        body.tools.iter().flat_map(|tool| &tool.function_declarations).any(|declared| *declared.name == *name)
    };
    match calling.allowed_function_names.iter().find(|name| !is_declared(name)) {
        Some(name) => Err(Failure::Parameter(format!(
            "allowed_function_names contains `{name}`, which is not one of the function_declarations."
        ))),
        None => Ok(()),
    }
}

fn check_config(
    config: &GenerationConfig<'_>,
    body: &GenerateContentRequest<'_>,
    model: &str,
) -> Result<(), Failure> {
    check_numbers(config, model)?;
    if config.stop_sequences.len() > STOPS_MAX {
        let found = config.stop_sequences.len();
        return out_of_range("stopSequences", &found, "from 0 (inclusive) to 6 (exclusive)");
    }
    if config.logprobs.is_some() && config.response_logprobs != Some(true) {
        return refused("logprobs can only be set when response_logprobs is true.");
    }
    let mime_type = config.response_mime_type.as_deref().unwrap_or("text/plain");
    if !matches!(mime_type, "" | "text/plain" | "application/json" | "text/x.enum") {
        return Err(Failure::Parameter(format!(
            "the response_mime_type `{mime_type}` is not supported: use text/plain, application/json or \
             text/x.enum."
        )));
    }
    let declares = body.tools.iter().any(|tool| !tool.function_declarations.is_empty());
    if declares && mime_type == "application/json" && !model.starts_with("gemini-3") {
        return refused("Function calling with a response mime type: 'application/json' is unsupported");
    }
    config.thinking_config.as_ref().map_or(Ok(()), |thinking| check_thinking(thinking, model))
}

fn check_numbers(config: &GenerationConfig<'_>, model: &str) -> Result<(), Failure> {
    let end = max_output_tokens(model) + 1;
    if let Some(tokens) = config.max_output_tokens.filter(|tokens| !(1..end).contains(tokens)) {
        return out_of_range("maxOutputTokens", &tokens, &format!("from 1 (inclusive) to {end} (exclusive)"));
    }
    if let Some(count) = config.candidate_count.filter(|count| !(1..=CANDIDATES_MAX).contains(count)) {
        return out_of_range("candidateCount", &count, "from 1 (inclusive) to 9 (exclusive)");
    }
    if let Some(count) = config.logprobs.filter(|count| !(1..=LOGPROBS_MAX).contains(count)) {
        return out_of_range("logprobs", &count, "from 1 (inclusive) to 21 (exclusive)");
    }
    if let Some(value) = config.temperature.filter(|value| !(0.0..=2.0).contains(value)) {
        return out_of_range("temperature", &value, "from 0 (inclusive) to 2.0 (inclusive)");
    }
    if let Some(value) = config.top_p.filter(|value| !(0.0..=1.0).contains(value)) {
        return out_of_range("topP", &value, "from 0 (inclusive) to 1.0 (inclusive)");
    }
    for (name, value) in
        [("presencePenalty", config.presence_penalty), ("frequencyPenalty", config.frequency_penalty)]
    {
        if let Some(value) = value.filter(|value| !(-2.0..2.0).contains(value)) {
            return out_of_range(name, &value, "from -2.0 (inclusive) to 2.0 (exclusive)");
        }
    }
    Ok(())
}

fn check_thinking(thinking: &ThinkingConfig<'_>, model: &str) -> Result<(), Failure> {
    let is_used = thinking.thinking_budget.is_some_and(|budget| budget != 0)
        || thinking.thinking_level.is_some()
        || thinking.include_thoughts == Some(true);
    if is_used && !thinks(model) {
        return Err(Failure::Parameter("thinking is not supported by this model.".to_owned()));
    }
    if thinking.thinking_budget.is_some() && thinking.thinking_level.is_some() {
        return refused("You can only set only one of thinking budget and thinking level.");
    }
    let (least, most, may_be_off) = match model {
        _ if model.contains("pro") => (128, 32_768, false),
        _ if model.contains("lite") => (512, 24_576, true),
        _ => (1, 24_576, true),
    };
    match thinking.thinking_budget {
        None | Some(-1) => Ok(()),
        Some(0) if may_be_off => Ok(()),
        Some(budget) if (least..=most).contains(&budget) => Ok(()),
        Some(budget) => Err(Failure::invalid(format!(
            "The thinking budget {budget} is invalid. Please choose a value between {least} and {most}."
        ))),
    }
}

fn out_of_range(name: &str, value: &dyn std::fmt::Display, range: &str) -> Result<(), Failure> {
    Err(Failure::Parameter(format!(
        "it has a {name} value of {value} but the supported range is {range}. Update the value and try again."
    )))
}
