//! A chat request in Gemini's terms.

use bytes::Bytes;
use wire::json::{Raw, Text};
use wire::openai::chat::{self, ChatRequest, Content as ChatContent, Part as ChatPart};
use wire::vertex::generate_content::{
    Content, FunctionCall, FunctionCallingConfig, FunctionCallingMode, FunctionDeclaration, FunctionResponse,
    GenerateContentRequest, GenerationConfig, Part, PartData, Tool, ToolConfig,
};

use crate::failure::{Cause, Failure};

/// The body of generateContent and streamGenerateContent.
pub(crate) fn chat_body(request: &ChatRequest<'_>) -> Result<Bytes, Failure> {
    let results = tool_results(request);
    let gemini = GenerateContentRequest {
        contents: contents(request, &results)?,
        system_instruction: system_instruction(request),
        tools: tools(request),
        tool_config: tool_config(request),
        generation_config: Some(generation_config(request)),
        ..GenerateContentRequest::default()
    };
    Ok(gemini.to_bytes())
}

fn system_instruction<'a>(request: &'a ChatRequest<'_>) -> Option<Content<'a>> {
    let instructions = request.messages.iter().filter(|message| message.role.is_instruction());
    let parts: Vec<_> = instructions.flat_map(chat::Message::texts).map(Part::of_text).collect();
    (!parts.is_empty()).then_some(Content { role: None, parts })
}

/// What each tool's message answers, as the JSON object that Gemini wants; by position of the message.
fn tool_results(request: &ChatRequest<'_>) -> Vec<Option<String>> {
    let result = |message: &chat::Message<'_>| {
        message.tool_call_id.as_ref()?;
        let text = message.content.as_ref().map(ChatContent::joined).unwrap_or_default();
        let is_object = text.trim_start().starts_with('{') && Raw::parse(&text).is_ok();
        Some(if is_object {
            text.to_string()
        } else {
            serde_json::json!({ "result": text.as_str() }).to_string()
        })
    };
    request.messages.iter().map(result).collect()
}

fn contents<'a>(
    request: &'a ChatRequest<'_>,
    results: &'a [Option<String>],
) -> Result<Vec<Content<'a>>, Failure> {
    let mut turns: Vec<Content<'a>> = Vec::with_capacity(request.messages.len());
    let spoken = request.messages.iter().zip(results).filter(|(message, _)| !message.role.is_instruction());
    for (message, result) in spoken {
        let role = if message.role == chat::Role::Assistant { "model" } else { "user" };
        let parts = match result {
            Some(result) => vec![function_response(request, message, result)],
            None => parts(message)?,
        };
        match turns.last_mut() {
            Some(turn) if turn.role.as_deref() == Some(role) => turn.parts.extend(parts),
            _ => turns.push(Content { role: Some(role.into()), parts }),
        }
    }
    Ok(turns)
}

fn parts<'a>(message: &'a chat::Message<'_>) -> Result<Vec<Part<'a>>, Failure> {
    let part = |part: &'a ChatPart<'_>| match part {
        ChatPart::Text { text } | ChatPart::Refusal { refusal: text } => Ok(Part::of_text(text.borrowed())),
        ChatPart::ImageUrl { .. } | ChatPart::InputAudio { .. } | ChatPart::File { .. } => {
            Err(Failure::new(Cause::Untranslatable, "this gateway passes on text only"))
        }
    };
    let mut parts = match &message.content {
        None => Vec::new(),
        Some(ChatContent::Text(text)) => vec![Part::of_text(text.borrowed())],
        Some(ChatContent::Parts(parts)) => parts.iter().map(part).collect::<Result<_, _>>()?,
    };
    parts.extend(message.tool_calls.iter().map(function_call));
    Ok(parts)
}

fn function_call<'a>(call: &'a chat::ToolCall<'_>) -> Part<'a> {
    let args = Raw::parse(call.function.arguments.as_str()).ok();
    PartData::FunctionCall(FunctionCall {
        name: call.function.name.borrowed(),
        args,
        ..FunctionCall::default()
    })
    .into()
}

/// Gemini joins an answer to its call by the function's name, OpenAI by the call's id.
fn function_response<'a>(
    request: &'a ChatRequest<'_>,
    message: &'a chat::Message<'_>,
    result: &'a str,
) -> Part<'a> {
    let calls = request.messages.iter().flat_map(|message| &message.tool_calls);
    let called = calls.into_iter().find(|call| Some(&call.id) == message.tool_call_id.as_ref());
    let name = called.map(|call| call.function.name.borrowed()).unwrap_or_default();
    PartData::FunctionResponse(FunctionResponse { id: None, name, response: Raw::parse(result).ok() }).into()
}

fn tools<'a>(request: &'a ChatRequest<'_>) -> Vec<Tool<'a>> {
    let declare = |tool: &'a chat::Tool<'_>| FunctionDeclaration {
        name: tool.function.name.borrowed(),
        description: tool.function.description.as_ref().map(Text::borrowed),
        parameters: None,
        parameters_json_schema: tool.function.parameters,
    };
    let function_declarations: Vec<_> = request.tools.iter().map(declare).collect();
    if function_declarations.is_empty() { Vec::new() } else { vec![Tool { function_declarations }] }
}

fn tool_config<'a>(request: &'a ChatRequest<'_>) -> Option<ToolConfig<'a>> {
    let (mode, names) = match request.tool_choice.as_ref()? {
        chat::ToolChoice::Auto => (FunctionCallingMode::Auto, Vec::new()),
        chat::ToolChoice::None => (FunctionCallingMode::None, Vec::new()),
        chat::ToolChoice::Required => (FunctionCallingMode::Any, Vec::new()),
        chat::ToolChoice::Function(name) => (FunctionCallingMode::Any, vec![name.borrowed()]),
    };
    let config = FunctionCallingConfig {
        mode: Some(mode),
        allowed_function_names: names,
        ..FunctionCallingConfig::default()
    };
    Some(ToolConfig { function_calling_config: Some(config) })
}

fn generation_config<'a>(request: &'a ChatRequest<'_>) -> GenerationConfig<'a> {
    let sequences = request.stop.as_ref().map_or(&[][..], |stop| stop.sequences());
    let wants_json = request.response_format.as_ref().is_some_and(|format| format.r#type.starts_with("json"));
    GenerationConfig {
        temperature: request.temperature,
        top_p: request.top_p,
        max_output_tokens: request.output_token_limit(),
        stop_sequences: sequences.iter().map(Text::borrowed).collect(),
        seed: request.seed.and_then(|seed| i32::try_from(seed).ok()),
        presence_penalty: request.presence_penalty,
        frequency_penalty: request.frequency_penalty,
        response_mime_type: wants_json.then(|| "application/json".into()),
        ..GenerationConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &str, gemini: &str) {
        let request = ChatRequest::parse(request.as_bytes()).expect("a chat request");
        let body = chat_body(&request).expect("translatable");
        assert_eq!(std::str::from_utf8(&body).expect("text"), gemini);
    }

    #[test]
    fn a_text_keeps_its_first_line() {
        check(
            r#"{"model":"chat","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"bo-00000000000000aa\nhi"}],"max_tokens":64,"stop":"END"}"#,
            r#"{"contents":[{"role":"user","parts":[{"text":"bo-00000000000000aa\nhi"}]}],"systemInstruction":{"parts":[{"text":"be brief"}]},"generationConfig":{"maxOutputTokens":64,"stopSequences":["END"]}}"#,
        );
    }

    #[test]
    fn a_tool_result_is_named_after_its_call() {
        check(
            r#"{"model":"chat","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"call_1","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"call_1","content":"2"}],"tools":[{"type":"function","function":{"name":"f"}}]}"#,
            r#"{"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"2"}}}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],"generationConfig":{}}"#,
        );
    }
}
