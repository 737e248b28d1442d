//! What a chat request asks of a model, and how many tokens its prompt has.

use serde::Deserialize;
use wire::json::Raw;
use wire::openai::chat::{self, ChatRequest, Content, Message, Part, Role};

use crate::engine::ask::{Ask, Format, Tool, ToolChoice};
use crate::engine::tokens;
use crate::openai::model::Model;
use crate::openai::withheld::Withheld;

/// What every message costs beside its text, and the answer's beginning: OpenAI's own figures.
const MESSAGE_TOKENS: u64 = 3;
/// What a picture counts as: OpenAI's figures for low detail, and for a square of 1024 at high detail.
const IMAGE_TOKENS: (u64, u64) = (85, 765);
/// What a recording or a file counts as. Our assumption.
const ATTACHMENT_TOKENS: u64 = 500;

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

/// Tokens of the prompt.
pub(crate) fn prompt_tokens(request: &ChatRequest<'_>) -> u64 {
    let messages: u64 = request.messages.iter().map(message_tokens).sum();
    let tools: u64 = request.tools.iter().map(|tool| function_tokens(&tool.function)).sum();
    messages + tools + MESSAGE_TOKENS
}

fn message_tokens(message: &Message<'_>) -> u64 {
    let content = match &message.content {
        None => 0,
        Some(Content::Text(text)) => tokens::count(text),
        Some(Content::Parts(parts)) => parts.iter().map(part_tokens).sum(),
    };
    let call = |call: &chat::ToolCall<'_>| {
        tokens::count(&call.function.name) + tokens::count(&call.function.arguments)
    };
    MESSAGE_TOKENS + content + message.tool_calls.iter().map(call).sum::<u64>()
}

fn part_tokens(part: &Part<'_>) -> u64 {
    match part {
        Part::Text { text } | Part::Refusal { refusal: text } => tokens::count(text),
        Part::ImageUrl { image_url } if image_url.detail.as_deref() == Some("low") => IMAGE_TOKENS.0,
        Part::ImageUrl { .. } => IMAGE_TOKENS.1,
        Part::InputAudio { .. } | Part::File { .. } => ATTACHMENT_TOKENS,
    }
}

fn function_tokens(function: &chat::Function<'_>) -> u64 {
    let description = function.description.as_ref().map_or(0, |text| tokens::count(text));
    let parameters = function.parameters.map_or(0, |schema| tokens::count(schema.get()));
    tokens::count(&function.name) + description + parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_counts_its_texts_pictures_and_tools() {
        let count = |body: &str| prompt_tokens(&ChatRequest::parse(body.as_bytes()).expect(body));
        let plain = count(r#"{"model":"m","messages":[{"role":"user","content":"hello there"}]}"#);
        assert_eq!(plain, 3 + 3 + tokens::count("hello there"));
        let picture = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hello there"},
            {"type":"image_url","image_url":{"url":"u","detail":"low"}}]}]}"#;
        assert_eq!(count(picture), plain + 85);
        let tools = r#"{"model":"m","messages":[{"role":"user","content":"hello there"}],
            "tools":[{"type":"function","function":{"name":"look","parameters":{}}}]}"#;
        assert_eq!(count(tools), plain + tokens::count("look") + tokens::count("{}"));
    }
}
