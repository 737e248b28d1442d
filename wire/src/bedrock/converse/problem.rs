//! What the service finds wrong with a well-formed Converse request, in its own words.

use super::content::{ContentBlock, Role};
use super::request::{InferenceConfig, Request, Tool};
use crate::bedrock::error::text;

pub(super) fn of_request(request: &Request<'_>) -> Option<String> {
    let values = request.inference_config.as_ref().map(inference_problems).unwrap_or_default();
    let problems: Vec<String> = values.into_iter().chain(tool_problems(request)).collect();
    if !problems.is_empty() {
        return Some(detected(&problems));
    }
    conversation_problem(request)
}

/// The service counts all violated constraints before it looks at the conversation.
fn detected(problems: &[String]) -> String {
    let noun = if problems.len() == 1 { "error" } else { "errors" };
    format!("{} validation {noun} detected: {}", problems.len(), problems.join("; "))
}

fn violated(value: &str, path: &str, constraint: &str) -> String {
    format!("Value '{value}' at '{path}' failed to satisfy constraint: Member must {constraint}")
}

fn inference_problems(config: &InferenceConfig<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(tokens) = config.max_tokens.filter(|tokens| *tokens < 1) {
        let constraint = "have value greater than or equal to 1";
        problems.push(violated(&tokens.to_string(), "inferenceConfig.maxTokens", constraint));
    }
    let shares =
        [("inferenceConfig.temperature", config.temperature), ("inferenceConfig.topP", config.top_p)];
    for (path, value) in shares {
        let Some(value) = value.filter(|value| !(0.0..=1.0).contains(value)) else { continue };
        let bound = if value > 1.0 { "less than or equal to 1" } else { "greater than or equal to 0" };
        problems.push(violated(&format!("{value:?}"), path, &format!("have value {bound}")));
    }
    if config.stop_sequences.len() > 2500 {
        let constraint = "have length less than or equal to 2500";
        problems.push(violated("[…]", "inferenceConfig.stopSequences", constraint));
    }
    problems
}

fn tool_problems(request: &Request<'_>) -> impl Iterator<Item = String> {
    let tools = request.tool_config.iter().flat_map(|config| &config.tools).enumerate();
    tools.filter_map(|(index, tool)| {
        let Tool::ToolSpec(spec) = tool else { return None };
        let path = format!("toolConfig.tools.{}.member.toolSpec.name", index + 1);
        (!is_tool_name(&spec.name)).then(|| {
            violated(
                &spec.name,
                &path,
                "satisfy regular expression pattern: [a-zA-Z0-9_-]+ and have length 1 to 64",
            )
        })
    })
}

fn is_tool_name(name: &str) -> bool {
    let of_pattern = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(of_pattern)
}

fn conversation_problem(request: &Request<'_>) -> Option<String> {
    match request.messages.first() {
        Some(first) if first.role != Role::Assistant => empty_content(request),
        _ => Some(text::MUST_START_WITH_USER.to_owned()),
    }
}

fn empty_content(request: &Request<'_>) -> Option<String> {
    for (index, message) in request.messages.iter().enumerate() {
        if message.content.is_empty() {
            return Some(format!(
                "The content field in the Message object at messages.{index} is empty. Add a ContentBlock object to the content field and try again."
            ));
        }
        let blank = |block: &ContentBlock<'_>| block.as_text().is_some_and(str::is_empty);
        if let Some(block) = message.content.iter().position(blank) {
            return Some(format!(
                "The text field in the ContentBlock object at messages.{index}.content.{block} is blank. Add text to the text field, and try again."
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &str) -> Option<String> {
        Request::parse(body.as_bytes()).unwrap().problem()
    }

    #[test]
    fn a_sound_request_has_no_problem() {
        let body = r#"{"messages":[{"role":"user","content":[{"text":"Hi"}]}],"inferenceConfig":{"maxTokens":1,"topP":1,"temperature":0}}"#;
        assert_eq!(problem(body), None);
    }

    #[test]
    fn all_violated_constraints_are_named_at_once() {
        let body = r#"{"messages":[],"inferenceConfig":{"maxTokens":0,"temperature":1.5}}"#;
        assert_eq!(
            problem(body).unwrap(),
            "2 validation errors detected: Value '0' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '1.5' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1"
        );
    }

    #[test]
    fn tool_names_have_a_pattern() {
        let body = r#"{"messages":[],"toolConfig":{"tools":[{"toolSpec":{"name":"a b","inputSchema":{"json":{}}}}]}}"#;
        assert!(problem(body).unwrap().contains("Value 'a b' at 'toolConfig.tools.1.member.toolSpec.name'"));
    }

    #[test]
    fn the_user_begins_and_says_something() {
        assert_eq!(problem(r#"{"messages":[]}"#).unwrap(), text::MUST_START_WITH_USER);
        let assistant = r#"{"messages":[{"role":"assistant","content":[{"text":"Hi"}]}]}"#;
        assert_eq!(problem(assistant).unwrap(), text::MUST_START_WITH_USER);
        assert!(
            problem(r#"{"messages":[{"role":"user","content":[]}]}"#)
                .unwrap()
                .contains("messages.0 is empty")
        );
        let blank = r#"{"messages":[{"role":"user","content":[{"text":""}]}]}"#;
        assert!(problem(blank).unwrap().contains("messages.0.content.0 is blank"));
    }
}
