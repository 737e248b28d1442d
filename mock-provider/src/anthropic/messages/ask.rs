//! What a request asks for, in the engine's words.

use wire::anthropic::messages::{
    Content, ContentBlock, MessagesRequest, Role, Thinking, ThinkingType, ToolChoice as Choice,
    ToolChoiceType,
};

use super::cut::Cut;
use super::request::Request;
use crate::engine::ask::{Ask, Format, Tool, ToolChoice};

/// Most tokens of thinking that a model takes by itself, by the effort that it is to make: our assumption.
const EFFORTS: [(&str, u32); 5] =
    [("low", 256), ("medium", 1_024), ("high", 2_048), ("xhigh", 4_096), ("max", 8_192)];
const USUAL_EFFORT: u32 = 2_048;

impl Request<'_> {
    /// What it asks of the model `key`, as far as nothing cuts the answer short.
    pub(super) fn ask<'a>(&'a self, key: &'a str, cut: Cut) -> Ask<'a> {
        let body = &self.body;
        let plain = Ask::text(key, cut.limit(self.max_tokens()));
        if cut == Cut::Refusal {
            return plain;
        }
        Ask {
            stops: body.stop_sequences.iter().map(|stop| stop.as_str().into()).collect(),
            tools: tools(body),
            choice: body.tool_choice.as_ref().map_or(ToolChoice::Auto, choice),
            parallel_tools: body.tool_choice.as_ref().is_none_or(is_parallel),
            answers_tool: answers_tool(body),
            format: format(body),
            thinking: body.thinking.as_ref().and_then(|thinking| budget(thinking, body)),
            ..plain
        }
    }
}

/// The caller's own tools; the service runs its own.
fn tools<'a>(body: &'a MessagesRequest<'_>) -> Vec<Tool<'a>> {
    let own = body.tools.iter().filter(|tool| tool.is_custom());
    own.map(|tool| Tool { name: tool.name.as_str().into(), schema: tool.input_schema }).collect()
}

fn choice<'a>(choice: &'a Choice<'_>) -> ToolChoice<'a> {
    match choice.r#type {
        ToolChoiceType::Auto => ToolChoice::Auto,
        ToolChoiceType::Any => ToolChoice::Any,
        ToolChoiceType::Tool => {
            ToolChoice::Named(choice.name.as_ref().map_or("", |name| name.as_str()).into())
        }
        ToolChoiceType::None => ToolChoice::None,
    }
}

fn is_parallel(choice: &Choice<'_>) -> bool {
    choice.disable_parallel_tool_use != Some(true)
}

pub(super) fn answers_tool(body: &MessagesRequest<'_>) -> bool {
    let Some(last) = body.messages.last().filter(|last| last.role == Role::User) else { return false };
    match &last.content {
        Content::Text(_) => false,
        Content::Blocks(blocks) => {
            blocks.iter().any(|block| matches!(block, ContentBlock::ToolResult { .. }))
        }
    }
}

fn format<'a>(body: &'a MessagesRequest<'_>) -> Format<'a> {
    let format = body.output_config.as_ref().and_then(|config| config.format.as_ref());
    format.or(body.output_format.as_ref()).map_or(Format::Text, |format| Format::JsonSchema(format.schema))
}

fn budget(thinking: &Thinking<'_>, body: &MessagesRequest<'_>) -> Option<u32> {
    match thinking.r#type {
        ThinkingType::Enabled => thinking.budget_tokens.and_then(|budget| u32::try_from(budget).ok()),
        ThinkingType::Adaptive => {
            let effort = body.output_config.as_ref().and_then(|config| config.effort.as_deref());
            let of_name =
                |effort| EFFORTS.iter().find(|(name, _)| *name == effort).map(|(_, tokens)| *tokens);
            Some(effort.and_then(of_name).unwrap_or(USUAL_EFFORT))
        }
        ThinkingType::Disabled | ThinkingType::BetweenTools => None,
    }
}
