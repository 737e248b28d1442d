//! The prompt of a chat, as the model reads it: functions, then messages.

use wire::openai::chat::{ChatRequest, Content, Message, Part, Role};

use crate::engine::prompt::Reader;
use crate::openai::prompt::{
    ATTACHMENT_TOKENS, IMAGE_TOKENS, MESSAGE_TOKENS, PRIMING_TOKENS, Prompt, functions,
};

impl Prompt {
    /// The prompt of a chat of which no cache knows.
    pub(crate) fn of_chat(request: &ChatRequest<'_>) -> Self {
        let mut reader = Reader::default();
        read(request, &mut reader);
        Self::new(reader)
    }
}

/// Goes over the prompt of a request.
pub(in crate::openai) fn read(request: &ChatRequest<'_>, reader: &mut Reader) {
    let tools = request.tools.iter().map(|tool| &tool.function);
    functions(
        tools.map(|function| (&*function.name, function.description.as_deref(), function.parameters)),
        reader,
    );
    request.messages.iter().for_each(|one| message(one, reader));
    reader.costs(PRIMING_TOKENS);
}

/// How many pictures it shows.
pub(in crate::openai) fn images(request: &ChatRequest<'_>) -> u64 {
    let parts = request.messages.iter().flat_map(|message| match &message.content {
        Some(Content::Parts(parts)) => parts.as_slice(),
        _ => &[],
    });
    parts.filter(|part| matches!(part, Part::ImageUrl { .. })).count() as u64
}

fn message(message: &Message<'_>, reader: &mut Reader) {
    reader.costs(MESSAGE_TOKENS);
    reader.aside(match message.role {
        Role::System | Role::Developer => b"system",
        Role::User => b"user",
        Role::Assistant => b"assistant",
        Role::Tool | Role::Function => b"tool",
    });
    if let Some(name) = &message.name {
        reader.costs(1);
        reader.text(name);
    }
    match &message.content {
        None => {}
        Some(Content::Text(text)) => _ = reader.text(text),
        Some(Content::Parts(parts)) => parts.iter().for_each(|one| part(one, reader)),
    }
    for call in &message.tool_calls {
        reader.aside(call.id.as_bytes());
        reader.text(&call.function.name);
        reader.text(&call.function.arguments);
    }
}

fn part(part: &Part<'_>, reader: &mut Reader) {
    match part {
        Part::Text { text } | Part::Refusal { refusal: text } => _ = reader.text(text),
        Part::ImageUrl { image_url } => {
            let is_low = image_url.detail.as_deref() == Some("low");
            let tokens = if is_low { IMAGE_TOKENS.0 } else { IMAGE_TOKENS.1 };
            reader.attachment(tokens, image_url.url.as_bytes());
        }
        Part::InputAudio { input_audio } => {
            reader.attachment(ATTACHMENT_TOKENS, input_audio.get().as_bytes());
        }
        Part::File { file } => reader.attachment(ATTACHMENT_TOKENS, file.get().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tokens;

    #[test]
    fn a_prompt_counts_its_texts_pictures_and_tools() {
        let count = |body: &str| Prompt::of_chat(&ChatRequest::parse(body.as_bytes()).expect(body)).tokens();
        let plain = count(r#"{"model":"m","messages":[{"role":"user","content":"hello there"}]}"#);
        assert_eq!(plain, 3 + 4 + tokens::count("hello there"));
        let picture = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hello there"},
            {"type":"image_url","image_url":{"url":"u","detail":"low"}}]}]}"#;
        assert_eq!(count(picture), plain + 85);
        let tools = r#"{"model":"m","messages":[{"role":"user","content":"hello there"}],
            "tools":[{"type":"function","function":{"name":"look","parameters":{}}}]}"#;
        assert_eq!(count(tools), plain + 7 + tokens::count("look:") + 12);
        let named = r#"{"model":"m","messages":[{"role":"user","name":"eve","content":"hello there"}]}"#;
        assert_eq!(count(named), plain + 1 + tokens::count("eve"));
    }
}
