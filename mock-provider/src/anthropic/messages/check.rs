//! What is wrong with a request, in the model's words. The first thing found is the one that is told.
//!
//! The words follow errors that users have published; those of rare cases are our guess.

use std::collections::BTreeSet;

use wire::anthropic::catalogue::Thinking as Ways;
use wire::anthropic::messages::{
    MessagesRequest, OutputFormat, Thinking, ThinkingType, Tool, ToolChoiceType,
};

use super::request::Model;
use super::{Home, Refusal, cited, conversation, marks};

type Checked = Result<(), Refusal>;

const THINKING_GUIDE: &str = "Please consult our documentation at \
     https://docs.claude.com/en/docs/build-with-claude/extended-thinking";

/// Checks a request for an answer.
pub(super) fn all(request: &MessagesRequest<'_>, model: &Model<'_>, home: Home) -> Checked {
    max_tokens(request, model)?;
    sampling(request, model)?;
    prompt(request, model, home)
}

/// Checks all but what the answer is to be like.
pub(super) fn prompt(request: &MessagesRequest<'_>, model: &Model<'_>, home: Home) -> Checked {
    if let Some(tier) = &request.service_tier
        && !matches!(tier.as_str(), "auto" | "standard_only")
    {
        return refuse("service_tier: Input should be 'auto' or 'standard_only'");
    }
    conversation::check(request, model)?;
    marks::check(request)?;
    tools(&request.tools, model, home)?;
    tool_choice(request)?;
    if let Some(asked) = &request.thinking {
        thinking(asked, request, model)?;
    }
    output(request)?;
    cited::check(request)
}

fn refuse(message: impl Into<String>) -> Checked {
    Err(Refusal::new(message))
}

fn max_tokens(request: &MessagesRequest<'_>, model: &Model<'_>) -> Checked {
    match request.max_tokens {
        None => refuse("max_tokens: Field required"),
        Some(asked) if asked < 1 => refuse("max_tokens: Input should be greater than or equal to 1"),
        Some(asked) if asked > i64::from(model.max_tokens) => refuse(format!(
            "max_tokens: {asked} > {}, which is the maximum allowed number of output tokens for {}",
            model.max_tokens, model.name
        )),
        Some(_) => Ok(()),
    }
}

fn sampling(request: &MessagesRequest<'_>, model: &Model<'_>) -> Checked {
    if request.temperature.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        return refuse("temperature: range: 0..1");
    }
    if request.top_p.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        return refuse("top_p: range: 0..1");
    }
    if request.top_k.is_some_and(|value| value < 0) {
        return refuse("top_k: Input should be greater than or equal to 0");
    }
    if model.thinking == Ways::Adaptive && request.temperature.is_some_and(|value| value != 1.0) {
        return refuse("`temperature` is deprecated for this model.");
    }
    if request.stop_sequences.iter().any(|stop| stop.trim().is_empty()) {
        return refuse("stop_sequences: each stop sequence must contain non-whitespace");
    }
    Ok(())
}

fn tools(tools: &[Tool<'_>], model: &Model<'_>, home: Home) -> Checked {
    let mut names = BTreeSet::new();
    for (index, tool) in tools.iter().enumerate() {
        if !names.insert(tool.name.as_str()) {
            return refuse("tools: Tool names must be unique.");
        }
        if tool.is_custom() {
            custom_tool(index, tool)?;
        } else {
            own_tool(index, tool, model, home)?;
        }
    }
    Ok(())
}

/// The beginnings of the kinds of tools that the caller runs, and whose use is the model's own.
const CALLERS: [&str; 8] = [
    "bash_",
    "text_editor_",
    "computer_",
    "browser_",
    "memory_",
    "tool_search_tool_",
    "mcp_toolset",
    "advisor_",
];
/// Those of tools that the service runs, which Bedrock does not; of them Vertex AI runs the first search.
const SERVICES: [&str; 3] = ["web_search_", "web_fetch_", "code_execution_"];
const FIRST_SEARCH: &str = "web_search_20250305";

/// A tool of the service's own: one that there is here, asked for in its form. The tags that are told are those of
/// published answers.
fn own_tool(index: usize, tool: &Tool<'_>, model: &Model<'_>, home: Home) -> Checked {
    let kind = tool.r#type.as_deref().unwrap_or_default();
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| kind.starts_with(beginning));
    let is_run = match home {
        Home::Direct => begins(&SERVICES),
        Home::Vertex => kind == FIRST_SEARCH,
        Home::Bedrock => false,
    };
    if !is_run && !begins(&CALLERS) {
        let search = if home == Home::Bedrock { String::new() } else { format!(", '{FIRST_SEARCH}'") };
        return refuse(format!(
            "tools.{index}: Input tag '{kind}' found using 'type' does not match any of the expected tags: \
             'bash_20250124', 'custom', 'text_editor_20250124', 'text_editor_20250429', 'text_editor_20250728'{search}"
        ));
    }
    if is_run && model.thinking == Ways::Never {
        return refuse(format!("'{}' does not support tool types: {kind}.", model.name));
    }
    if !is_run {
        return Ok(());
    }
    let name = kind.rsplit_once('_').map_or(kind, |(name, _)| name);
    if tool.name != name {
        return refuse(format!("tools.{index}.{kind}.name: Input should be '{name}'"));
    }
    if tool.max_uses.is_some_and(|most| most < 1) {
        return refuse(format!("tools.{index}.{kind}.max_uses: Input should be greater than 0"));
    }
    if !tool.allowed_domains.is_empty() && !tool.blocked_domains.is_empty() {
        return refuse(format!(
            "tools.{index}.{kind}: Only one of `allowed_domains` and `blocked_domains` may be specified"
        ));
    }
    Ok(())
}

fn custom_tool(index: usize, tool: &Tool<'_>) -> Checked {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if tool.name.is_empty() || tool.name.len() > 128 || !tool.name.bytes().all(is_plain) {
        return refuse(format!(
            "tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        ));
    }
    let Some(schema) = tool.input_schema else {
        return refuse(format!("tools.{index}.custom.input_schema: Field required"));
    };
    let Ok(serde_json::Value::Object(schema)) = serde_json::from_str(schema.get()) else {
        return refuse(format!("tools.{index}.custom.input_schema: Input should be a valid dictionary"));
    };
    match schema.get("type").and_then(serde_json::Value::as_str) {
        Some("object") => Ok(()),
        Some(_) => refuse(format!("tools.{index}.custom.input_schema.type: Input should be 'object'")),
        None => refuse(format!("tools.{index}.custom.input_schema.type: Field required")),
    }
}

fn tool_choice(request: &MessagesRequest<'_>) -> Checked {
    let Some(choice) = &request.tool_choice else { return Ok(()) };
    if request.tools.is_empty() {
        return refuse("tool_choice may only be specified while providing tools.");
    }
    match (choice.r#type, &choice.name) {
        (ToolChoiceType::Tool, None) => refuse("tool_choice.tool.name: Field required"),
        (ToolChoiceType::Tool, Some(name)) if request.tools.iter().all(|tool| tool.name != *name) => {
            refuse(format!("Tool '{name}' not found in provided tools"))
        }
        _ => Ok(()),
    }
}

fn thinking(asked: &Thinking<'_>, request: &MessagesRequest<'_>, model: &Model<'_>) -> Checked {
    match (asked.r#type, model.thinking) {
        (ThinkingType::Disabled, _) | (ThinkingType::BetweenTools, Ways::Both | Ways::Adaptive) => {
            return Ok(());
        }
        (ThinkingType::BetweenTools, _) => {
            return refuse("\"thinking.type.between_tools\" is not supported for this model.");
        }
        (_, Ways::Never) => return refuse(format!("'{}' does not support thinking.", model.name)),
        (ThinkingType::Enabled, Ways::Adaptive) => {
            return refuse(
                "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \
                 \"output_config.effort\" to control thinking behavior.",
            );
        }
        (ThinkingType::Adaptive, Ways::Budget) => {
            return refuse("adaptive thinking is not supported on this model");
        }
        (ThinkingType::Enabled, _) => budget(asked, request)?,
        (ThinkingType::Adaptive, _) => {}
    }
    if asked.display.as_deref().is_some_and(|display| !matches!(display, "summarized" | "omitted")) {
        let kind = if asked.r#type == ThinkingType::Enabled { "enabled" } else { "adaptive" };
        return refuse(format!("thinking.{kind}.display: Input should be 'summarized' or 'omitted'"));
    }
    thinking_apart(request)
}

fn budget(asked: &Thinking<'_>, request: &MessagesRequest<'_>) -> Checked {
    let Some(budget) = asked.budget_tokens else {
        return refuse("thinking.enabled.budget_tokens: Field required");
    };
    if budget < 1_024 {
        return refuse("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
    }
    if request.max_tokens.is_some_and(|max_tokens| max_tokens <= budget) {
        return refuse(format!(
            "`max_tokens` must be greater than `thinking.budget_tokens`. \
             {THINKING_GUIDE}#max-tokens-and-context-window-size"
        ));
    }
    Ok(())
}

/// What does not go together with thinking.
fn thinking_apart(request: &MessagesRequest<'_>) -> Checked {
    let guide = "#important-considerations-when-using-extended-thinking";
    if request.temperature.is_some_and(|value| value != 1.0) {
        return refuse(format!(
            "`temperature` may only be set to 1 when thinking is enabled. {THINKING_GUIDE}{guide}"
        ));
    }
    if request.top_p.is_some_and(|value| value < 0.95) {
        return refuse(format!(
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {THINKING_GUIDE}{guide}"
        ));
    }
    if request.top_k.is_some() {
        return refuse(format!("`top_k` must be unset when thinking is enabled. {THINKING_GUIDE}{guide}"));
    }
    let forces = |choice: ToolChoiceType| matches!(choice, ToolChoiceType::Any | ToolChoiceType::Tool);
    if request.tool_choice.as_ref().is_some_and(|choice| forces(choice.r#type)) {
        return refuse("Thinking may not be enabled when tool_choice forces tool use.");
    }
    Ok(())
}

fn output(request: &MessagesRequest<'_>) -> Checked {
    if let Some(format) = &request.output_format {
        output_format("output_format", format)?;
    }
    let Some(config) = &request.output_config else { return Ok(()) };
    let is_effort = |effort: &str| matches!(effort, "low" | "medium" | "high" | "xhigh" | "max");
    if config.effort.as_deref().is_some_and(|effort| !is_effort(effort)) {
        return refuse("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
    }
    config.format.as_ref().map_or(Ok(()), |format| output_format("output_config.format", format))
}

fn output_format(place: &str, format: &OutputFormat<'_>) -> Checked {
    if format.r#type != "json_schema" {
        return refuse(format!("{place}.type: Input should be 'json_schema'"));
    }
    match serde_json::from_str::<serde_json::Value>(format.schema.get()) {
        Ok(schema) if schema.is_object() => {
            if has_open_object(&schema) {
                return refuse(format!(
                    "{place}.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
                ));
            }
            Ok(())
        }
        _ => refuse(format!("{place}.schema: Input should be a valid dictionary")),
    }
}

/// Whether an object of the schema may have properties that the schema does not name.
fn has_open_object(schema: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Bool, Object, String};
    match schema {
        Object(members) => {
            let is_object = matches!(members.get("type"), Some(String(kind)) if kind == "object");
            let is_closed = matches!(members.get("additionalProperties"), Some(Bool(false)));
            is_object && !is_closed || members.values().any(has_open_object)
        }
        Array(items) => items.iter().any(has_open_object),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::refusal;

    const OLD: &str = "claude-sonnet-4-5";
    const NEW: &str = "claude-opus-5";

    fn said(model: &str, members: &str) -> Option<String> {
        let ask = r#""messages":[{"role":"user","content":"hi"}]"#;
        let body = format!(r#"{{"model":"{model}",{ask}{members}}}"#);
        refusal(&body, model)
    }

    #[track_caller]
    fn check(model: &str, members: &str, expected: &str) {
        let said = said(model, &format!(",\"max_tokens\":2048,{members}"));
        assert_eq!(said.as_deref(), (!expected.is_empty()).then_some(expected), "{members}");
    }

    #[test]
    fn lengths_of_answers() {
        assert_eq!(said(OLD, "").as_deref(), Some("max_tokens: Field required"));
        assert_eq!(
            said(OLD, ",\"max_tokens\":0").as_deref(),
            Some("max_tokens: Input should be greater than or equal to 1")
        );
        assert_eq!(
            said(NEW, ",\"max_tokens\":128001").as_deref(),
            Some(
                "max_tokens: 128001 > 128000, which is the maximum allowed number of output tokens for claude-opus-5"
            )
        );
        assert_eq!(said(NEW, ",\"max_tokens\":128000"), None);
    }

    #[test]
    fn sampling_has_ranges() {
        check(OLD, r#""temperature":2"#, "temperature: range: 0..1");
        check(OLD, r#""temperature":0.5,"top_k":3"#, "");
        check(OLD, r#""top_p":1.5"#, "top_p: range: 0..1");
        check(OLD, r#""top_k":-1"#, "top_k: Input should be greater than or equal to 0");
        check(NEW, r#""temperature":0.5"#, "`temperature` is deprecated for this model.");
        check(
            OLD,
            r#""stop_sequences":[" "]"#,
            "stop_sequences: each stop sequence must contain non-whitespace",
        );
        check(OLD, r#""service_tier":"fast""#, "service_tier: Input should be 'auto' or 'standard_only'");
    }

    #[test]
    fn tools_are_whole_and_choices_are_of_tools() {
        let tool = r#""tools":[{"name":"look","input_schema":{"type":"object"}}]"#;
        check(OLD, tool, "");
        check(OLD, &format!(r#"{tool},"tool_choice":{{"type":"any"}}"#), "");
        check(OLD, r#""tools":[{"name":"look"}]"#, "tools.0.custom.input_schema: Field required");
        check(OLD, r#""tools":[{"name":"web_search","type":"web_search_20250305"}]"#, "");
        check(
            OLD,
            r#""tools":[{"name":"a b","input_schema":{"type":"object"}}]"#,
            "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
        );
        check(
            OLD,
            r#""tools":[{"name":"look","input_schema":{}}]"#,
            "tools.0.custom.input_schema.type: Field required",
        );
        check(
            OLD,
            r#""tool_choice":{"type":"any"}"#,
            "tool_choice may only be specified while providing tools.",
        );
        check(
            OLD,
            &format!(r#"{tool},"tool_choice":{{"type":"tool","name":"listen"}}"#),
            "Tool 'listen' not found in provided tools",
        );
        check(
            OLD,
            &format!(r#"{tool},"tool_choice":{{"type":"tool"}}"#),
            "tool_choice.tool.name: Field required",
        );
    }

    #[test]
    fn thinking_is_as_the_model_does_it() {
        let budget = |tokens: u32| format!(r#""thinking":{{"type":"enabled","budget_tokens":{tokens}}}"#);
        check(OLD, &budget(1_024), "");
        check(
            OLD,
            &budget(1_023),
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        );
        assert!(said(OLD, &format!(",\"max_tokens\":1024,{}", budget(1_024))).is_some_and(|text| {
            text.starts_with("`max_tokens` must be greater than `thinking.budget_tokens`. Please consult")
        }));
        let said_of =
            |members: &str| said(OLD, &format!(",\"max_tokens\":2048,{members}")).unwrap_or_default();
        assert!(
            said_of(&format!(r#"{},"temperature":0.5"#, budget(1_024)))
                .starts_with("`temperature` may only be set to 1 when thinking is enabled.")
        );
        check(NEW, r#""thinking":{"type":"adaptive"}"#, "");
        check(NEW, r#""thinking":{"type":"between_tools"}"#, "");
        check(
            OLD,
            r#""thinking":{"type":"between_tools"}"#,
            "\"thinking.type.between_tools\" is not supported for this model.",
        );
        assert!(said(NEW, &format!(",\"max_tokens\":2048,{}", budget(1_024))).is_some_and(|text| {
            text.starts_with("\"thinking.type.enabled\" is not supported for this model.")
        }));
        check(
            "claude-3-haiku-20240307",
            &budget(1_024),
            "'claude-3-haiku-20240307' does not support thinking.",
        );
        let forced =
            r#""tools":[{"name":"look","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}"#;
        check(
            OLD,
            &format!("{},{forced}", budget(1_024)),
            "Thinking may not be enabled when tool_choice forces tool use.",
        );
    }

    #[test]
    fn forms_of_answers_are_closed_schemas() {
        let format = |schema: &str| {
            format!(r#""output_config":{{"format":{{"type":"json_schema","schema":{schema}}}}}"#)
        };
        check(OLD, &format(r#"{"type":"object","properties":{},"additionalProperties":false}"#), "");
        check(
            OLD,
            &format(r#"{"type":"object","properties":{}}"#),
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        );
        check(
            OLD,
            r#""output_config":{"effort":"some"}"#,
            "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
        );
    }

    #[test]
    fn a_prompt_fits_the_window() {
        let long = |model: &str, tokens: usize| {
            // Seven tokens stand around the text.
            let text = " x".repeat(tokens - 7);
            let body = format!(
                r#"{{"model":"{model}","max_tokens":4096,"messages":[{{"role":"user","content":"{text}"}}]}}"#
            );
            refusal(&body, model)
        };
        assert_eq!(long(OLD, 205_000).as_deref(), Some("prompt is too long: 205000 tokens > 200000 maximum"));
        assert_eq!(
            long(OLD, 198_000).as_deref(),
            Some(
                "input length and `max_tokens` exceed context limit: 198000 + 4096 > 200000, decrease input length \
                 or `max_tokens` and try again"
            )
        );
        assert_eq!(long(NEW, 205_000), None);
    }
}
