//! How many tokens a prompt has, by kind.
//!
//! Texts and schemas count as everywhere in this mock, and nothing around them: the documented counts of this service
//! are those of the texts ("Why is the sky blue?" is 6).

use wire::openai::chat::{ChatRequest, Content as ChatContent, Message, Part as ChatPart, Role};
use wire::vertex::cached_contents::CachedContent;
use wire::vertex::generate_content::{
    Content, GenerateContentRequest, Modality, ModalityTokenCount, Part, PartData, Tool,
};

use crate::call::{Call, Engine};
use crate::engine::prompt::Reader;
use crate::openai::prompt::Prompt;
use crate::vertex::front::Request;

/// What a picture or file counts as, in tokens: 258 a picture or page is Google's own figure.
const ATTACHMENT_TOKENS: u64 = 258;
/// Families of models that keep beginnings of prompts by themselves, and the shortest that they keep.
const IMPLICIT_TOKENS_MIN: [(&str, u64); 2] = [("gemini-2.5", 2_048), ("gemini-3", 4_096)];
/// Kinds of attachments, in the order in which they are told.
const KINDS: [Modality; 4] = [Modality::Image, Modality::Video, Modality::Audio, Modality::Document];

/// Reads the prompts of models that keep what they have read; those too short to be kept are only counted, and so
/// are those that begin with a cache of the project's.
pub(in crate::vertex) fn reader(
    engine: &Engine,
    request: &Request<'_>,
    call: &Call<'_>,
    (model, is_named): (&str, bool),
) -> Reader {
    let known = IMPLICIT_TOKENS_MIN.iter().find(|(family, _)| model.starts_with(family));
    match known {
        // No text has a token for every byte, but for very odd ones.
        Some((_, shortest)) if !is_named && call.body.len() as u64 > *shortest => {
            let location = request.path.scope.as_ref().map_or("", |scope| &scope.location);
            engine.prompt_cache.stepped(&[b"vertex", location.as_bytes(), model.as_bytes()], *shortest)
        }
        _ => Reader::default(),
    }
}

/// The prompt of a chat in OpenAI's shape, as the model reads it: like that of `:generateContent` with the same
/// texts, of which the same cache knows.
pub(in crate::vertex) fn of_chat(
    engine: &Engine,
    request: &Request<'_>,
    call: &Call<'_>,
    (body, model): (&ChatRequest<'_>, &str),
) -> Prompt {
    let mut reader = reader(engine, request, call, (model, false));
    for function in body.tools.iter().map(|tool| &tool.function) {
        reader.text(&function.name);
        function.description.iter().for_each(|text| _ = reader.text(text));
        function.parameters.iter().for_each(|schema| _ = reader.text(schema.get()));
    }
    let is_instruction = |message: &&Message<'_>| matches!(message.role, Role::System | Role::Developer);
    let mut instructions = body.messages.iter().filter(is_instruction).peekable();
    if instructions.peek().is_some() {
        reader.aside(b"");
        instructions.for_each(|message| read_message(message, &mut reader));
    }
    for message in body.messages.iter().filter(|message| !is_instruction(message)) {
        reader.aside(if message.role == Role::Assistant { b"model" } else { b"user" });
        read_message(message, &mut reader);
    }
    Prompt::looked_up(reader, &engine.prompt_cache, call.arrived)
}

fn read_message(message: &Message<'_>, reader: &mut Reader) {
    match &message.content {
        None => {}
        Some(ChatContent::Text(text)) => _ = reader.text(text),
        Some(ChatContent::Parts(parts)) => parts.iter().for_each(|part| read_part(part, reader)),
    }
    for call in &message.tool_calls {
        reader.text(&call.function.name);
        reader.text(&call.function.arguments);
    }
}

fn read_part(part: &ChatPart<'_>, reader: &mut Reader) {
    match part {
        ChatPart::Text { text } | ChatPart::Refusal { refusal: text } => _ = reader.text(text),
        ChatPart::ImageUrl { image_url } => {
            // A file in place is its base64 here and there.
            let url = &*image_url.url;
            let content = url.split_once(";base64,").map_or(url, |(_, base64)| base64);
            reader.attachment(ATTACHMENT_TOKENS, content.as_bytes());
        }
        ChatPart::InputAudio { input_audio: file } | ChatPart::File { file } => {
            reader.attachment(ATTACHMENT_TOKENS, file.get().as_bytes());
        }
    }
}

/// What a prompt comes to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::vertex) struct Size {
    text_tokens: u64,
    /// How many attachments of each of [`KINDS`].
    attachments: [u32; KINDS.len()],
}

impl Size {
    /// Of a whole request: its functions, its instructions, its turns.
    pub(super) fn of_request(request: &GenerateContentRequest<'_>, reader: &mut Reader) -> Self {
        Self::of(&request.tools, request.system_instruction.as_ref(), &request.contents, reader)
    }

    /// Of what a cache keeps.
    pub(super) fn of_cache(cache: &CachedContent<'_>) -> Self {
        let instruction = cache.system_instruction.as_ref();
        Self::of(&cache.tools, instruction, &cache.contents, &mut Reader::default())
    }

    /// Of one content.
    pub(in crate::vertex) fn of_content(content: &Content<'_>) -> Self {
        Self::of(&[], None, std::slice::from_ref(content), &mut Reader::default())
    }

    fn of(
        tools: &[Tool<'_>],
        instruction: Option<&Content<'_>>,
        contents: &[Content<'_>],
        reader: &mut Reader,
    ) -> Self {
        let mut size = Self::default();
        each_declaration(tools, |text| size.text_tokens += reader.text(text));
        // Whose role an instruction has makes no difference.
        let instruction = instruction.map(|content| ("", content));
        let turns = contents.iter().map(|content| (content.role.as_deref().unwrap_or("user"), content));
        for (role, content) in instruction.into_iter().chain(turns) {
            reader.aside(role.as_bytes());
            content.parts.iter().for_each(|part| size.part(part, reader));
        }
        size
    }

    /// In tokens.
    pub(in crate::vertex) fn tokens(&self) -> u64 {
        let attached: u64 = self.attachments.iter().copied().map(u64::from).sum();
        self.text_tokens + attached * ATTACHMENT_TOKENS
    }

    /// The same by kind; text is always told, other kinds where there are any.
    pub(in crate::vertex) fn details(&self) -> Vec<ModalityTokenCount> {
        let mut details = vec![count(Modality::Text, self.text_tokens)];
        let attached = KINDS.into_iter().zip(self.attachments).filter(|(_, number)| *number > 0);
        details.extend(
            attached.map(|(modality, number)| count(modality, u64::from(number) * ATTACHMENT_TOKENS)),
        );
        details
    }

    /// Pictures in it.
    pub(super) fn pictures(&self) -> u32 {
        self.attachments[0]
    }

    /// The two together, as a cache and what follows it.
    pub(super) fn with(self, other: Self) -> Self {
        let mut attachments = self.attachments;
        attachments.iter_mut().zip(other.attachments).for_each(|(sum, more)| *sum += more);
        Self { text_tokens: self.text_tokens + other.text_tokens, attachments }
    }

    fn part(&mut self, part: &Part<'_>, reader: &mut Reader) {
        let attached = match &part.data {
            PartData::InlineData(blob) => Some((&*blob.mime_type, blob.data.as_bytes())),
            PartData::FileData(file) => Some((&*file.mime_type, file.file_uri.as_bytes())),
            _ => None,
        };
        if let Some((mime_type, content)) = attached {
            reader.attachment(ATTACHMENT_TOKENS, content);
            self.attachments[kind(mime_type)] += 1;
        }
        each_text(part, |text| self.text_tokens += reader.text(text));
    }
}

/// The place of a type among [`KINDS`].
fn kind(mime_type: &str) -> usize {
    match mime_type.split('/').next() {
        Some("video") => 1,
        Some("audio") => 2,
        Some("application" | "text") => 3,
        _ => 0,
    }
}

/// What the model reads of the functions that it may call.
fn each_declaration(tools: &[Tool<'_>], mut read: impl FnMut(&str)) {
    for declaration in tools.iter().flat_map(|tool| &tool.function_declarations) {
        read(&declaration.name);
        declaration.description.iter().for_each(|text| read(text));
        let schemas = [&declaration.parameters, &declaration.parameters_json_schema];
        schemas.into_iter().flatten().for_each(|schema| read(schema.get()));
    }
}

/// What the model reads of a part.
fn each_text(part: &Part<'_>, mut read: impl FnMut(&str)) {
    match &part.data {
        PartData::Text(text) => read(text),
        PartData::FunctionCall(call) => {
            read(&call.name);
            call.args.iter().for_each(|arguments| read(arguments.get()));
        }
        PartData::FunctionResponse(response) => {
            read(&response.name);
            response.response.iter().for_each(|response| read(response.get()));
        }
        PartData::ExecutableCode(raw) | PartData::CodeExecutionResult(raw) => read(raw.get()),
        PartData::InlineData(_) | PartData::FileData(_) | PartData::Empty => {}
    }
}

/// So many tokens of a kind.
pub(super) fn count(modality: Modality, tokens: u64) -> ModalityTokenCount {
    ModalityTokenCount { modality, token_count: saturated(tokens) }
}

/// A count as the service's 32-bit fields hold it.
pub(super) fn saturated(tokens: u64) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

/// Characters of a request that are not white space, by which older models were billed.
pub(super) fn billable_characters_of(request: &GenerateContentRequest<'_>) -> u32 {
    characters(&request.tools, request.contents.iter().chain(&request.system_instruction))
}

/// The same of what a cache keeps.
pub(super) fn billable_characters_of_cache(cache: &CachedContent<'_>) -> u32 {
    characters(&cache.tools, cache.contents.iter().chain(&cache.system_instruction))
}

fn characters<'r>(tools: &[Tool<'_>], contents: impl Iterator<Item = &'r Content<'r>>) -> u32 {
    let mut sum = 0_u32;
    let mut add = |text: &str| sum = sum.saturating_add(billable_characters(text));
    each_declaration(tools, &mut add);
    contents.flat_map(|content| &content.parts).for_each(|part| each_text(part, &mut add));
    sum
}

/// Characters that are not white space.
pub(in crate::vertex) fn billable_characters(text: &str) -> u32 {
    u32::try_from(text.chars().filter(|c| !c.is_whitespace()).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_count_as_everywhere_and_files_flat() {
        let body = r#"{"contents":[{"role":"user","parts":[{"text":"Why is the sky blue?"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"fileData":{"mimeType":"application/pdf","fileUri":"gs://b/o"}}]}],"systemInstruction":{"parts":[{"text":"Be brief"}]}}"#;
        let request = GenerateContentRequest::parse(body.as_bytes()).expect(body);
        let size = Size::of_request(&request, &mut Reader::default());
        assert_eq!((size.tokens(), billable_characters_of(&request)), (6 + 2 + 2 * 258, 16 + 7));
        let kinds: Vec<_> = size.details().iter().map(|one| (one.modality, one.token_count)).collect();
        assert_eq!(kinds, [(Modality::Text, 8), (Modality::Image, 258), (Modality::Document, 258)]);
        assert_eq!(size.with(size).tokens(), 16 + 4 * 258);
    }

    #[test]
    fn functions_count_with_all_that_is_said_of_them() {
        let of = |body: &str| {
            let request = GenerateContentRequest::parse(body.as_bytes()).expect(body);
            Size::of_request(&request, &mut Reader::default()).tokens()
        };
        let plain = of(r#"{"contents":[]}"#);
        let declared = of(
            r#"{"contents":[],"tools":[{"functionDeclarations":[{"name":"look","description":"at it","parameters":{"type":"OBJECT"}}]}]}"#,
        );
        let texts = ["look", "at it", r#"{"type":"OBJECT"}"#].map(crate::engine::tokens::count);
        assert_eq!(declared - plain, texts.iter().sum::<u64>());
    }
}
