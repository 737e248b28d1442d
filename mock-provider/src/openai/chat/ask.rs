//! What a chat request asks of a model.

use serde::Deserialize;
use wire::json::Raw;
use wire::openai::chat::{self, ChatRequest, Message, Role};

use crate::engine::ask::{Ask, Format, Tool, ToolChoice};
use crate::openai::model::Model;
use crate::openai::withheld::Withheld;

/// What of the answer is withheld.
pub(in crate::openai) fn withheld(request: &ChatRequest<'_>) -> Withheld {
    Withheld::of(request.last_user_message().into_iter().flat_map(Message::texts))
}

/// The one of several answers that is `candidate`.
pub(super) fn ask<'a>(request: &'a ChatRequest<'a>, name: &'a str, model: &Model, candidate: u32) -> Ask<'a> {
    let max_tokens = request.output_token_limit().unwrap_or(model.output).min(model.output);
    let withheld = withheld(request);
    if withheld.is_plain() {
        return Ask { candidate, ..Ask::text(name, withheld.limit(max_tokens)) };
    }
    let stops = request.stop.as_ref().map(chat::Stop::sequences).unwrap_or_default();
    let tool = |tool: &'a chat::Tool<'a>| Tool {
        name: tool.function.name.as_str().into(),
        schema: tool.function.parameters,
    };
    Ask {
        stops: stops.iter().map(|stop| stop.as_str().into()).collect(),
        tools: request.tools.iter().map(tool).collect(),
        choice: choice(request),
        parallel_tools: request.parallel_tool_calls != Some(false),
        answers_tool: request
            .messages
            .last()
            .is_some_and(|last| matches!(last.role, Role::Tool | Role::Function)),
        format: format(request),
        thinking: model.thinking(request.reasoning_effort.as_deref()),
        candidate,
        ..Ask::text(name, max_tokens)
    }
}

fn choice<'a>(request: &'a ChatRequest<'a>) -> ToolChoice<'a> {
    match &request.tool_choice {
        None | Some(chat::ToolChoice::Auto) => ToolChoice::Auto,
        Some(chat::ToolChoice::None) => ToolChoice::None,
        Some(chat::ToolChoice::Required) => ToolChoice::Any,
        Some(chat::ToolChoice::Function(name)) => ToolChoice::Named(name.as_str().into()),
    }
}

fn format<'a>(request: &'a ChatRequest<'a>) -> Format<'a> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        schema: Option<Raw<'a>>,
    }
    let Some(format) = &request.response_format else { return Format::Text };
    match &*format.r#type {
        "json_object" => Format::JsonObject,
        "json_schema" => {
            let named = format.json_schema.and_then(|raw| raw.read::<Named<'a>>().ok());
            named.and_then(|named| named.schema).map_or(Format::JsonObject, Format::JsonSchema)
        }
        _ => Format::Text,
    }
}
