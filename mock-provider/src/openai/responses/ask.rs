//! What a request asks of a model, and how many tokens its input has.

use std::borrow::Cow;

use wire::openai::chat::ToolChoice;
use wire::openai::responses::{FunctionTool, Input, InputItem, InputPart, ResponsesRequest};

use crate::engine::{ask, tokens};
use crate::openai::model::Model;
use crate::openai::withheld::Withheld;

/// What every item costs beside its text, and the answer's beginning.
const ITEM_TOKENS: u64 = 3;
/// What a picture counts as: OpenAI's figures for low detail, and for a square of 1024 at high detail.
const IMAGE_TOKENS: (u64, u64) = (85, 765);
/// What a file counts as. Our assumption.
const FILE_TOKENS: u64 = 500;

/// What of the answer is withheld.
pub(super) fn withheld(input: &Input<'_>) -> Withheld {
    match input {
        Input::Text(text) => Withheld::of([text.as_str()].into_iter()),
        Input::Items(items) => {
            let of_user = |item: &&InputItem<'_>| item.role.as_deref() == Some("user");
            Withheld::of(items.iter().rfind(of_user).into_iter().flat_map(InputItem::texts))
        }
    }
}

/// What is asked of the model `name`.
pub(super) fn ask<'a>(
    request: &'a ResponsesRequest<'a>,
    input: &Input<'_>,
    name: &'a str,
    model: &Model,
) -> ask::Ask<'a> {
    let max_tokens = request.max_output_tokens.unwrap_or(model.output).min(model.output);
    let withheld = withheld(input);
    if withheld.is_plain() {
        return ask::Ask::text(name, withheld.limit(max_tokens));
    }
    let effort = request.reasoning.as_ref().and_then(|reasoning| reasoning.effort.as_deref());
    ask::Ask {
        tools: request.tools.iter().filter_map(|tool| function(tool.read().ok()?)).collect(),
        choice: choice(request),
        parallel_tools: request.parallel_tool_calls != Some(false),
        answers_tool: input.answers_tool(),
        format: format(request),
        thinking: model.thinking(effort),
        ..ask::Ask::text(name, max_tokens)
    }
}

/// Built-in tools are never called: what they find out nobody here knows.
fn function(tool: FunctionTool<'_>) -> Option<ask::Tool<'_>> {
    let name: Cow<'_, str> = tool.name?.into_cow();
    (tool.r#type == "function").then_some(ask::Tool { name, schema: tool.parameters })
}

fn choice<'a>(request: &'a ResponsesRequest<'a>) -> ask::ToolChoice<'a> {
    match request.function_choice() {
        Some(ToolChoice::None) => ask::ToolChoice::None,
        Some(ToolChoice::Required) => ask::ToolChoice::Any,
        Some(ToolChoice::Function(name)) => ask::ToolChoice::Named(name.into_cow()),
        None | Some(ToolChoice::Auto) => ask::ToolChoice::Auto,
    }
}

fn format<'a>(request: &'a ResponsesRequest<'a>) -> ask::Format<'a> {
    let Some(format) = request.text.as_ref().and_then(|text| text.format.as_ref()) else {
        return ask::Format::Text;
    };
    match (&*format.r#type, format.schema) {
        ("json_schema", Some(schema)) => ask::Format::JsonSchema(schema),
        ("json_schema" | "json_object", _) => ask::Format::JsonObject,
        _ => ask::Format::Text,
    }
}

/// Tokens of the input, without those of the response that is carried on.
pub(super) fn input_tokens(request: &ResponsesRequest<'_>, input: &Input<'_>) -> u64 {
    let said = match input {
        Input::Text(text) => ITEM_TOKENS + tokens::count(text),
        Input::Items(items) => items.iter().map(item_tokens).sum(),
    };
    let instructions = request.instructions.as_ref().map_or(0, |text| ITEM_TOKENS + tokens::count(text));
    let tools: u64 = request.tools.iter().map(|tool| tokens::count(tool.get())).sum();
    said + instructions + tools + ITEM_TOKENS
}

fn item_tokens(item: &InputItem<'_>) -> u64 {
    let texts: u64 = item.texts().map(tokens::count).sum();
    let attached: u64 = item.parts().iter().map(attachment_tokens).sum();
    let arguments = item.arguments.as_ref().map_or(0, |text| tokens::count(text));
    let output = item.output.map_or(0, |output| tokens::count(output.get()));
    ITEM_TOKENS + texts + attached + arguments + output
}

fn attachment_tokens(part: &InputPart<'_>) -> u64 {
    match (&*part.r#type, part.detail.as_deref()) {
        ("input_image", Some("low")) => IMAGE_TOKENS.0,
        ("input_image", _) => IMAGE_TOKENS.1,
        ("input_file" | "input_audio", _) => FILE_TOKENS,
        _ => 0,
    }
}
