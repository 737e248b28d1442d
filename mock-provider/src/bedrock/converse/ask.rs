//! A Converse request in the engine's terms.

use std::borrow::Cow;

use wire::bedrock::converse::{ModelFields, Request, ToolChoice as Choice};
use wire::bedrock::model::Family;
use wire::json::{Raw, Text};

use super::super::target::Target;
use crate::engine::ask::{Ask, Format, Tool, ToolChoice};

/// The schema that the text of the answer must follow.
pub(super) fn schema<'r>(request: &'r Request<'_>) -> Option<Raw<'r>> {
    Raw::parse(request.output_schema()?).ok()
}

/// What a checked request asks, for an answer of at most `allowed` tokens.
pub(super) fn of<'r>(
    request: &'r Request<'_>,
    target: &Target<'r>,
    allowed: u32,
    schema: Option<Raw<'r>>,
) -> Ask<'r> {
    let plain = Ask::text(target.id.base(), allowed);
    let stops = request.stop_sequences().iter().map(|stop| Cow::Borrowed(stop.as_str())).collect();
    Ask {
        stops,
        tools: request.tool_specs().map(tool).collect(),
        choice: choice(request),
        parallel_tools: matches!(target.family, Family::Claude | Family::Nova),
        answers_tool: request.answers_tools(),
        format: schema.map_or(plain.format, Format::JsonSchema),
        thinking: thinking(request, target),
        ..plain
    }
}

fn tool<'r>(spec: &'r wire::bedrock::converse::ToolSpec<'_>) -> Tool<'r> {
    Tool { name: Cow::Borrowed(spec.name.as_str()), schema: Some(spec.input_schema.json) }
}

fn choice<'r>(request: &'r Request<'_>) -> ToolChoice<'r> {
    match request.tool_config.as_ref().and_then(|config| config.tool_choice.as_ref()) {
        None | Some(Choice::Auto(_)) => ToolChoice::Auto,
        Some(Choice::Any(_)) => ToolChoice::Any,
        Some(Choice::Tool(named)) => ToolChoice::Named(Cow::Borrowed(named.name.as_str())),
    }
}

/// Tokens that a model may think, by the effort that Nova is asked for. Our assumption.
const EFFORTS: [(&str, u32); 3] = [("low", 1_024), ("medium", 4_096), ("high", 16_384)];

fn thinking(request: &Request<'_>, target: &Target<'_>) -> Option<u32> {
    if !target.abilities().thinking {
        return None;
    }
    let fields = ModelFields::of(request.additional_model_request_fields);
    let claude = fields.thinking.as_ref().and_then(|thinking| match thinking.r#type.as_str() {
        "enabled" => thinking.budget_tokens.and_then(|tokens| u32::try_from(tokens).ok()),
        "adaptive" => Some(EFFORTS[1].1),
        _ => None,
    });
    let nova = fields.nova_reasoning.as_ref().filter(|reasoning| reasoning.r#type == "enabled");
    claude.or_else(|| nova.map(|reasoning| budget_of(reasoning.max_reasoning_effort.as_ref())))
}

fn budget_of(effort: Option<&Text<'_>>) -> u32 {
    let known = EFFORTS.iter().find(|(name, _)| effort.is_some_and(|effort| effort == name));
    known.map_or(EFFORTS[1].1, |(_, tokens)| *tokens)
}
