//! What a request asks of a model, and its prompt as the model reads it.

use std::borrow::Cow;

use wire::json::Raw;
use wire::openai::chat::ToolChoice;
use wire::openai::responses::{FunctionTool, Input, InputItem, InputPart, ResponsesRequest};

use super::store::Kept;
use crate::engine::ask;
use crate::engine::prompt::Reader;
use crate::openai::model::Model;
use crate::openai::prompt::{self, ATTACHMENT_TOKENS, IMAGE_TOKENS, MESSAGE_TOKENS, PRIMING_TOKENS};
use crate::openai::withheld::Withheld;

/// What a call or its result costs beside its text.
const ITEM_TOKENS: u64 = 3;

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

/// How many pictures it shows.
pub(super) fn images(input: &Input<'_>) -> u64 {
    let parts = input.items().iter().flat_map(InputItem::parts);
    parts.filter(|part| part.r#type == "input_image").count() as u64
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

/// Goes over the prompt: what is carried on, then functions, instructions, input.
pub(super) fn read(
    request: &ResponsesRequest<'_>,
    input: &Input<'_>,
    previous: Option<&Kept>,
    reader: &mut Reader,
) {
    if let Some(previous) = previous {
        reader.attachment(previous.tokens().into(), previous.draft.id.as_bytes());
    }
    let tools: Vec<FunctionTool<'_>> = request.tools.iter().filter_map(|tool| tool.read().ok()).collect();
    let functions = tools.iter().filter(|tool| tool.r#type == "function");
    prompt::functions(
        functions.map(|tool| {
            (tool.name.as_deref().unwrap_or_default(), tool.description.as_deref(), tool.parameters)
        }),
        reader,
    );
    if let Some(text) = &request.instructions {
        message("system", text, reader);
    }
    match input {
        Input::Text(text) => message("user", text, reader),
        Input::Items(items) => items.iter().for_each(|one| item(one, request.input, reader)),
    }
    reader.costs(PRIMING_TOKENS);
}

fn message(role: &str, text: &str, reader: &mut Reader) {
    reader.costs(MESSAGE_TOKENS);
    reader.aside(role.as_bytes());
    reader.text(text);
}

fn item(item: &InputItem<'_>, input: Option<Raw<'_>>, reader: &mut Reader) {
    reader.costs(if item.kind() == "message" { MESSAGE_TOKENS } else { ITEM_TOKENS });
    reader.aside(item.role.as_deref().unwrap_or(item.kind()).as_bytes());
    item.texts().for_each(|text| _ = reader.text(text));
    item.parts().iter().for_each(|part| attachment(part, input, reader));
    item.call_id.iter().for_each(|id| reader.aside(id.as_bytes()));
    item.name.iter().for_each(|name| _ = reader.text(name));
    item.arguments.iter().for_each(|text| _ = reader.text(text));
    item.output.iter().for_each(|output| _ = reader.text(output.get()));
}

/// What is attached is not told apart from the rest of the input, so that a prompt with attachments agrees with
/// another only when all of it does.
fn attachment(part: &InputPart<'_>, input: Option<Raw<'_>>, reader: &mut Reader) {
    let tokens = match (&*part.r#type, part.detail.as_deref()) {
        ("input_image", Some("low")) => IMAGE_TOKENS.0,
        ("input_image", _) => IMAGE_TOKENS.1,
        ("input_file" | "input_audio", _) => ATTACHMENT_TOKENS,
        _ => return,
    };
    reader.attachment(tokens, input.map_or("", |input| input.get()).as_bytes());
}
