//! A chat request in Converse's terms.

use bytes::Bytes;
use wire::bedrock::converse::{
    ContentBlock, Empty, InferenceConfig, InputSchema, Message, Request, Role, SystemBlock, Tool, ToolChoice,
    ToolConfig, ToolName, ToolResult, ToolResultBlock, ToolSpec, ToolUse,
};
use wire::json::{Raw, Text};
use wire::openai::chat::{self, ChatRequest, Content, Part};

use crate::failure::{Cause, Failure};

/// The body of Converse and ConverseStream.
pub(crate) fn chat_body(request: &ChatRequest<'_>) -> Result<Bytes, Failure> {
    let converse = Request {
        system: system(request),
        messages: messages(request)?,
        inference_config: Some(inference_config(request)),
        tool_config: tool_config(request),
        ..Request::default()
    };
    Ok(converse.to_bytes())
}

fn system<'a>(request: &'a ChatRequest<'_>) -> Vec<SystemBlock<'a>> {
    let instructions = request.messages.iter().filter(|message| message.role.is_instruction());
    instructions.flat_map(chat::Message::texts).map(|text| SystemBlock::Text(text.into())).collect()
}

/// Converse wants turns that alternate: what one side says in a row becomes one turn.
fn messages<'a>(request: &'a ChatRequest<'_>) -> Result<Vec<Message<'a>>, Failure> {
    let mut turns: Vec<Message<'a>> = Vec::with_capacity(request.messages.len());
    for message in request.messages.iter().filter(|message| !message.role.is_instruction()) {
        let role = if message.role == chat::Role::Assistant { Role::Assistant } else { Role::User };
        let content = blocks(message)?;
        match turns.last_mut() {
            Some(turn) if turn.role == role => turn.content.extend(content),
            _ => turns.push(Message { content, role }),
        }
    }
    Ok(turns)
}

fn blocks<'a>(message: &'a chat::Message<'_>) -> Result<Vec<ContentBlock<'a>>, Failure> {
    if let Some(id) = &message.tool_call_id {
        let content = message.texts().map(|text| ToolResultBlock::Text(text.into())).collect();
        let result = ToolResult { content, status: None, tool_use_id: id.borrowed() };
        return Ok(vec![ContentBlock::ToolResult(result)]);
    }
    let mut blocks = match &message.content {
        Some(content) => content_blocks(content)?,
        None => Vec::new(),
    };
    blocks.extend(message.tool_calls.iter().map(tool_use));
    Ok(blocks)
}

fn content_blocks<'a>(content: &'a Content<'_>) -> Result<Vec<ContentBlock<'a>>, Failure> {
    let block = |part: &'a Part<'_>| match part {
        Part::Text { text } | Part::Refusal { refusal: text } => Ok(ContentBlock::Text(text.borrowed())),
        Part::ImageUrl { .. } | Part::InputAudio { .. } | Part::File { .. } => {
            Err(Failure::new(Cause::Untranslatable, "this gateway passes on text only"))
        }
    };
    match content {
        Content::Text(text) => Ok(vec![ContentBlock::Text(text.borrowed())]),
        Content::Parts(parts) => parts.iter().map(block).collect(),
    }
}

fn tool_use<'a>(call: &'a chat::ToolCall<'_>) -> ContentBlock<'a> {
    ContentBlock::ToolUse(ToolUse {
        input: Raw::parse(call.function.arguments.as_str()).unwrap_or_else(|_| Raw::empty_object()),
        name: call.function.name.borrowed(),
        tool_use_id: call.id.borrowed(),
    })
}

fn inference_config<'a>(request: &'a ChatRequest<'_>) -> InferenceConfig<'a> {
    // Bedrock's temperature ends at 1, OpenAI's at 2. What no dialect allows is for the provider to refuse.
    let temperature =
        request.temperature.map(|value| if value <= 2.0 { value.min(1.0) } else { value } as f32);
    let sequences = request.stop.as_ref().map_or(&[][..], |stop| stop.sequences());
    InferenceConfig {
        max_tokens: request.output_token_limit().map(|tokens| i32::try_from(tokens).unwrap_or(i32::MAX)),
        stop_sequences: sequences.iter().map(Text::borrowed).collect(),
        temperature,
        top_p: request.top_p.map(|value| value as f32),
    }
}

fn tool_config<'a>(request: &'a ChatRequest<'_>) -> Option<ToolConfig<'a>> {
    let tool_choice = match &request.tool_choice {
        Some(chat::ToolChoice::None) => return None,
        Some(chat::ToolChoice::Required) => Some(ToolChoice::Any(Empty {})),
        Some(chat::ToolChoice::Function(name)) => Some(ToolChoice::Tool(ToolName { name: name.borrowed() })),
        Some(chat::ToolChoice::Auto) | None => None,
    };
    let tools: Vec<_> = request.tools.iter().map(|tool| Tool::ToolSpec(tool_spec(&tool.function))).collect();
    (!tools.is_empty()).then_some(ToolConfig { tool_choice, tools })
}

fn tool_spec<'a>(function: &'a chat::Function<'_>) -> ToolSpec<'a> {
    ToolSpec {
        description: function.description.as_ref().map(Text::borrowed),
        input_schema: InputSchema { json: function.parameters.unwrap_or_else(Raw::empty_object) },
        name: function.name.borrowed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &str, converse: &str) {
        let request = ChatRequest::parse(request.as_bytes()).expect("a chat request");
        let body = chat_body(&request).expect("translatable");
        assert_eq!(std::str::from_utf8(&body).expect("text"), converse);
    }

    #[test]
    fn what_no_dialect_allows_is_passed_on() {
        check(
            r#"{"model":"chat","messages":[{"role":"user","content":"hi"}],"temperature":9}"#,
            r#"{"inferenceConfig":{"temperature":9.0},"messages":[{"content":[{"text":"hi"}],"role":"user"}]}"#,
        );
    }

    #[test]
    fn a_text_keeps_its_first_line() {
        check(
            r#"{"model":"chat","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"bo-00000000000000aa\nhi"}],"max_tokens":64,"stop":["END"],"temperature":1.5}"#,
            r#"{"inferenceConfig":{"maxTokens":64,"stopSequences":["END"],"temperature":1.0},"messages":[{"content":[{"text":"bo-00000000000000aa\nhi"}],"role":"user"}],"system":[{"text":"be brief"}]}"#,
        );
    }

    #[test]
    fn tool_calls_and_their_results_become_turns() {
        check(
            r#"{"model":"chat","messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"call_1","content":"2"},{"role":"user","content":"b"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required"}"#,
            r#"{"inferenceConfig":{},"messages":[{"content":[{"text":"a"}],"role":"user"},{"content":[{"toolUse":{"input":{"x":1},"name":"f","toolUseId":"call_1"}}],"role":"assistant"},{"content":[{"toolResult":{"content":[{"text":"2"}],"toolUseId":"call_1"}},{"text":"b"}],"role":"user"}],"toolConfig":{"toolChoice":{"any":{}},"tools":[{"toolSpec":{"inputSchema":{"json":{"type":"object"}},"name":"f"}}]}}"#,
        );
    }

    #[test]
    fn pictures_are_refused() {
        let request = ChatRequest::parse(
            br#"{"model":"chat","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]}]}"#,
        )
        .expect("a chat request");
        assert_eq!(chat_body(&request).expect_err("no picture").cause, Cause::Untranslatable);
    }
}
